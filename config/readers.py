"""Readers of variables whose wrong values would not be noticed: they stop the start and name the variable."""

from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PROXIES_MAX = 10


def count_proxies(text: str) -> int:
    """Return TRUSTED_PROXY_COUNT. One that is too high would believe what callers say of themselves."""
    if not (text.isascii() and text.isdigit() and int(text) <= PROXIES_MAX):
        raise ImproperlyConfigured(f"TRUSTED_PROXY_COUNT must be a number from 0 to {PROXIES_MAX}, not {text!r}.")
    return int(text)


def with_known_names(defaults: Mapping[str, int], given: Mapping[str, int], *, variable: str) -> dict[str, int]:
    """Return limits with those that are given in the place of defaults: a misspelled one would limit nothing."""
    unknown = given.keys() - defaults.keys()
    if unknown:
        raise ImproperlyConfigured(f"{variable} knows {', '.join(defaults)}, not {', '.join(sorted(unknown))}.")
    if any(limit < 1 for limit in given.values()):
        raise ImproperlyConfigured(f"{variable} must be whole numbers above 0.")
    return {**defaults, **given}


def existing_file(path: str, *, variable: str) -> str:
    """Return the path of a file that may be given; an empty one is none."""
    if path and not Path(path).is_file():
        raise ImproperlyConfigured(f"{variable} names no file: {path!r}.")
    return path
