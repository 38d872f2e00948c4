"""The zones in which people read times: IANA names, as `Europe/Berlin`. The database itself knows UTC only."""

from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

UTC = "UTC"
NAME_LENGTH_MAX = 64
# What a name may look like, for the database; which ones exist changes with the zone data of the machine.
NAME_PATTERN = r"^(UTC|[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)+)$"
# The parts of the world a person lives in; the rest of the data are old names and machines' own.
AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless this is a zone that we can show times in."""
    if not is_time_zone(name):
        raise ValidationError(_("There is no such time zone."), code="unknown_time_zone")


def is_time_zone(name: str) -> bool:
    """Tell whether we can show times in this zone."""
    return name == UTC or ("/" in name and name in _available())


def time_zone_or_utc(name: str) -> str:
    """Return the zone that somebody (a browser) claims to be in, or UTC when there is no such zone."""
    return name if is_time_zone(name) else UTC


@cache
def list_time_zones() -> tuple[str, ...]:
    """Return the zones to choose from, UTC first."""
    return (UTC, *sorted(name for name in _available() if name.partition("/")[0] in AREAS and "/" in name))


@cache
def _available() -> frozenset[str]:
    return frozenset(available_timezones())
