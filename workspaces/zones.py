"""Time zones by IANA name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError

_TZDATA = files("tzdata") / "zoneinfo"


@cache
def _all_names() -> frozenset[str]:
    """Every name there is. Python reads the whole zone directory for it each time."""
    return frozenset(available_timezones() - {"localtime"})


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone a person may choose, sorted: one for each place, under the name it has today."""
    lines = (_TZDATA / "zone.tab").read_text(encoding="utf-8").splitlines()
    places = {line.split("\t")[2] for line in lines if not line.startswith("#")}
    return tuple(sorted((places & _all_names()) | {"UTC"}))


@cache
def _renamed() -> dict[str, str]:
    """The older names of places, by the database's own links: Asia/Calcutta is Asia/Kolkata."""
    lines = (_TZDATA / "tzdata.zi").read_text(encoding="utf-8").splitlines()
    links = [line.split()[1:3] for line in lines if line.startswith("L ")]
    places = set(zone_names())
    return {old: new for new, old in links if old not in places and new in places}


def name_today(name: str) -> str:
    """The zone's name today. Browsers still report some places by their older one."""
    return _renamed().get(name, name)


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
