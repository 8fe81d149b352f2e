"""A meeting that staff book for a guest: with themselves or a client, through a link or without."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from booking.booker import Booker
from booking.desk_forms import OTHER, NewMeetingForm, put_refusal
from booking.errors import SlotTaken
from booking.forms import ANSWER
from booking.meeting_filter import read_day
from booking.people import known_person
from booking.queries import links_of
from booking.questions import parse_questions
from booking.services.availability import durations_of, terms_of, terms_of_owner
from booking.services.changes import book_for
from booking.services.verdicts import with_length_of
from booking.views.changing import doer_of, nearest_words
from booking.views.meeting_detail import EVENT
from booking.views.open_times import OpenTimes, open_times, value_of
from booking.wording import clock, long_day
from common.errors import DomainError, InvalidInput
from common.htmx import dialog_done
from common.spans import Span
from common.wallclock import starts_at
from conferencing.enums import Conference
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import ClientOwner, owner_of_member
from workspaces.queries import clients_of
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse, QueryDict

    from booking.models import BookingLink, MeetingBase
    from booking.questions import Question
    from booking.services.availability import Terms
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

_LIST = "booking:meetings"
_MINUTE = timedelta(minutes=1)
_USUAL = 30


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def meeting_new(request: StaffRequest) -> HttpResponse:
    """The form; POST books, unless it only asks for other open times or comes from the week."""
    desk = _Desk(request)
    if request.method != "POST":
        return desk.drawn(_first(request.GET))
    if "from_week" in request.POST:
        return desk.drawn(_from_week(request.POST, desk.zone))
    if "update" in request.POST:
        return desk.drawn(request.POST.dict())
    return desk.booked()


class _Desk:
    """One showing of the form."""

    def __init__(self, request: StaffRequest) -> None:
        self.request = request
        self.me = owner_of_member(request.membership)
        self.zone = self.me.zone
        workspace = request.membership.workspace
        clients = [ClientOwner(workspace=workspace, client=one) for one in clients_of(workspace)]
        self.owners: list[Owner] = [self.me, *clients]

    def owner(self, said: object) -> Owner:
        """The member or one of the clients; the member for whatever else is named."""
        return next((one for one in self.owners if str(one.id) == str(said)), self.me)

    def link(self, said: Mapping[str, Any]) -> BookingLink | None:
        """The link that is named, if it is the owner's and open."""
        links = links_of(self.owner(said.get("owner")))
        named = str(said.get("link", ""))
        return next((one for one in links if one.is_active and str(one.pk) == named), None)

    def questions(self, said: Mapping[str, Any]) -> tuple[Question, ...]:
        """What the link asks its bookers."""
        link = self.link(said)
        return () if link is None else parse_questions(link.questions)

    def drawn(self, values: Mapping[str, Any]) -> HttpResponse:
        """The form with these values, nothing of it judged yet."""
        values = {"submit_key": uuid.uuid4().hex, "owner": self.me.id, **values}
        form = NewMeetingForm(initial=values, questions=self.questions(values))
        return self.answer(form, values)

    def booked(self) -> HttpResponse:
        sent, made = self.request.POST, None
        form = NewMeetingForm(sent, questions=self.questions(sent))
        if form.is_valid():
            try:
                made = self._book(form)
            except InvalidInput as error:
                put_refusal(form, _named_here(error))
            except SlotTaken as error:
                form.add_error("start", f"{error.message}{nearest_words(error, self.zone)}")
            except DomainError as error:
                form.add_error(None, error.message)
        if made is None:
            return self.answer(form, self.request.POST, status=422)
        day = long_day(made.start_at.astimezone(self.zone).date())
        words = f"Booked: {day}, {clock(made.start_at, self.zone)} with {made.booker_name}."
        return dialog_done(self.request, EVENT, to=_LIST, message=words)

    def _book(self, form: NewMeetingForm) -> MeetingBase:
        said = form.cleaned_data
        owner = next((one for one in self.owners if one.id == said["owner"]), None)
        if owner is None:
            raise InvalidInput("owner", "Choose yourself or one of the clients.")
        link = next((one for one in links_of(owner) if one.pk == said["link"]), None)
        if said["link"] and link is None:
            raise InvalidInput("link", "Choose one of this person\u2019s own links.")
        return book_for(
            owner=owner,
            link=link,
            start=form.chosen_start(self.zone),
            duration=timedelta(minutes=said["minutes"]),
            booker=_booker(owner, said),
            doer=doer_of(self.request),
            now=timezone.now(),
            submit_key=said["submit_key"],
            overriding=said["overriding"],
            answers=form.answers() if form.questions else None,
            unanswered=said["unanswered"] if form.needs_answers() else "",
            guests=form.more_guests(),
            title="" if link else said["title"],
            message=said["message"],
            conference=Conference(said["conference"] or Conference.AUTO),
            location=said["location"],
        )

    def answer(
        self, form: NewMeetingForm, said: Mapping[str, Any], status: int = 200
    ) -> HttpResponse:
        owner = self.owner(said.get("owner"))
        links = [one for one in links_of(owner) if one.is_active]
        link = self.link(said)
        minutes = _minutes(said, link)
        chosen = str(said.get("start", ""))
        times = self._times(owner, link, minutes, said, chosen)
        shown = times.get("times")
        is_open = isinstance(shown, OpenTimes) and shown.has(chosen)
        is_other = chosen == OTHER or (bool(said.get("time")) and not is_open)
        context = {
            "form": form,
            "action": self.request.path,
            "back_url": reverse(_LIST),
            "owners": [
                (one.id, "You" if one is self.me else one.name, one is owner) for one in self.owners
            ],
            "links": links,
            "link": link,
            "lengths": [int(one / _MINUTE) for one in durations_of(link)] if link else [],
            "minutes": minutes,
            "chosen": chosen,
            "other": OTHER,
            "is_other": is_other
            or chosen == OTHER
            or bool({"day", "time", "overriding"} & set(form.errors)),
            **times,
        }
        return render(self.request, "booking/staff/meeting_new.html", context, status=status)

    def _times(
        self,
        owner: Owner,
        link: BookingLink | None,
        minutes: int,
        said: Mapping[str, Any],
        chosen: str,
    ) -> dict[str, OpenTimes | str]:
        now = timezone.now()
        day = read_day(said, "update", []) or read_day(said, "day", [])
        try:
            times = open_times(
                terms=_terms(owner, link, timedelta(minutes=minutes), now),
                first=day or now.astimezone(self.zone).date(),
                zone=self.zone,
                now=now,
                actor=doer_of(self.request).actor,
                chosen=chosen,
            )
        except DomainError as refusal:
            return {"times_problem": refusal.message}
        return {"times": times}


