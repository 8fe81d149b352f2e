"""Public holidays by country and region, from the `holidays` library; names from the zone data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from common.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import date

_TZDATA = files("tzdata") / "zoneinfo"
# The library computes for any year; people plan for these.
YEARS_AHEAD = 3


@cache
def countries() -> dict[str, str]:
    """The names of the countries whose holidays are known, by code, in the order of names."""
    from holidays.registry import COUNTRIES  # noqa: PLC0415 -- slow import

    known = {entry[1] for entry in COUNTRIES.values()}
    names = dict(_table("iso3166.tab"))
    found = ((code, names[code]) for code in known if code in names)
    return dict(sorted(found, key=lambda one: one[1]))


@cache
def country_of(zone_name: str) -> str:
    """The country that a zone lies in; blank when it lies in none, or its holidays are unknown."""
    for codes, _place, name in _table("zone.tab"):
        if name == zone_name:
            return codes if codes in countries() else ""
    return ""


@cache
def regions(country: str) -> dict[str, str]:
    """The names of the regions with holidays of their own, by code; none for many countries."""
    if country not in countries():
        return {}
    from holidays import country_holidays  # noqa: PLC0415 -- slow import

    calendar = country_holidays(country)
    names: dict[str, str] = {}
    for alias, code in calendar.subdivisions_aliases.items():
        # Of several names the first is the region's own; a code for a code names nothing.
        if len(alias) > 3:
            names.setdefault(code, alias)
    found = {code: names.get(code, code) for code in calendar.subdivisions}
    return dict(sorted(found.items(), key=lambda one: one[1]))


def holidays_in(country: str, region: str, year: int) -> list[tuple[date, str]]:
    """The public holidays of the year with their English names, in order.

    A blank region means those that the whole country has. Raises InvalidInput naming `country`,
    `region` or `year`.
    """
    if country not in countries():
        raise InvalidInput("country", gettext("Choose a country from the list."))
    if region and region not in regions(country):
        raise InvalidInput(
            "region",
            gettext("Choose a region of %(country)s from the list.")
            % {"country": countries()[country]},
        )
    if not 2000 <= year <= 2100:
        raise InvalidInput("year", gettext("Choose a year from the list."))
    from holidays import country_holidays  # noqa: PLC0415 -- slow import

    known = country_holidays(country)
    english = next((one for one in known.supported_languages if one.startswith("en")), None)
    calendar = country_holidays(country, subdiv=region or None, years=year, language=english)
    return sorted((day, " and ".join(name.split("; "))) for day, name in calendar.items())


def _table(name: str) -> list[list[str]]:
    lines = (_TZDATA / name).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [row[:3] for row in rows]
