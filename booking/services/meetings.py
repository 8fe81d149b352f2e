"""Booking a meeting: the decision in three steps, and one transaction that keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, OperationalError, transaction
from django.utils.translation import gettext as _

from booking.booker import MAX_TEXT, Booker, clean_booker, clean_text
from booking.enums import DegradedMode, MeetingState
from booking.errors import BusyUnknown, LinkClosed, SlotTaken
from booking.guests import clean_guests
from booking.models import BookingLink
from booking.owners import meeting_tables, owner_of_link, tables_of
from booking.questions import parse_questions, read_answers
from booking.receipts import receipt_of
from booking.services import rooms
from booking.services.availability import (
    Terms,
    expects_conference,
    nearest_starts,
    refuse_closed,
    terms_of,
)
from booking.services.bookers import person_id
from booking.services.delivery import enqueue_deliveries
from booking.services.seats import take_place
from booking.services.verdicts import instant_of, live_busy, raise_refusal, refusal_of
from booking.tokens import hash_manage_token, manage_token
from calendars.enums import ConferenceState
from calendars.owners import booking_calendar_of
from calendars.services.busy import BusyAnswer, counting_calendars
from common.errors import DomainError, InvalidInput, UpstreamError
from common.spans import Span
from common.statements import Insert, Select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.actors import Actor
    from booking.models import MeetingBase
    from booking.owners import BookingTables
    from workspaces.owners import Owner

_LINK = Select(lambda pk: BookingLink.objects.filter(pk=pk), pk=UUID)
_MEETINGS = {tables.kind: Insert(tables.meeting) for tables in meeting_tables()}


@dataclass(frozen=True, slots=True)
class _Wish:
    """One submit, cleaned."""

    link: BookingLink
    tables: BookingTables
    start: datetime
    duration: timedelta
    booker: Booker
    answers: list[dict[str, str]]
    message: str
    guests: list[dict[str, str]]
    submit_key: str
    actor: Actor

    @property
    def span(self) -> Span:
        return Span(self.start, self.start + self.duration)

    def earlier(self) -> MeetingBase | None:
        """The meeting an earlier copy of this submit made."""
        found: MeetingBase | None = (
            self.tables.meetings().filter(link=self.link, submit_key=self.submit_key).first()
        )
        return found


def book_meeting(
    *,
    link: BookingLink,
    start: datetime,
    duration: timedelta,
    booker: Booker,
    submit_key: str,
    now: datetime,
    actor: Actor,
    answers: Mapping[str, str] | None = None,
    message: str = "",
    guests: Sequence[Mapping[str, str]] = (),
) -> MeetingBase:
    """Book exactly this time (aware) through the link, or return what this submit already booked.

    The meeting is confirmed, or requested when the link asks for approval or is allowed to take
    requests while a calendar cannot be read. Event and mails follow from the outbox.

    Raises InvalidInput naming the field, LinkClosed, SlotTaken with the nearest open times, and
    BusyUnknown when a calendar that counts cannot be read. Never call it within a transaction.
    """
    clean = clean_booker(booker)
    wish = _Wish(
        link=link,
        tables=tables_of(link.owner_kind),
        start=instant_of(start),
        duration=duration,
        booker=clean,
        answers=read_answers(parse_questions(link.questions), answers or {}),
        message=clean_text(message, "message")[:MAX_TEXT],
        guests=_guests_of(link, guests, clean),
        submit_key=submit_key,
        actor=actor,
    )
    try:
        return _book(wish, now)
    except DomainError as refusal:
        # The key is unique, so a repeat is always refused; the first copy may have been booked.
        earlier = wish.earlier()
        if earlier is not None:
            return earlier
        if not isinstance(refusal, SlotTaken):
            raise
        taken = refusal
    nearest = nearest_starts(terms=terms_of(link, duration), start=wish.start, now=now, actor=actor)
    raise SlotTaken(taken.message, nearest) from taken


def _guests_of(
    link: BookingLink, guests: Sequence[Mapping[str, str]], booker: Booker
) -> list[dict[str, str]]:
    """Raises InvalidInput naming `guests` or a part of it."""
    if guests and not link.takes_guests:
        raise InvalidInput("guests", _("This link takes no guests."))
    return clean_guests(guests, booker.email)


def check_start(
    *, link: BookingLink, start: datetime, duration: timedelta, now: datetime, actor: Actor
) -> None:
    """Raise what `book_meeting` would raise at once for this time; asks no calendar about it.

    Raises InvalidInput naming the field, LinkClosed, and SlotTaken with the nearest open times.
    """
    terms = terms_of(link, duration)
    refuse_closed(link, terms.owner, now)
    moment = instant_of(start)
    span = Span(moment, moment + duration)
    try:
        raise_refusal(refusal_of(terms, span, now, busy=()))
    except SlotTaken as taken:
        nearest = nearest_starts(terms=terms, start=moment, now=now, actor=actor)
        raise SlotTaken(taken.message, nearest) from taken


def _book(wish: _Wish, now: datetime) -> MeetingBase:
    """The three steps. Raises SlotTaken without nearest times."""
    owner = owner_of_link(wish.link)
    refuse_closed(wish.link, owner, now)
    terms = terms_of(wish.link, wish.duration, owner=owner)
    try:
        busy = _read_live(wish, owner, terms, now)
    except BusyUnknown:
        # Rivals queue at a slow calendar; by now one of them may have the time.
        raise_refusal(refusal_of(terms, wish.span, now, busy=()))
        raise
    if busy is not None and busy.spans:
        raise_refusal(refusal_of(terms, wish.span, now, busy=busy.spans))
    waits_for_link = (
        busy is not None
        and expects_conference(wish.link)
        and booking_calendar_of(owner) is not None
    )
    for is_last in (False, True):
        try:
            return _keep(wish, owner, busy, now, waits_for_link=waits_for_link)
        except IntegrityError as error:
            raise SlotTaken from error
        except OperationalError as error:
            # A deadlock or a lock that did not come in time; the other side has finished since.
            if is_last:
                raise SlotTaken from error
    raise AssertionError("unreachable")  # the last turn returns or raises


def _read_live(wish: _Wish, owner: Owner, terms: Terms, now: datetime) -> BusyAnswer | None:
    """What the calendars say now; None when unreadable and the link takes requests meanwhile.

    A provider is asked only about a time that the rules and our own promises leave open. Without
    a calendar there is nobody to ask, and `_keep` is about to look at those anyway.
    """
    needed = terms.held(wish.span)
    try:
        calendars = counting_calendars(owner)
        if not calendars:
            return BusyAnswer((), ())
        raise_refusal(refusal_of(terms, wish.span, now, busy=()))
        return live_busy(owner, needed, actor=wish.actor, calendars=calendars)
    except UpstreamError as error:
        if terms.degraded_mode is DegradedMode.REFUSE:
            raise BusyUnknown from error
        return None


def _keep(
    wish: _Wish, owner: Owner, busy: BusyAnswer | None, now: datetime, *, waits_for_link: bool
) -> MeetingBase:
    """Check our own rows again under the owner's lock and write everything in one transaction."""
    with transaction.atomic():
        try:
            owner.lock()
        except ObjectDoesNotExist as error:
            raise LinkClosed from error
        link = _LINK.first(pk=wish.link.pk)
        if link is None:
            raise LinkClosed
        refuse_closed(link, owner, now)
        terms = terms_of(link, wish.duration, owner=owner)
        raise_refusal(refusal_of(terms, wish.span, now, busy=()))
        meeting = _insert(wish, terms, busy, now, waits_for_link=waits_for_link)
        enqueue_deliveries(meeting)
    return meeting


