"""What the availability card shows besides the hours: where the focus goes, new days, holidays.

All of it comes from what the card itself sent; nothing is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from booking.public_holidays import YEARS_AHEAD, countries, country_of, regions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.http import QueryDict

    from booking.hours import Hours, Typed

_BLANK: Typed = ("", "")
MOST_ROWS = 8


@dataclass(frozen=True, slots=True)
class HolidayChoice:
    """The fields that add public holidays: what is chosen, and what can be."""

    country: str
    region: str
    year: int
    is_open: bool = False

    @property
    def countries(self) -> Mapping[str, str]:
        return countries()

    @property
    def regions(self) -> Mapping[str, str]:
        return regions(self.country)

    @property
    def country_name(self) -> str:
        return countries().get(self.country, "")


@dataclass(frozen=True, slots=True)
class Focus:
    """Where a keyboard goes on after a press: which part of the card, of which day and row."""

    part: str = ""
    day: str = ""
    row: int = -1


@dataclass(frozen=True, slots=True)
class Card:
    """The card's state of the moment."""

    holidays: HolidayChoice
    years: tuple[int, ...]
    new_rows: tuple[Typed, ...] = (_BLANK,)
    new_first: str = ""
    new_last: str = ""
    is_adding: bool = False
    focus: Focus = Focus()


def card_of(hours: Hours, sent: QueryDict | None, today: date, *, has_faults: bool) -> Card:
    """The card after what was sent, or as it is opened."""
    years = tuple(range(today.year, today.year + YEARS_AHEAD))
    if sent is None:
        return Card(HolidayChoice(country_of(hours.zone), "", today.year), years)
    choice = _choice(sent, hours.zone, today)
    if "add_special" in sent and not has_faults:
        return Card(choice, years, is_adding=True, focus=Focus("special_first"))
    typed = tuple(zip(sent.getlist("special-from"), sent.getlist("special-until"), strict=False))
    rows = typed[:MOST_ROWS] or (_BLANK,)
    is_more = "more_special" in sent and len(rows) < MOST_ROWS
    return Card(
        choice,
        years,
        new_rows=(*rows, _BLANK) if is_more else rows,
        new_first=sent.get("special-first", ""),
        new_last=sent.get("special-last", ""),
        is_adding=bool({"more_special", "add_special"} & sent.keys()),
        focus=Focus() if has_faults else _focus(sent, hours, len(rows), choice),
    )


def _choice(sent: QueryDict, zone_name: str, today: date) -> HolidayChoice:
    country = sent.get("holiday-country", "")
    if country not in countries():
        country = country_of(zone_name)
    region, year = sent.get("holiday-region", ""), sent.get("holiday-year", "")
    return HolidayChoice(
        country,
        region if region in regions(country) else "",
        int(year) if year.isascii() and year.isdigit() and len(year) == 4 else today.year,
        is_open=bool({"pick_country", "add_holidays"} & sent.keys()),
    )


def _focus(sent: QueryDict, hours: Hours, new_rows: int, choice: HolidayChoice) -> Focus:
    """The new row, or what stands beside the one that is gone."""
    if name := sent.get("add_hours"):
        rows = next((day.intervals for day in hours.days if day.name == name), ())
        return Focus("row", name, len(rows) - 1)
    if said := sent.get("remove_hours"):
        return Focus("add", said.partition(":")[0])
    if "pick_country" in sent:
        return Focus("region" if choice.regions else "year")
    presses = {
        "more_special": "special_row",
        "remove_special": "add_a_day",
        "add_holidays": "added",
    }
    part = next((part for name, part in presses.items() if name in sent), "")
    return Focus(part, row=new_rows)
