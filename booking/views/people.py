"""Contacts and prospects: who booked, what they typed, what staff noted; for both modes alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from booking.crm_queries import lead_of_person
from booking.owners import tables_for, tables_of_person
from booking.person_forms import LANGUAGES, NoteForm
from booking.person_queries import (
    PersonFilter,
    count_people,
    found_people,
    meetings_of,
    met,
    notes_of,
    people_page,
    same_address,
    visible_people,
    visible_person,
    whose,
)
from booking.services.people import add_note, delete_note
from booking.wording import clock, clock_range, long_day, short_day, zone_words_over
from common.errors import InvalidInput, NotFound
from common.htmx import dialog_done
from common.spreadsheets import BYTE_ORDER_MARK, csv_answer, csv_lines
from workspaces.access import MAY_AUDIT, MAY_MANAGE, MAY_SEE_PEOPLE, MAY_WORK
from workspaces.enums import OwnerKind
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.queries import clients_of
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.http import HttpResponse, HttpResponseBase

    from booking.models import MeetingBase, PersonBase, PersonNote
    from booking.person_queries import Met
    from workspaces.guards import StaffRequest

EVENT = "people:changed"
PAGE = "booking/staff/person.html"
_TABS = ((OwnerKind.CLIENT, "Contacts of clients"), (OwnerKind.USER, "Our prospects"))
_COLUMNS = (
    "name", "email", "phone", "kind", "client", "time_zone", "language", "meetings",
    "last_meeting", "next_meeting", "known_since",
)  # fmt: skip
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody as the list shows them."""

    person: PersonBase
    whose: str
    met: Met
    last: str
    next: str


@dataclass(frozen=True, slots=True)
class Line:
    """One meeting on a person's page, with what they typed for it."""

    meeting: MeetingBase
    when: str
    owner: str
    state: str
    typed: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Note:
    """A note with its stamp."""

    note: PersonNote
    stamp: str


@require_safe
@member_required(roles=MAY_SEE_PEOPLE)
def people(request: StaffRequest) -> HttpResponse:
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    wanted, page = wanted_people(request), _page_number(request)
    found = people_page(membership, wanted, page=page)
    figures = met(membership, found.people, now)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "rows": [
            Row(
                person,
                whose(person),
                figures[person.pk],
                _day(figures[person.pk].last_at, zone, now),
                _day(figures[person.pk].next_at, zone, now),
            )
            for person in found.people
        ],
        "wanted": wanted,
        "tabs": [
            (
                kind.value,
                label,
                count_people(membership, PersonFilter(kind, wanted.text, wanted.client_id)),
                kind is wanted.kind,
            )
            for kind, label in _TABS
        ],
        "clients": clients_of(membership.workspace),
        "may_write": membership.role in MAY_WORK,
        "may_audit": membership.role in MAY_AUDIT,
        "earlier": page - 1,
        "later": page + 1 if found.has_more else 0,
        "query": query.urlencode(),
    }
    return render(request, "booking/staff/people.html", context)


@require_safe
@member_required(roles=MAY_SEE_PEOPLE)
def people_export(request: StaffRequest) -> HttpResponseBase:
    """Who fits the filter as CSV, for a spreadsheet."""
    workspace, now = request.membership.workspace, timezone.now()
    wanted = wanted_people(request)

    def rows() -> Iterator[tuple[object, ...]]:
        offset = 0
        while True:
            # A page at a time: streamed rows cannot be counted in one query for all.
            some = list(found_people(request.membership, wanted)[offset : offset + _CHUNK])
            figures = met(request.membership, some, now)
            for person in some:
                yield _cells(person, figures[person.pk])
            if len(some) < _CHUNK:
                return
            offset += _CHUNK

    name = f"{workspace.slug}-people-{now:%Y-%m-%d}.csv"
    lines = csv_lines(_COLUMNS, rows())
    return csv_answer(name, _marked(lines))


@require_safe
@member_required(roles=MAY_SEE_PEOPLE)
def person(request: StaffRequest, person_id: UUID) -> HttpResponse:
    return person_page(request, person_for(request, person_id))


