"""Which mailbox an address leads to: many providers deliver several spellings of one address to one person."""

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings


class Habits(NamedTuple):
    """What a provider does not look at: dots in the name, and whatever follows a separator."""

    domain: str
    ignores_dots: bool = False
    separator: str = "+"


GMAIL = Habits("gmail.com", ignores_dots=True)
ICLOUD, PROTON, FASTMAIL = Habits("icloud.com"), Habits("proton.me", ignores_dots=True), Habits("fastmail.com")
# Domains of one provider that lead to the same mailbox have one name here; outlook.com and hotmail.com do not.
PROVIDERS = {
    **dict.fromkeys(["gmail.com", "googlemail.com"], GMAIL),
    **{name: Habits(name) for name in ["outlook.com", "hotmail.com", "live.com", "msn.com"]},
    **dict.fromkeys(["icloud.com", "me.com", "mac.com"], ICLOUD),
    **dict.fromkeys(["proton.me", "protonmail.com", "pm.me", "protonmail.ch"], PROTON),
    **dict.fromkeys(["fastmail.com", "fastmail.fm"], FASTMAIL),
    **{name: Habits(name, separator="-") for name in ["yahoo.com", "ymail.com", "rocketmail.com"]},
}


def mailbox_of(address: str) -> str:
    """Return the one spelling of all addresses that lead to the same mailbox, as far as providers say so.

    Case and Unicode forms never make a difference, dots and what follows a plus only where the provider ignores them.
    """
    name, _at, domain = unicodedata.normalize("NFKC", address.strip()).casefold().rpartition("@")
    domain = _in_ascii(domain)
    habits = PROVIDERS.get(domain)
    if habits is None:
        return f"{name}@{domain}"
    name = name.partition(habits.separator)[0]
    return f"{name.replace('.', '') if habits.ignores_dots else name}@{habits.domain}"


def is_disposable(address: str) -> bool:
    """Tell whether an address is of a domain in DISPOSABLE_DOMAINS_FILE, or of one below it."""
    labels = _in_ascii(address.strip().casefold().rpartition("@")[2]).split(".")
    known = _disposable_domains(settings.DISPOSABLE_DOMAINS_FILE) if settings.DISPOSABLE_DOMAINS_FILE else frozenset()
    return any(".".join(labels[start:]) in known for start in range(len(labels)))


@lru_cache(maxsize=1)
def _disposable_domains(path: str) -> frozenset[str]:
    lines = (line.partition("#")[0].strip() for line in Path(path).read_text().splitlines())
    return frozenset(_in_ascii(line.casefold()) for line in lines if line)


def _in_ascii(domain: str) -> str:
    domain = domain.rstrip(".")
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
