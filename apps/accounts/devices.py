"""What a browser says it is, in words that a person recognizes; anybody can claim anything here."""

from typing import NamedTuple

from django.utils.translation import gettext as _

# The first that matches: most browsers name others, to be served as those.
BROWSERS = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
]
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
]
HANDHELD = {"iPhone", "iPad", "Android"}


class Device(NamedTuple):
    """A browser on a system, as `name`; `icon` is one of templates/icons/."""

    name: str
    icon: str


def read_device(user_agent: str) -> Device:
    """Return what a User-Agent header names."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    icon = "smartphone" if system in HANDHELD else "monitor"
    if browser and system:
        return Device(_("%(browser)s on %(system)s") % {"browser": browser, "system": system}, icon)
    return Device(browser or system or _("Unknown browser"), icon)


def _first(known: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for mark, name in known if mark in user_agent), "")
