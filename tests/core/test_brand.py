"""Mails take their colors from the one block that a founder changes: static/css/theme.css."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.core import brand
from apps.core.brand import Color, read_palette

THEME = "".join(f"--color-{name}: #102030;\n" for name in brand.NAMES if name != "muted") + "--muted: #102030;\n"


def with_primary(value: str) -> Color:
    return read_palette(f":root {{ --color-primary: {value}; {THEME} }}")["primary"]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("#abc", "#aabbcc"),
        ("#A1B2C3", "#a1b2c3"),
        ("oklch(62.8% 0.25768 29.234)", "#ff0000"),
        ("oklch(0.86644 0.294827 142.4953)", "#00ff00"),
        ("oklch(45.201% 0.313214 264.052deg)", "#0000ff"),
        ("oklch(100% 0 0)", "#ffffff"),
        ("oklch(0% 0 0)", "#000000"),
        ("oklch(80% 0.4 150)", "#00f900"),
    ],
)
def test_a_color_is_read_as_browsers_read_it(written, means):
    assert with_primary(written) == Color(light=means, dark=means)


def test_light_and_dark_are_told_apart():
    assert with_primary("light-dark(#123456, oklch(100% 0 0))") == Color(light="#123456", dark="#ffffff")
    assert with_primary("light-dark( oklch(0% 0 0) ,\n  #fff )") == Color(light="#000000", dark="#ffffff")


def test_the_first_declaration_counts():
    assert with_primary("#111111; --color-primary: #222222").light == "#111111"


@pytest.mark.parametrize(
    "value", ["rebeccapurple", "var(--x)", "light-dark(#fff, red)", "oklch(from red l c h)", "#ff"]
)
def test_what_mails_cannot_use_is_refused_by_its_name(value):
    with pytest.raises(ImproperlyConfigured, match=r"color primary in static/css/theme\.css"):
        with_primary(value)


def test_a_color_that_is_missing_is_named():
    with pytest.raises(ImproperlyConfigured, match="base-300"):
        read_palette(THEME.replace("--color-base-300", "--color-gone"))


def test_the_check_says_at_the_start_what_is_wrong(monkeypatch):
    assert brand.check_palette() == []
    monkeypatch.setattr(brand, "palette", lambda: read_palette("nothing"))

    [error] = brand.check_palette()

    assert (error.id, "primary" in error.msg) == ("core.E001", True)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("primary_content", "primary"),
        ("base_content", "base_100"),
        ("base_content", "base_200"),
        ("muted", "base_100"),
        ("muted", "base_200"),
        ("primary", "base_100"),
        ("primary", "base_200"),
    ],
)
def test_what_mails_say_can_be_read(text, ground, scheme):
    colors = brand.palette()
    darker, lighter = sorted(luminance(getattr(colors[name], scheme)) for name in (text, ground))

    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
