"""What is held about somebody here is taken away, in one transaction; providers are told after it.

A meeting keeps its time, its state and its owner, so that figures and the owner's past stay true.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast, Lower

from booking.enums import MessageKind, Party
from booking.models import (
    BulkCancellation,
    EarlyCancellation,
    EmailCheck,
    IncomingMail,
    MeetingAnswer,
    MeetingChange,
    OutsideInvitation,
    PersonNote,
)
from booking.owners import tables_for, tables_of_person
from booking.services.stopping import forget_stops
from calendars.models import Event
from common.enums import OutboxState
from common.mail import forget_recipients
from common.models import OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase, PersonBase

ERASED_NAME = "Erased person"
_NO_TITLE = "Meeting"


def addresses_of(person: PersonBase, meetings: Iterable[MeetingBase]) -> list[str]:
    """Every address somebody booked under, their record's first; in small letters."""
    found = [person.email.lower(), *(one.booker_email.lower() for one in meetings)]
    return list(dict.fromkeys(address for address in found if address))


def meetings_of_person(person: PersonBase) -> QuerySet[Any]:
    """All their meetings, whoever may see them."""
    tables = tables_of_person(person)
    return tables.meetings().filter(
        workspace=person.workspace_id, **{f"{tables.person_column}_id": person.pk}
    )


def meetings_as_guest(person: PersonBase, addresses: Iterable[str]) -> list[MeetingBase]:
    """Others' meetings of the same scope to which one of the addresses is or was invited."""
    tables = tables_of_person(person)
    rows = tables.meetings().alias(
        guests_text=Cast("guests", TextField()), told_text=Cast("told", TextField())
    )
    named = Q()
    for address in addresses:
        named |= Q(guests_text__icontains=address) | Q(told_text__icontains=f"guest:{address}")
    own = Q(**{f"{tables.person_column}_id": person.pk})
    found = rows.filter(named, **tables.scope_of(person)).exclude(own)
    return [
        one
        for one in found
        if _without(one.guests, addresses) != one.guests
        or _forgotten(one.told, addresses) != one.told
    ]


def wipe_meeting(meeting: MeetingBase, now: datetime) -> None:
    """Take the person out of the locked meeting, and out of what is told of it."""
    link, tables = meeting.link, tables_for(meeting)
    meeting.title = link.title if link is not None else _NO_TITLE
    meeting.booker_name, meeting.booker_email, meeting.booker_phone = ERASED_NAME, "", ""
    meeting.booker_timezone, meeting.booker_language = "UTC", "en"
    meeting.answers, meeting.guests, meeting.told = [], [], {}
    meeting.message = meeting.cancel_reason = meeting.conference_note = ""
    if link is None or meeting.location != link.location:
        meeting.location = ""
    if "overridden" in meeting.receipt:
        meeting.receipt = {**meeting.receipt, "overridden": {}}
    meeting.erased_at = now
    setattr(meeting, f"{tables.person_column}_id", None)
    meeting.save()
    _wipe_history(meeting)
    MeetingAnswer.objects.filter(meeting_id=meeting.pk).delete()
    IncomingMail.objects.filter(meeting_id=meeting.pk).delete()
    # What is still to be mailed has nobody to go to; what is done tells of nobody any more.
    rows = OutboxMessage.objects.filter(workspace_id=meeting.workspace_id, about_id=meeting.pk)
    rows.filter(
        Q(state__in=[OutboxState.SENT, OutboxState.FAILED, OutboxState.CANCELLED])
        | Q(
            kind__in=[MessageKind.NOTIFICATION, MessageKind.REMINDER],
            state=OutboxState.PENDING,
        )
    ).delete()


def wipe_line(event: Event, guest: dict[str, str]) -> None:
    """Take a guest's line off our copy of an event; others' lines stay."""
    whole = f"{guest.get('name', '')} {guest['email']}".strip()
    text = re.sub(re.escape(whole), "", event.description, flags=re.IGNORECASE)
    event.description = re.sub(re.escape(guest["email"]), "", text, flags=re.IGNORECASE)
    event.save(update_fields=["description"])


