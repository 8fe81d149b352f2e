"""Erasing somebody: everything that is held about them, here at once and at providers after it.

What is to be done is an outbox message, so that it goes on where a process died. Meetings to come
are called off first; then one transaction takes the person away everywhere here; then each event
at a provider is a message of its own, tried until it is done and shown until then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.actors import Actor
from audit.enums import AccessReason, ActorKind, Outcome
from audit.models import OAuthTokenAccessLog
from audit.services import log
from booking.enums import CrmLeadState, MeetingState, MessageKind, Party
from booking.models import BookingBlock, CrmLead, ErasedAddress, Erasure
from booking.owners import meeting_tables, tables_of, tables_of_person
from booking.services.changes import Doer, cancel_meeting
from booking.services.crm_wiping import forget_person
from booking.services.events import event_at
from booking.services.wiping import (
    addresses_of,
    guests_with,
    meetings_as_guest,
    meetings_of_person,
    naming,
    wipe_copies,
    wipe_guest,
    wipe_invitations,
    wipe_line,
    wipe_meeting,
    wipe_traces,
)
from calendars.models import Calendar, Event
from common import outbox
from common.enums import OutboxState
from common.errors import Conflict
from common.mailboxes import mailbox_of
from common.models import OutboxMessage

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from booking.models import MeetingBase, PersonBase
    from workspaces.models import User, Workspace

_SALT = "booking.erasure"
# What an erasure has to follow up outside.
ELSEWHERE = (MessageKind.ERASED_EVENT, MessageKind.ERASED_NOTE)
_LOOK_AGAIN = timedelta(seconds=2)
# A mail that cannot be sent holds the erasure up no longer than this.
WAITS_FOR_MAILS = timedelta(minutes=10)
_STANDS = (MeetingState.CONFIRMED, MeetingState.REQUESTED)


@dataclass(frozen=True, slots=True)
class Held:
    """What is held about somebody: counted for the question before an erasure.

    `blocked` says that the block list names an address of theirs; `events` are events of staff
    that name one, which nobody touches, `leads` those in the CRM, which are the workspace's own.
    """

    meetings: int
    upcoming: int
    as_guest: int
    blocked: bool
    events: int
    leads: int = 0
    addresses: list[str] = field(default_factory=list)


def held_about(person: PersonBase, now: datetime) -> Held:
    """What an erasure would reach, and what it would leave to people."""
    meetings = list(meetings_of_person(person))
    addresses = addresses_of(person, meetings)
    theirs: set[UUID] = set()
    for address in addresses:
        events = Event.objects.filter(workspace_id=person.workspace_id, deleted_at__isnull=True)
        theirs.update(naming(events, address).values_list("pk", flat=True))
    for tables in meeting_tables():
        booked = tables.meeting._default_manager.filter(calendar_event_id__in=theirs)
        theirs.difference_update(booked.values_list("calendar_event_id", flat=True))
    leads = CrmLead.objects.filter(
        workspace=person.workspace_id, email__in=addresses, state=CrmLeadState.READY
    )
    known = {*addresses, *map(mailbox_of, addresses)}
    blocks = BookingBlock.objects.filter(workspace=person.workspace_id, value__in=known)
    return Held(
        meetings=len(meetings),
        upcoming=sum(one.state in _STANDS and one.end_at > now for one in meetings),
        as_guest=len(meetings_as_guest(person, addresses)),
        blocked=blocks.exists(),
        events=len(theirs),
        leads=leads.count(),
        addresses=addresses,
    )


def erase_person(*, person: PersonBase, by: User, tells_booker: bool) -> Erasure:
    """Begin to erase the person, and do at once what can be done here; asked twice it is one.

    With `tells_booker` their meetings to come are called off with a mail, else without a word.
    Never call it within a transaction.
    """
    tables = tables_of_person(person)
    with transaction.atomic():
        erasure, is_new = Erasure.objects.get_or_create(
            person_id=person.pk,
            defaults={
                "workspace_id": person.workspace_id,
                "owner_kind": tables.kind,
                "scope_id": getattr(person, "client_id", None),
                "by": by,
                "by_name": by.get_full_name(),
                "tells_booker": tells_booker,
            },
        )
        if is_new:
            outbox.enqueue(
                kind=MessageKind.ERASURE,
                payload={"erasure_id": str(erasure.pk)},
                dedupe_key=f"erasure:{erasure.pk}",
                workspace_id=person.workspace_id,
            )
    work_off(erasure)
    erasure.refresh_from_db()
    return erasure


def work_off(erasure: Erasure) -> None:
    """Do now whatever of it waits or has failed; another worker's part is left to it."""
    for message in messages_of(erasure).exclude(state=OutboxState.SENT):
        outbox.deliver_now(message)