def _insert(
    wish: _Wish, terms: Terms, busy: BusyAnswer | None, now: datetime, *, waits_for_link: bool
) -> MeetingBase:
    owner, tables, booker, link = terms.owner, wish.tables, wish.booker, wish.link
    is_request = terms.needs_approval or busy is None
    is_pending = waits_for_link and not is_request
    meeting_id = uuid4()
    place = take_place(owner=owner, link=link, span=wish.span, held=terms.held(wish.span))
    columns: dict[str, Any] = {
        tables.owner_column: owner.id,
        f"{tables.person_column}_id": person_id(tables, owner, booker),
    }
    meeting = tables.meeting(
        id=meeting_id,
        workspace=owner.workspace,
        link=link,
        title=link.title,
        start_at=wish.span.start,
        end_at=wish.span.end,
        state=MeetingState.REQUESTED if is_request else MeetingState.CONFIRMED,
        booker_name=booker.name,
        booker_email=booker.email,
        booker_phone=booker.phone,
        booker_timezone=booker.timezone,
        booker_language=booker.language,
        answers=wish.answers,
        message=wish.message,
        guests=wish.guests,
        uid=f"{meeting_id}@{settings.ICS_DOMAIN}",
        hold=place.hold,
        group_id=place.group_id,
        seat=place.seat,
        location=link.location,
        room_id=None
        if is_request
        else rooms.room_for(
            workspace=owner.workspace, link=link, meeting_id=meeting_id, group_id=place.group_id
        ),
        conference_state=ConferenceState.PENDING if is_pending else ConferenceState.NONE,
        manage_token_hash=hash_manage_token(manage_token(meeting_id)),
        submit_key=wish.submit_key,
        receipt=receipt_of(terms.rules, busy, now),
        **columns,
    )
    _MEETINGS[tables.kind].run(meeting)
    rooms.follow(meeting)
    return meeting
