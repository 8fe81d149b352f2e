"""Time zones by IANA name."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError


@cache
def _all_names() -> frozenset[str]:
    """Every name there is. Python reads the whole zone directory for it each time."""
    return frozenset(available_timezones() - {"localtime"})


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone a person may choose, sorted; without the aliases that are no places."""
    return tuple(
        sorted(
            name
            for name in _all_names()
            if name == "UTC"
            or ("/" in name and not name.startswith(("Etc/", "SystemV/", "posix/", "right/")))
        )
    )


def is_zone(name: str) -> bool:
    """Whether the name is a zone that can be used."""
    return name in _all_names()


def zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises Django's ValidationError when there is none."""
    validate_zone(name)
    return ZoneInfo(name)


def validate_zone(name: str) -> None:
    """Raise Django's ValidationError unless the name is an IANA zone."""
    if not is_zone(name):
        raise ValidationError("Choose a time zone from the list, for example Europe/Dublin.")
