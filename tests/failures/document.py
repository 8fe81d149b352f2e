"""The tables of `docs/providers.md`: equal outcomes of a flow in one row, in plain words."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.failures.faults import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.failures.matrix import Cell, Matrix

PATH = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
WRITE = "MERIDIAN_WRITE_PROVIDERS"
HEAD = "| when | the person sees | Meridian |\n|---|---|---|\n"
_FLOWS = "## Flow by flow"

# One name for what the providers call differently.
REACTIONS = {
    "401 once": "token refused once",
    "401 with every token": "token refused for good",
    "401, consent withdrawn": "consent withdrawn",
    "400": "refused as it stands",
    "400 3002": "in use right now",
    "400 4711": "scope missing",
    "400 invalid_grant": "consent withdrawn",
    "401 invalid_client": "our own client refused",
    "403": "not allowed",
    "403 quotaExceeded": "paused for hours",
    "404": "not found",
    "409": "there already",
    "410": "place lost",
    "412": "changed meanwhile",
    "429, 7 s": "too many, 7 s",
    "429": "too many",
    "503": "not available",
    "503, whatever is asked": "not available for longer",
    "JSON of another shape": "nonsense",
    "a web page with 200": "a web page",
    "no connection": "no answer",
    "answer lost, carried out": "answer lost, done all the same",
}
ORDER = list(dict.fromkeys(REACTIONS.values()))
CALLS = {
    "token": "the token",
    "keys": "the signing keys",
    "revoke": "revoking",
    "users.get": "the account",
    "calendarList.list": "the list of calendars",
    "calendars.list": "the list of calendars",
    "events.list": "the events",
    "calendarView.list": "the events",
    "calendarView.delta": "the events",
    "freebusy.query": "the busy times",
    "events.get": "reading it",
    "events.insert": "creating it",
    "events.create": "creating it",
    "events.patch": "changing it",
    "events.update": "changing it",
    "events.delete": "deleting it",
    "events.move": "moving it",
    "events.respond": "answering it",
    "events.instances": "listing the series",
    "events.watch": "opening it",
    "subscriptions.create": "opening it",
    "channels.stop": "closing it",
    "subscriptions.delete": "closing it",
    "meetings.create": "the Zoom meeting",
    "meetings.delete": "deleting the Zoom meeting",
    "meetings.update": "changing the Zoom meeting",
    "meetings.list": "the list of Zoom meetings",
    "meetings.get": "the Zoom meeting",
}


def section_of(name: str, recorded: Iterable[Matrix]) -> str:
    """The flow's heading, its calls, and its table."""
    recorded = list(recorded)
    outcomes: dict[tuple[str, str], dict[str, set[tuple[str, str]]]] = {}
    for matrix in recorded:
        for cell in matrix.cells:
            reached = outcomes.setdefault((_seen(cell), cell.system), defaultdict(set))
            reached[reaction(cell.fault)].add((matrix.provider, _call(cell)))
    asked = "; ".join(
        f"{_short(one.provider)}: {', '.join(f'`{call}`' for call in one.calls) or 'none'}"
        for one in recorded
    )
    everybody = {matrix.provider for matrix in recorded}
    rows = [
        f"| {_when(reached, everybody)} | {words} | {system} |"
        for (words, system), reached in outcomes.items()
    ]
    table = HEAD + "\n".join(rows) if rows else "Nothing is asked that could fail."
    return f"### {name}\n\nCalls: {asked}\n\n{table}\n"


def reaction(fault: str) -> str:
    """What the fault is called whoever the provider is."""
    return REACTIONS.get(fault) or REACTIONS[fault[:3]]


def _when(reached: dict[str, set[tuple[str, str]]], everybody: set[str]) -> str:
    """`creating it: no answer, nonsense`, equal places together."""
    by_place: dict[str, list[str]] = {}
    for name in sorted(reached, key=ORDER.index):
        by_place.setdefault(_places(reached[name], everybody), []).append(name)
    return "<br>".join(f"{places}: {', '.join(names)}" for places, names in by_place.items())


def _places(places: set[tuple[str, str]], everybody: set[str]) -> str:
    calls: dict[str, set[str]] = {}
    for provider, call in sorted(places):
        calls.setdefault(call, set()).add(provider)
    told = []
    for call, providers in sorted(calls.items()):
        of = "" if providers == everybody else f" ({', '.join(map(_short, sorted(providers)))})"
        told.append(f"{call}{of}")
    return "**" + ", ".join(told) + "**"


def _call(cell: Cell) -> str:
    words = CALLS[cell.call.partition(".")[2]]
    return words if not cell.nth else f"{words} the {('second', 'third')[cell.nth - 1]} time"


def _short(provider: str) -> str:
    return LABELS[provider].removesuffix(" Calendar")


def _seen(cell: Cell) -> str:
    words = cell.seen.words.replace("{provider}", "*provider*").replace("{account}", "*account*")
    words = words.replace("|", "\\|")
    if cell.seen.done:
        return f"Done. {words}".strip() if cell.seen.status else "nothing"
    status = f" ({cell.seen.status})" if cell.seen.status >= 400 else ""
    return f"{words}{status}"


# --- The document ---


def read(name: str) -> str:
    """The section of that flow as the document has it; blank when it has none."""
    return _sections(PATH.read_text()).get(name, "")


def flows_told() -> list[str]:
    return list(_sections(PATH.read_text()))


def put(name: str, section: str, order: Sequence[str]) -> None:
    """Write the section in the place of the former one, or where it stands in that order."""
    text = PATH.read_text()
    told = {**_sections(text), name: section}
    head, heading, rest = text.partition(_FLOWS)
    intro = re.split(r"^### ", rest, maxsplit=1, flags=re.MULTILINE)[0].rstrip()
    sections = [told[one] for one in order if one in told]
    parts = [f"{head}{heading}{intro}", *(one.rstrip() for one in sections)]
    PATH.write_text("\n\n".join(parts) + "\n")


def _sections(text: str) -> dict[str, str]:
    told = text.partition(_FLOWS)[2]
    parts = re.split(r"^(?=### )", told, flags=re.MULTILINE)[1:]
    return {part[4:].partition("\n")[0]: f"{part.rstrip()}\n" for part in parts}


def read_part(title: str) -> str:
    """What stands under that heading of the second level."""
    return _parts(PATH.read_text())[title]


def put_part(title: str, body: str) -> None:
    text = PATH.read_text()
    PATH.write_text(text.replace(f"## {title}\n\n{_parts(text)[title]}", f"## {title}\n\n{body}"))


def _parts(text: str) -> dict[str, str]:
    found = re.split(r"^## (.+)\n\n", text, flags=re.MULTILINE)[1:]
    return {
        title: f"{body.rstrip()}\n" for title, body in zip(found[::2], found[1::2], strict=True)
    }