def wipe_guest(meeting: MeetingBase, addresses: Iterable[str]) -> int:
    """Take the addresses off another's meeting; how many guests that were."""
    kept = _without(meeting.guests, addresses)
    gone = len(meeting.guests) - len(kept)
    meeting.guests = kept
    meeting.told = _forgotten(meeting.told, addresses)
    MeetingAnswer.objects.filter(meeting_id=meeting.pk, email__in=list(addresses)).delete()
    meeting.save(update_fields=["guests", "told", "updated_at"])
    return gone


def wipe_traces(person: PersonBase, addresses: list[str]) -> int:
    """Take the addresses out of proofs, notes, bulk work, what is known of mails, and copies of
    deleted events; how many notes there were.
    """
    notes, _ = PersonNote.objects.filter(
        workspace=person.workspace_id, person_id=person.pk
    ).delete()
    checks = EmailCheck.objects.filter(workspace=person.workspace_id).alias(folded=Lower("email"))
    checks.filter(folded__in=addresses).delete()
    mails = IncomingMail.objects.filter(workspace=person.workspace_id).alias(folded=Lower("sender"))
    mails.filter(folded__in=addresses).delete()
    forget_recipients(*addresses, workspace_id=person.workspace_id)
    forget_stops(*addresses, workspace_id=person.workspace_id)
    for work in BulkCancellation.objects.filter(workspace=person.workspace_id):
        said = json.dumps([work.rules, work.words, work.message, work.failed]).lower()
        if any(address in said for address in addresses):
            work.rules, work.words, work.message, work.failed = {}, ERASED_NAME, "", {}
            work.save()
    for address in addresses:
        buried = Event.objects.filter(workspace_id=person.workspace_id, deleted_at__isnull=False)
        naming(buried, address).update(title="", description="", attendees=[])
    return notes


def wipe_invitations(person: PersonBase, addresses: list[str]) -> set[UUID]:
    """Take away what the addresses invited to; the events that stand for it in calendars, which
    keep their time.
    """
    rows = OutsideInvitation.objects.filter(workspace=person.workspace_id)
    by_them = Q(organizer__in=addresses) | Q(sender__in=addresses)
    EarlyCancellation.objects.filter(by_them, workspace=person.workspace_id).delete()
    theirs = rows.filter(by_them)
    theirs.filter(event_id__isnull=True).delete()
    found = set()
    for one in theirs:
        one.uid = f"erased-{one.pk}"
        one.organizer = one.organizer_name = one.sender = one.guest = ""
        one.title = one.location = one.description = one.note = ""
        one.save()
        found.add(one.event_id)
    return {event_id for event_id in found if event_id is not None}


def wipe_copies(event_ids: Iterable[UUID]) -> None:
    """Take title and text off our copies of the meetings' own events."""
    Event.objects.filter(pk__in=list(event_ids)).update(title="", description="")


def naming(events: QuerySet[Event], address: str) -> QuerySet[Event]:
    """The events whose text or guests name the address."""
    rows = events.annotate(guests_text=Cast("attendees", TextField()))
    return rows.filter(
        Q(title__icontains=address)
        | Q(description__icontains=address)
        | Q(guests_text__icontains=address)
    )


def _wipe_history(meeting: MeetingBase) -> None:
    rows = MeetingChange.objects.filter(workspace=meeting.workspace_id, meeting_id=meeting.pk)
    rows.filter(by=Party.BOOKER).update(name=ERASED_NAME, actor_id="")
    rows.update(message="", reason="")


def guests_with(meeting: MeetingBase, addresses: Iterable[str]) -> list[dict[str, str]]:
    """The meeting's guests that have one of the addresses."""
    kept = _without(meeting.guests, addresses)
    return [guest for guest in meeting.guests if guest not in kept]


def _without(guests: list[dict[str, str]], addresses: Iterable[str]) -> list[dict[str, str]]:
    gone = set(addresses)
    return [guest for guest in guests if guest.get("email", "").lower() not in gone]


def _forgotten(told: dict[str, Any], addresses: Iterable[str]) -> dict[str, Any]:
    """What readers know, without the readers of these addresses."""
    gone = tuple(addresses)
    return {
        reader: known
        for reader, known in told.items()
        if not any(address in f"{reader} {json.dumps(known)}".lower() for address in gone)
    }
