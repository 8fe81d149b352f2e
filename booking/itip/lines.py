"""The lines of a calendar part: unfolded, split, and put into components (RFC 5545, 3.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from booking.enums import MailReason
from booking.itip.shapes import Unreadable

MOST_LINES: Final = 5000
LONGEST_LINE: Final = 64 * 1024
MOST_COMPONENTS: Final = 60
DEEPEST: Final = 4
MOST_PARAMS: Final = 40

# Programs write names with an underscore, too, and parameters without a value.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_PARAM = re.compile(rf";([A-Za-z0-9_-]{{1,80}})(?:=({_VALUE}(?:,{_VALUE})*))?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# RFC 6868: what a parameter cannot hold otherwise.
_CARETS: Final = {"^n": "\n", "^'": '"', "^^": "^"}
_CARET = re.compile(r"\^[n'^]")


@dataclass(frozen=True, slots=True)
class Property:
    """One line. `value` is verbatim; parameters are in capitals, their values without quotes."""

    name: str
    value: str
    params: dict[str, str]

    @property
    def text(self) -> str:
        """The value as TEXT."""
        return _ESCAPED.sub(lambda hit: "\n" if hit[1] in "nN" else hit[1], self.value)


@dataclass(slots=True)
class Component:
    """What stands between BEGIN and END; names are in capitals."""

    name: str
    properties: dict[str, list[Property]] = field(default_factory=dict)
    children: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return self.properties.get(name, [])

    def one(self, name: str) -> Property | None:
        """The property of that name. Raises Unreadable when it stands there more than once."""
        found = self.all(name)
        if len(found) > 1:
            raise Unreadable(MailReason.MALFORMED, f"It says {name} more than once.")
        return found[0] if found else None

    def text(self, name: str) -> str:
        """The first such property's text; blank when there is none."""
        found = self.all(name)
        return found[0].text if found else ""


def read_calendar(text: str) -> Component:
    """The one VCALENDAR in the text. Raises Unreadable."""
    lines = _unfolded(text)
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        raise Unreadable(MailReason.TOO_LARGE, "Its calendar part is longer than is read.")
    top = Component("")
    path, count = [top], 0
    for line in lines:
        found = _split(line)
        if found.name == "BEGIN":
            count += 1
            if count > MOST_COMPONENTS or len(path) > DEEPEST:
                raise Unreadable(MailReason.TOO_LARGE, "Its calendar part has too many pieces.")
            inner = Component(found.value.strip().upper())
            path[-1].children.append(inner)
            path.append(inner)
        elif found.name == "END":
            if len(path) == 1 or path.pop().name != found.value.strip().upper():
                raise Unreadable(MailReason.MALFORMED, "Its calendar part is broken.")
        else:
            path[-1].properties.setdefault(found.name, []).append(found)
    is_one = len(top.children) == 1 and top.children[0].name == "VCALENDAR"
    if len(path) > 1 or not is_one or top.properties:
        raise Unreadable(MailReason.MALFORMED, "Its calendar part is not one whole calendar.")
    return top.children[0]


def _unfolded(text: str) -> list[str]:
    whole = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
    lines = re.sub(r"\n[ \t]", "", whole).split("\n")
    return [line for line in lines if line.strip()]


def _split(line: str) -> Property:
    name = _NAME.match(line)
    if name is None:
        raise Unreadable(MailReason.MALFORMED, "Its calendar part has a line that is none.")
    params: dict[str, str] = {}
    end = name.end()
    while (param := _PARAM.match(line, end)) is not None:
        if len(params) >= MOST_PARAMS:
            raise Unreadable(MailReason.TOO_LARGE, "Its calendar part is longer than is read.")
        params[param[1].upper()] = _bare(param[2] or "")
        end = param.end()
    if line[end : end + 1] != ":":
        raise Unreadable(MailReason.MALFORMED, "Its calendar part has a line that is none.")
    return Property(name[0].upper(), line[end + 1 :], params)


def _bare(value: str) -> str:
    return _CARET.sub(lambda hit: _CARETS[hit[0]], value.replace('"', ""))