@require_POST
@member_required(roles=MAY_WORK)
def note_new(request: StaffRequest, person_id: UUID) -> HttpResponse:
    found = person_for(request, person_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            add_note(person=found, text=form.cleaned_data["text"], author=request.user)
        except InvalidInput as error:
            form.add_error("text", error.message)
        else:
            return dialog_done(request, EVENT, to=address(found), message="The note is kept.")
    return person_page(request, found, note_form=form)


@require_POST
@member_required(roles=MAY_WORK)
def note_delete(request: StaffRequest, person_id: UUID, note_id: UUID) -> HttpResponse:
    found = person_for(request, person_id)
    delete_note(person=found, note_id=note_id)
    return dialog_done(request, EVENT, to=address(found), message="The note is deleted.")


def person_for(request: StaffRequest, person_id: UUID) -> PersonBase:
    """The workspace's contact or prospect of that id; 404 else."""
    try:
        return visible_person(request.membership, person_id)
    except NotFound:
        raise Http404 from None


def address(found: PersonBase) -> str:
    """The person's page."""
    return reverse("booking:person", args=[found.pk])


def person_page(
    request: StaffRequest, found: PersonBase, *, note_form: NoteForm | None = None
) -> HttpResponse:
    """Details, notes and meetings; with a note's form that was refused, 422."""
    membership, now = request.membership, timezone.now()
    zone = owner_of_member(membership).zone
    theirs = meetings_of(membership, found, now)
    may_write = membership.role in MAY_WORK
    context: dict[str, Any] = {
        "person": found,
        "word": tables_of_person(found).person_word,
        "whose": whose(found),
        "language": dict(LANGUAGES).get(found.language, found.language),
        "there_now": clock(now, ZoneInfo(found.timezone)) if is_zone(found.timezone) else "",
        "upcoming": [_line(one, zone, now) for one in theirs.upcoming],
        "past": [_line(one, zone, now) for one in theirs.past],
        "hidden": theirs.hidden,
        "notes": [
            Note(note, f"{_day(note.created_at, zone, now)}, {clock(note.created_at, zone)}")
            for note in notes_of(found)
        ],
        "note_form": note_form or NoteForm(),
        "others": same_address(membership, found),
        "zone_words": zone_words_over(
            zone, [one.start_at for one in (*theirs.upcoming, *theirs.past)] or [now]
        ),
        "lead_url": lead_of_person(found),
        "since": long_day(found.created_at.astimezone(zone).date(), year=True),
        "may_write": may_write,
        "may_manage": membership.role in MAY_MANAGE,
    }
    status = 422 if note_form is not None else 200
    return render(request, PAGE, context, status=status)


def wanted_people(request: StaffRequest) -> PersonFilter:
    """The filter in the address; what it cannot mean narrows nothing.

    Where nothing is said and there are only prospects, those.
    """
    said = request.GET
    kind = said.get("kind", "")
    usual = OwnerKind.CLIENT
    if not said and not visible_people(request.membership, usual).exists():
        usual = OwnerKind.USER
    try:
        client_id = UUID(said["client"]) if said.get("client") else None
    except ValueError:
        raise Http404 from None
    return PersonFilter(
        kind=OwnerKind(kind) if kind in set(OwnerKind) else usual,
        text=said.get("q", "").replace("\x00", "").strip()[:120],
        client_id=client_id,
    )


def _page_number(request: StaffRequest) -> int:
    said = request.GET.get("page", "1")
    if not (said.isascii() and said.isdigit() and 0 < len(said) < 5 and int(said) > 0):
        raise Http404
    return int(said)


def _day(at: datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """Thu 26 Nov, with the year unless it is this one."""
    if at is None:
        return ""
    day = at.astimezone(zone).date()
    this_year = day.year == now.astimezone(zone).year
    return short_day(day) if this_year else f"{short_day(day)} {day.year}"


def _line(meeting: MeetingBase, zone: ZoneInfo, now: datetime) -> Line:
    owner = getattr(meeting, tables_for(meeting).owner_column.removesuffix("_id"))
    typed = [(answer["label"], answer["answer"]) for answer in meeting.answers]
    if meeting.message:
        typed.append(("Message", meeting.message))
    day = _day(meeting.start_at, zone, now)
    return Line(
        meeting=meeting,
        when=f"{day}, {clock_range(meeting.start_at, meeting.end_at, zone)}",
        owner=str(owner),
        state=meeting.get_state_display(),
        typed=typed,
    )


def _cells(person: PersonBase, figures: Met) -> tuple[object, ...]:
    return (
        person.name,
        person.email,
        person.phone,
        tables_of_person(person).person_word,
        whose(person),
        person.timezone,
        person.language,
        figures.times,
        figures.last_at or "",
        figures.next_at or "",
        person.created_at,
    )


def _marked(lines: Iterator[str]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    yield from lines