def _terms(owner: Owner, link: BookingLink | None, length: timedelta, now: datetime) -> Terms:
    if link is None:
        return terms_of_owner(owner, length)
    return with_length_of(
        terms_of(link, durations_of(link)[0], owner=owner), Span(now, now + length)
    )


def _booker(owner: Owner, said: Mapping[str, Any]) -> Booker:
    """Whoever has that address; known people keep their name, zone and language."""
    known = known_person(owner, said["who"])
    name = said["name"] or (known.name if known else "")
    if not name:
        raise InvalidInput("name", "Add the guest\u2019s name: nobody has this address yet.")
    return Booker(
        name=name,
        email=said["who"],
        timezone=(known.timezone if known else "") or owner.zone.key,
        phone=known.phone if known else "",
        language=(known.language if known else "") or "en",
    )


def _named_here(error: InvalidInput) -> InvalidInput:
    """A refusal under the name this form has for the field."""
    names = {"email": "who", "duration": "minutes"}
    name = "guests" if error.field.startswith("guests") else error.field
    if name.startswith("answers."):
        name = f"{ANSWER}{name.removeprefix('answers.')}"
    return InvalidInput(names.get(name, name), error.message)


def _minutes(said: Mapping[str, Any], link: BookingLink | None) -> int:
    """The length typed, unless it was drawn for another link; else the usual one of the link."""
    is_drawn = "drawn_link" not in said or said["drawn_link"] == str(link.pk if link else "")
    raw = str(said.get("minutes", "")) if is_drawn else ""
    if raw.isascii() and raw.isdigit() and len(raw) < 5 and 5 <= int(raw) <= 1440:
        return int(raw)
    return int(durations_of(link)[0] / _MINUTE) if link else _USUAL


def _first(said: Mapping[str, str]) -> dict[str, str]:
    """What an address may fill in."""
    wanted = ("owner", "link", "minutes", "day", "time", "start", "who", "name", "title")
    return {name: said[name][:400] for name in wanted if said.get(name)}


def _from_week(said: QueryDict, zone: ZoneInfo) -> dict[str, Any]:
    """What was typed into the week's dialog of a new event, on the reader's clock."""
    values: dict[str, Any] = {"title": said.get("title", "")[:200], "who": said.get("guests", "")}
    there = said.get("zone", "")
    try:
        day = date.fromisoformat(said.get("day", ""))
        wall = datetime.combine(day, time.fromisoformat(said.get("start", "")))
        start = starts_at(wall, ZoneInfo(there) if is_zone(there) else zone)
    except (ValueError, OverflowError):
        return values
    local = start.astimezone(zone)
    values |= {"day": local.date().isoformat(), "time": f"{local:%H:%M}", "start": value_of(start)}
    try:
        ends = datetime.combine(day, time.fromisoformat(said.get("end", "")))
    except ValueError:
        return values
    length = int((ends - wall) / _MINUTE)
    return {**values, "minutes": str(length)} if length > 0 else values
