"""The two pieces of the week that come by the hundred, written without a template's overhead.

A full week has a thousand blocks and 168 empty hours; drawn tag by tag they alone would take
longer than everything else of the page together.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString, mark_safe

from common.templatetags.meridian import icon_markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calendars.blocks import PlacedEvent
    from calendars.sidebar import MiniDay
    from calendars.week_page import Hour

register = template.Library()


@register.simple_tag
def event_blocks(blocks: Iterable[PlacedEvent]) -> SafeString:
    """The blocks of one day, each a link to its details; a masked one leads nowhere."""
    return mark_safe("\n".join(map(_block, blocks)))  # noqa: S308 -- every part is escaped below


@register.simple_tag
def empty_hours(hours: Iterable[Hour], link: str, day: str) -> SafeString:
    """The hours of one day to press: each leads to the form at that time."""
    start = escape(f"{link}{day}T")
    cells = (
        f'<a class="cell {hour.classes}" href="{start}{hour.label}" tabindex="-1"'
        f' aria-hidden="true">{hour.label}</a>'
        for hour in hours
    )
    return mark_safe("".join(cells))  # noqa: S308 -- classes and labels are of our own making


@register.simple_tag
def month_cells(days: Iterable[MiniDay], link: str) -> SafeString:
    """One row of the small month, each date a link to itself."""
    start, out, today = escape(link), ' class="out"', ' aria-current="date"'
    cells = (
        f'<td{out if day.is_out else ""}><a href="{start}{day.on.isoformat()}" data-week-link'
        f"{today if day.is_today else ''}>{day.on.day}</a></td>"
        for day in days
    )
    return mark_safe("".join(cells))  # noqa: S308 -- nothing but dates beside the link


@register.simple_tag
def hour_lines(hours: Iterable[Hour]) -> SafeString:
    """The gutter: each hour, and what it is in the second zone."""
    lines = (
        f"<li><span>{hour.second}</span><span>{hour.label}</span></li>\n      " for hour in hours
    )
    return mark_safe("".join(lines))  # noqa: S308 -- clocks of our own making


def _block(event: PlacedEvent) -> str:
    """What differs from event to event stands together: a page that is packed is smaller for it."""
    name = f' id="{escape(event.id)}"' if event.id else ""
    link = f'{name} href="{escape(event.href)}" data-dialog' if event.href else ""
    times = f' data-s="{event.from_wall}" data-e="{event.until_wall}"' if event.from_wall else ""
    bars, place, icons = _bars(event.hues) if event.hues else "", "", ""
    if event.place:
        sign, words = icon_markup(event.place_icon), escape(event.place)
        place = f' <span class="{event.place_classes}">{sign}<span>{words}</span></span>'
    if event.icons:
        icons = f' <span class="f">{"".join(map(icon_markup, event.icons))}</span>'
    return (
        f'<li{times} class="{event.classes}"><a{link}>{bars}'
        f'<span class="t">{escape(event.title)}</span>'
        f' <span class="h">{event.starts}<span class="e">{event.ends}</span></span>{place}{icons}'
        f'<span class="sr-only">{escape(event.spoken)}</span></a></li>'
    )


@register.simple_tag
def colour_bars(hues: Iterable[str]) -> SafeString:
    """The colours of every calendar that holds a copy; nothing where only one does."""
    return mark_safe(_bars(hues))  # noqa: S308 -- hues are words of our own


def _bars(hues: Iterable[str]) -> str:
    drawn = "".join(f'<i class="hue-{escape(hue)}"></i>' for hue in hues)
    return f'<span class="bars" aria-hidden="true">{drawn}</span>' if drawn else ""
