"""The product's colors for what cannot read a stylesheet (mails): taken from static/css/theme.css, in hex."""

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

# Names as in theme.css, without "--" and "color-".
NAMES = ("primary", "primary-content", "base-100", "base-200", "base-300", "base-content", "muted")

_TOKEN = re.compile(r"--(?:color-)?([a-z0-9-]+):\s*([^;]+);")
_LIGHT_DARK = re.compile(r"light-dark\(\s*([^(,]*(?:\([^)]*\))?)\s*,\s*([^(,]*(?:\([^)]*\))?)\s*\)")
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_OKLCH = re.compile(r"oklch\(\s*([\d.]+)(%?)\s+([\d.]+)\s+([\d.]+)(?:deg)?\s*\)", re.IGNORECASE)


class Color(NamedTuple):
    """One color on a light and on a dark background, each as #rrggbb."""

    light: str
    dark: str


@cache
def palette() -> dict[str, Color]:
    """Return the colors of theme.css by name, with underscores for templates. Raises ImproperlyConfigured."""
    return read_palette((settings.BASE_DIR / "static" / "css" / "theme.css").read_text(encoding="utf-8"))


def read_palette(stylesheet: str) -> dict[str, Color]:
    """Return the NAMES that a stylesheet declares, the first declaration of each.

    Understands light-dark(), hex and oklch(); raises ImproperlyConfigured, with its name, for a color that is missing
    or written otherwise.
    """
    declared: dict[str, str] = {}
    for name, value in _TOKEN.findall(stylesheet):
        declared.setdefault(name, value.strip())
    return {name.replace("-", "_"): _color(name, declared) for name in NAMES}


@register()
def check_palette(**_: Any) -> list[CheckMessage]:
    """Say at the start what is wrong with the colors, not in the first mail."""
    try:
        palette()
    except (ImproperlyConfigured, OSError) as error:
        return [Error(str(error), id="core.E001")]
    return []


def _color(name: str, declared: Mapping[str, str]) -> Color:
    value = declared.get(name, "")
    pair = _LIGHT_DARK.fullmatch(value)
    light, dark = pair.groups() if pair else (value, value)
    try:
        return Color(light=_as_hex(light.strip()), dark=_as_hex(dark.strip()))
    except ValueError:
        raise ImproperlyConfigured(
            f"The color {name} in static/css/theme.css must be hex, oklch() or light-dark() of two of these"
            f" (mails use it, too), not {value!r}."
        ) from None


def _as_hex(value: str) -> str:
    if _HEX.fullmatch(value):
        digits = value[1:].lower()
        return f"#{digits}" if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)
    match = _OKLCH.fullmatch(value)
    if match is None:
        raise ValueError(value)
    lightness = float(match[1]) / (100 if match[2] else 1)
    return _oklch_as_hex(lightness=lightness, chroma=float(match[3]), hue_degrees=float(match[4]))


def _oklch_as_hex(*, lightness: float, chroma: float, hue_degrees: float) -> str:
    """Convert with the matrices of https://www.w3.org/TR/css-color-4/#color-conversion-code; clip what is outside."""
    hue = math.radians(hue_degrees)
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(_gamma(min(max(part, 0.0), 1.0)) * 255):02x}" for part in linear)


def _gamma(part: float) -> float:
    return 12.92 * part if part <= 0.0031308 else 1.055 * math.pow(part, 1 / 2.4) - 0.055