def messages_of(erasure: Erasure) -> QuerySet[OutboxMessage]:
    """What was or is to be done for it, oldest first."""
    rows = OutboxMessage.objects.filter(
        workspace_id=erasure.workspace_id,
        kind__in=[MessageKind.ERASURE, *ELSEWHERE],
        payload__erasure_id=str(erasure.pk),
    )
    return rows.order_by("created_at")


def erasures_of(workspace: Workspace) -> QuerySet[Erasure]:
    """Who was erased there is not known any more; that somebody was, by whom and when, is."""
    return Erasure.objects.filter(workspace=workspace)


def was_erased(workspace: Workspace, email: str) -> list[Erasure]:
    """The erasures of whoever had this address, the latest first."""
    hashes = [_hash(workspace.pk, email, key) for key in _keys()]
    return list(erasures_of(workspace).filter(addresses__address_hash__in=hashes).distinct())


def handle_erasure(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.erasure`. Raises NotYet while a mail is on its way."""
    erasure = Erasure.objects.filter(pk=UUID(message.payload["erasure_id"])).first()
    if erasure is None:
        return
    now = timezone.now()
    if erasure.wiped_at is None:
        person = tables_of(erasure.owner_kind).people().filter(pk=erasure.person_id).first()
        if person is not None:
            _call_off(erasure, person, now)
            _wait_for_mails(erasure, person, now)
            _wipe(erasure, person, now)
        erasure.refresh_from_db()
    _append_tombstone(erasure)
    finish(erasure)


def finish(erasure: Erasure, *, but: OutboxMessage | None = None) -> None:
    """Note that nothing is left to do once it is so, `but` for a message that is being closed."""
    left = messages_of(erasure).filter(kind__in=ELSEWHERE)
    left = left.exclude(state=OutboxState.SENT)
    if erasure.wiped_at and not (left.exclude(pk=but.pk) if but else left).exists():
        Erasure.objects.filter(pk=erasure.pk, finished_at__isnull=True).update(
            finished_at=timezone.now()
        )


def _call_off(erasure: Erasure, person: PersonBase, now: datetime) -> None:
    """Cancel what is still to come. Without a word, the booker's mails are withdrawn again."""
    for meeting in meetings_of_person(person).filter(state__in=_STANDS, end_at__gt=now):
        with transaction.atomic():
            try:
                cancel_meeting(meeting=meeting, doer=_doer(erasure), now=now)
            except Conflict:
                continue  # it ended or was declined meanwhile
            if not erasure.tells_booker:
                _mails_of([meeting]).delete()


def _wait_for_mails(erasure: Erasure, person: PersonBase, now: datetime) -> None:
    if not erasure.tells_booker or now > erasure.created_at + WAITS_FOR_MAILS:
        return
    if _mails_of(meetings_of_person(person)).exists():
        raise outbox.NotYet(now + _LOOK_AGAIN)


def _mails_of(meetings: object) -> QuerySet[OutboxMessage]:
    ids = [one.pk for one in meetings]  # type: ignore[attr-defined]
    return OutboxMessage.objects.filter(
        kind=MessageKind.NOTIFICATION, state=OutboxState.PENDING, about_id__in=ids
    )


def _wipe(erasure: Erasure, person: PersonBase, now: datetime) -> None:
    """Take the person away everywhere here, whole or not at all."""
    tables = tables_of_person(person)
    with transaction.atomic():
        locked = tables.person._default_manager.select_for_update().filter(pk=person.pk).first()
        if locked is None:
            return
        rows = meetings_of_person(person).select_for_update(of=("self",))
        meetings: list[MeetingBase] = list(rows.order_by("pk"))
        if any(one.state in _STANDS and one.end_at > now for one in meetings):
            raise outbox.NotYet(now)  # booked a moment ago: called off first
        addresses = addresses_of(person, meetings)
        invited = meetings_as_guest(person, addresses)
        events = {one.calendar_event_id for one in [*meetings, *invited] if one.calendar_event_id}
        unreachable = _unreachable(meetings)
        named = _wipe_lines(invited, addresses)
        guests = sum(wipe_guest(one, addresses) for one in invited)
        for meeting in meetings:
            wipe_meeting(meeting, now)
        notes = wipe_traces(person, addresses)
        in_crm = forget_person(erasure, meetings, addresses, now)
        events |= wipe_invitations(person, addresses)
        wipe_copies(events)
        events |= named
        locked.delete()
        for event_id in Event.objects.filter(pk__in=events, deleted_at__isnull=True).values_list(
            "pk", flat=True
        ):
            _enqueue_event(erasure, event_id)
        erasure.wiped_at = now
        erasure.counts = {
            "meetings": len(meetings),
            "guest_entries": guests,
            "notes": notes,
            "events": len(events),
            "events_out_of_reach": unreachable,
            **in_crm,
        }
        erasure.save()
        ErasedAddress.objects.bulk_create(
            [
                ErasedAddress(
                    erasure=erasure,
                    address_hash=_hash(erasure.workspace_id, address, settings.SECRET_KEY),
                )
                for address in addresses
            ],
            ignore_conflicts=True,
        )


def _wipe_lines(invited: list[MeetingBase], addresses: list[str]) -> set[UUID]:
    """Take the guests' lines off our copies of those meetings' events; which events had some."""
    found: set[UUID] = set()
    for meeting in invited:
        event = event_at(meeting.calendar_event_id) if meeting.calendar_event_id else None
        for guest in guests_with(meeting, addresses):
            if event is not None and guest["email"].lower() in event.description.lower():
                wipe_line(event, guest)
                found.add(event.pk)
    return found


def _unreachable(meetings: list[MeetingBase]) -> int:
    """How many events stand in calendars that are connected no more."""
    written = {one.calendar_id for one in meetings if one.calendar_event_id and one.calendar_id}
    there = set(Calendar.objects.filter(pk__in=written).values_list("pk", flat=True))
    return sum(
        1 for one in meetings if one.calendar_event_id and one.calendar_id in written - there
    )


def _enqueue_event(erasure: Erasure, event_id: UUID) -> None:
    outbox.enqueue(
        kind=MessageKind.ERASED_EVENT,
        payload={"erasure_id": str(erasure.pk), "event_id": str(event_id)},
        dedupe_key=f"erasure:{erasure.pk}:{event_id}",
        workspace_id=erasure.workspace_id,
    )


def _append_tombstone(erasure: Erasure) -> None:
    """One row of the append-only log: who erased somebody and when. It names the erasure alone."""
    if not erasure.wiped_at:
        return
    rows = OAuthTokenAccessLog.objects.filter(
        workspace_id=erasure.workspace_id,
        connection_id=erasure.pk,
        reason=AccessReason.PERSON_ERASE,
    )
    if rows.exists():
        return
    entry = log.Entry(
        connection_id=erasure.pk,
        connection_email="",
        provider="",
        reason=AccessReason.PERSON_ERASE,
        outcome=Outcome.GRANTED,
        target=f"erasure {erasure.pk}",
    )
    log.append(workspace_id=erasure.workspace_id, actor=_doer(erasure).actor, entries=[entry])


def _doer(erasure: Erasure) -> Doer:
    by = erasure.by
    name = by.email if by else erasure.by_name
    actor = Actor(kind=ActorKind.USER, id=str(erasure.by_id or ""), name=name)
    return Doer(Party.OWNER, actor, erasure.by_name)


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _hash(workspace_id: UUID, email: str, key: str) -> str:
    """A keyed hash: without the key nobody can try addresses against it."""
    value = f"{workspace_id}\n{email.strip().lower()}"
    return salted_hmac(_SALT, value, secret=key, algorithm="sha256").hexdigest()
