"""Booking for somebody else: staff put a contact's or prospect's meeting into an owner's time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction

from booking.booker import Booker, clean_booker, clean_text
from booking.enums import ChangeKind, MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.guests import clean_guests
from booking.owners import owner_of_link, tables_of
from booking.questions import optional, parse_questions, read_answers
from booking.questions import unanswered as unanswered_of
from booking.receipts import receipt_of
from booking.services import rooms
from booking.services.availability import (
    Terms,
    durations_of,
    nearest_starts,
    terms_of,
    terms_of_owner,
)
from booking.services.bookers import person_id
from booking.services.delivery import enqueue_deliveries
from booking.services.following import expect_event
from booking.services.history import Doer, record
from booking.services.keeping import once_more
from booking.services.seats import take_place
from booking.services.verdicts import instant_of, live_busy, span_to_hold, with_length_of
from booking.tokens import hash_manage_token, manage_token
from common.errors import DomainError, InvalidInput, UpstreamError
from common.spans import Span
from conferencing.enums import Conference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from booking.models import BookingLink, MeetingBase
    from booking.owners import BookingTables
    from calendars.services.busy import BusyAnswer
    from workspaces.owners import Owner

MAX_TITLE = 200


@dataclass(frozen=True, slots=True)
class _Wish:
    """One submit, cleaned."""

    owner: Owner
    link: BookingLink | None
    span: Span
    booker: Booker
    guests: list[dict[str, str]]
    title: str
    message: str
    answers: list[dict[str, str]]
    conference: str
    location: str
    submit_key: str
    overriding: str
    unanswered: str
    doer: Doer

    @property
    def reason(self) -> str:
        """Why rules were set aside, of the time and of the questions."""
        return " ".join(filter(None, (self.overriding, self.unanswered)))

    @property
    def tables(self) -> BookingTables:
        return tables_of(self.owner.kind)

    def earlier(self) -> MeetingBase | None:
        """The meeting an earlier copy of this submit made."""
        rows = self.tables.meetings().filter(workspace=self.owner.workspace)
        found: MeetingBase | None = rows.filter(submit_key=self.submit_key).first()
        return found

    def terms(self) -> Terms:
        if self.link is None:
            return terms_of_owner(self.owner, self.span.duration)
        offered = durations_of(self.link)
        return with_length_of(terms_of(self.link, offered[0], owner=self.owner), self.span)


def book_for(
    *,
    owner: Owner,
    link: BookingLink | None,
    start: datetime,
    duration: timedelta,
    booker: Booker,
    doer: Doer,
    now: datetime,
    submit_key: str,
    overriding: str = "",
    guests: Sequence[Mapping[str, str]] = (),
    title: str = "",
    message: str = "",
    answers: Mapping[str, str] | None = None,
    unanswered: str = "",
    conference: Conference = Conference.AUTO,
    location: str = "",
) -> MeetingBase:
    """Book a confirmed meeting for somebody, or return what this submit already booked.

    With a link its terms, title, place and join link hold; without one a title is needed and
    `conference` and `location` say where. Rules may be set aside with `overriding`, a reason that
    is kept; what overlaps another promise or event is never overridden. Where `answers` are given,
    the link's questions were asked: one that needs an answer stays without only for the reason
    `unanswered`, which is kept as well. Event and mails follow from the outbox.

    Raises InvalidInput naming the field, SlotTaken with the nearest open times, and BusyUnknown
    when a calendar that counts cannot be read. Never call it within a transaction.
    """
    moment = instant_of(start)
    if not timedelta(minutes=5) <= duration <= timedelta(days=1):
        raise InvalidInput("duration", "Give a length from 5 to 1440 minutes.")
    if link is not None and owner_of_link(link).id != owner.id:
        raise InvalidInput("link", "Choose one of this person's own links.")
    without = clean_text(unanswered, "unanswered") if answers is not None else ""
    wish = _Wish(
        owner=owner,
        link=link,
        span=Span(moment, moment + duration),
        booker=clean_booker(booker),
        guests=clean_guests(guests, booker.email),
        title=_title(title, link),
        message=clean_text(message, "message"),
        answers=_answers(link, answers, without),
        conference="" if link else conference.value,
        location=link.location if link else " ".join(clean_text(location, "location").split()),
        submit_key=submit_key,
        overriding=clean_text(overriding, "overriding"),
        unanswered=without,
        doer=doer,
    )
    try:
        return _book(wish, now)
    except DomainError as refusal:
        earlier = wish.earlier()
        if earlier is not None:
            return earlier
        if not isinstance(refusal, SlotTaken):
            raise
        taken = refusal
    nearest = nearest_starts(terms=wish.terms(), start=moment, now=now, actor=doer.actor)
    raise SlotTaken(taken.message, nearest) from taken


def _answers(
    link: BookingLink | None, given: Mapping[str, str] | None, without: str
) -> list[dict[str, str]]:
    """Raises InvalidInput naming `answers.<key>`, or `unanswered` where the reason is missing."""
    if link is None or given is None:
        return []
    questions = parse_questions(link.questions)
    missing = unanswered_of(questions, given)
    if missing and not without:
        words = f"\u201c{missing[0].label}\u201d has no answer."
        raise InvalidInput("unanswered", f"{words} Say why to book it all the same.")
    return read_answers(optional(questions), given)


def _title(title: str, link: BookingLink | None) -> str:
    text = " ".join(clean_text(title, "title").split())
    if len(text) > MAX_TITLE:
        raise InvalidInput("title", f"Use at most {MAX_TITLE} characters.")
    if not text and link is None:
        raise InvalidInput("title", "Say what the meeting is about.")
    return text or (link.title if link else "")


def _book(wish: _Wish, now: datetime) -> MeetingBase:
    terms = wish.terms()
    _held(wish, terms, now, ())
    try:
        busy = live_busy(wish.owner, terms.held(wish.span), actor=wish.doer.actor)
    except UpstreamError as error:
        raise BusyUnknown from error
    _held(wish, terms, now, busy.spans)
    try:
        return once_more(lambda: _keep(wish, busy, now))
    except IntegrityError as error:
        raise SlotTaken from error


def _held(wish: _Wish, terms: Terms, now: datetime, busy: tuple[Span, ...]) -> Span:
    return span_to_hold(terms, wish.span, now, busy=busy, overriding=wish.overriding)


def _keep(wish: _Wish, busy: BusyAnswer, now: datetime) -> MeetingBase:
    with transaction.atomic():
        wish.owner.lock()
        terms = wish.terms()
        meeting = _insert(wish, terms, busy, _held(wish, terms, now, busy.spans), now)
        record(
            meeting=meeting,
            kind=ChangeKind.BOOKED,
            doer=wish.doer,
            now=now,
            reason=wish.reason,
        )
        enqueue_deliveries(meeting)
    return meeting


def _insert(wish: _Wish, terms: Terms, busy: BusyAnswer, held: Span, now: datetime) -> MeetingBase:
    owner, tables, booker = wish.owner, wish.tables, wish.booker
    meeting_id = uuid.uuid4()
    receipt = receipt_of(terms.rules, busy, now)
    if wish.reason:
        receipt["overridden"] = {"reason": wish.reason, "by": wish.doer.name}
    columns: dict[str, Any] = {
        f"{tables.owner_column}": owner.id,
        f"{tables.person_column}_id": person_id(tables, owner, booker),
    }
    meeting: MeetingBase = tables.meeting(
        id=meeting_id,
        workspace=owner.workspace,
        link=wish.link,
        title=wish.title,
        start_at=wish.span.start,
        end_at=wish.span.end,
        state=MeetingState.CONFIRMED,
        booker_name=booker.name,
        booker_email=booker.email,
        booker_phone=booker.phone,
        booker_timezone=booker.timezone,
        booker_language=booker.language,
        answers=wish.answers,
        guests=wish.guests,
        message=wish.message,
        uid=f"{meeting_id}@{settings.ICS_DOMAIN}",
        location=wish.location,
        wanted_conference=wish.conference,
        manage_token_hash=hash_manage_token(manage_token(meeting_id)),
        submit_key=wish.submit_key,
        receipt=receipt,
        **columns,
    )
    take_place(owner=owner, link=wish.link, span=wish.span, held=held).put(meeting)
    expect_event(meeting, owner)
    meeting.save(force_insert=True)
    rooms.follow(meeting)
    return meeting
