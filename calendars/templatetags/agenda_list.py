"""The lines of a day of the agenda, written without a template's overhead.

Drawn tag by tag the thousand lines of a full week took three times as long as all the rest.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django import template
from django.utils.safestring import SafeString, mark_safe

from calendars.templatetags.week_grid import colour_bars
from common.templatetags.meridian import icon_markup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calendars.agenda import AgendaLine

register = template.Library()


@register.simple_tag
def agenda_lines(lines: Iterable[AgendaLine]) -> SafeString:
    """Events, free gaps and the present moment, in the order given."""
    return mark_safe("\n  ".join(map(_line, lines)))  # noqa: S308 -- every part is escaped below


def _line(line: AgendaLine) -> str:
    if line.kind == "gap":
        return f'<li class="gap">{escape(line.title)}</li>'
    if line.kind == "now":
        return f'<li class="now-row"><span data-clock>{line.starts}</span></li>'
    classes = f' class="{line.classes}"' if line.classes else ""
    name = f' id="{escape(line.id)}"' if line.id else ""
    link = f'{name} href="{escape(line.href)}" data-dialog' if line.href else ""
    ends = f'<span class="dash">\u2013</span><span>{line.ends}</span>' if line.ends else ""
    bars = colour_bars(line.hues) if line.hues else '<span class="bar"></span>'
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    icons = "".join(map(icon_markup, line.icons)) if line.icons else ""
    return (
        f"<li{classes}><a{link}><time>{line.starts}{ends}</time>{bars}"
        f"<span><b>{escape(line.title)}</b>{note}</span>{icons}</a></li>"
    )
