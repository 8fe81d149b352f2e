"""The agenda's lines as HTML: the same as a template would write, and nothing of it unescaped."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from calendars.agenda import AgendaLine
from calendars.templatetags.agenda_list import agenda_lines

# One line, tag by tag.
_ORACLE = Template(
    """{% load week_grid %}{% if line.kind == "gap" %}<li class="gap">{{ line.title }}</li>\
{% elif line.kind == "now" %}<li class="now-row"><span data-clock>{{ line.starts }}</span></li>\
{% else %}<li{% if line.classes %} class="{{ line.classes }}"{% endif %}><a{% if line.href %}\
{% if line.id %} id="{{ line.id }}"{% endif %} href="{{ line.href }}" data-dialog{% endif %}>\
<time>{{ line.starts }}{% if line.ends %}<span class="dash">\u2013</span>\
<span>{{ line.ends }}</span>{% endif %}</time>{% if line.hues %}{% colour_bars line.hues %}\
{% else %}<span class="bar"></span>{% endif %}<span><b>{{ line.title }}</b>{% if line.note %}\
<small>{{ line.note }}</small>{% endif %}</span>{% for name in line.icons %}{% icon name %}\
{% endfor %}</a></li>{% endif %}""".replace("\\\n", "")
)
_HOSTILE = """<b onclick='x("y")'>& friends</b>"""


@pytest.mark.parametrize(
    "line",
    [
        AgendaLine("gap", "", title="1 h 10 min free"),
        AgendaLine("now", "14:05"),
        AgendaLine("event", "All day", title=_HOSTILE, note=_HOSTILE),
        AgendaLine(
            "event",
            "09:00",
            "10:30",
            id="ev-1",
            classes="hue-tide is-past",
            href="/calendar/events/1?a=1&b=2",
            title=_HOSTILE,
            note="Studio",
            hues=("tide", "plum"),
            icons=("lock", "repeat"),
        ),
        AgendaLine("event", "09:00", id="ev-1", title="Busy"),
    ],
    ids=["gap", "now", "masked", "whole", "no address"],
)
def test_a_line_is_what_a_template_would_write(line):
    assert agenda_lines([line]) == _ORACLE.render(Context({"line": line}))
    assert "<b on" not in agenda_lines([line])
