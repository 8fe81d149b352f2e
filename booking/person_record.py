"""Everything that is held about one person, as plain values: the answer to "what do you have?".

It holds what colleagues' own meetings hold of them too, and staff's notes: it is for owners and
admins, who look through it before they hand it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from booking.enums import MessageKind
from booking.models import (
    BookingBlock,
    CrmLead,
    EmailCheck,
    IncomingMail,
    MeetingAnswer,
    MeetingChange,
    OutsideInvitation,
)
from booking.owners import tables_for, tables_of_person
from booking.person_queries import notes_of, whose
from booking.services.wiping import addresses_of, meetings_as_guest, meetings_of_person
from common.models import OutboxMessage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from booking.models import MeetingBase, PersonBase


def record_of(person: PersonBase, now: datetime) -> dict[str, Any]:
    """The whole record; times are instants in UTC."""
    meetings = list(meetings_of_person(person).order_by("start_at"))
    addresses = addresses_of(person, meetings)
    invited = meetings_as_guest(person, addresses)
    workspace_id = person.workspace_id
    return {
        "as_of": _at(now),
        "workspace": person.workspace.name,
        "person": {
            "id": str(person.pk),
            "kind": tables_of_person(person).person_word,
            "client": whose(person),
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "time_zone": person.timezone,
            "language": person.language,
            "known_since": _at(person.created_at),
        },
        "addresses": addresses,
        "meetings": _meetings(person, meetings),
        "invited_to": [
            {
                "meeting_id": str(one.pk),
                "start": _at(one.start_at),
                "end": _at(one.end_at),
                "as": [guest for guest in one.guests if guest["email"].lower() in addresses],
            }
            for one in invited
        ],
        "notes": [
            {
                "at": _at(note.created_at),
                "by": note.author_name,
                "kind": note.kind,
                "text": note.text,
            }
            for note in notes_of(person)
        ],
        "proofs": [
            {"at": _at(check.created_at), "email": check.email, "proved": _at(check.verified_at)}
            for check in EmailCheck.objects.filter(workspace=workspace_id)
            if check.email.lower() in addresses
        ],
        "crm_leads": [
            {
                "email": lead.email,
                "since": _at(lead.created_at),
                "state": lead.state,
                "lead": lead.lead_remote_id,
                "contact": lead.contact_remote_id,
            }
            for lead in CrmLead.objects.filter(workspace=workspace_id, email__in=addresses)
        ],
        "wrote": [
            {
                "at": _at(one.received_at),
                "subject": one.subject,
                "comment": one.comment,
                "proposed": _at(one.proposed_start_at),
            }
            for one in IncomingMail.objects.filter(workspace=workspace_id, sender__in=addresses)
        ],
        "invited_us_to": [
            {
                "title": one.title,
                "start": _at(one.start_at),
                "end": _at(one.end_at),
                "location": one.location,
                "description": one.description,
                "answer": one.state,
            }
            for one in OutsideInvitation.objects.filter(
                workspace=workspace_id, organizer__in=addresses
            )
        ],
        "blocked": [
            {"since": _at(block.created_at), "value": block.value, "reason": block.reason}
            for block in BookingBlock.objects.filter(workspace=workspace_id, value__in=addresses)
        ],
    }


def _meetings(person: PersonBase, meetings: list[MeetingBase]) -> list[dict[str, Any]]:
    ids = [one.pk for one in meetings]
    changes = _by_meeting(
        (str(change.meeting_id), _change(change))
        for change in MeetingChange.objects.filter(
            workspace=person.workspace_id, meeting_id__in=ids
        )
    )
    mails = _by_meeting(
        (str(row.about_id), {"what": row.payload.get("step", ""), "sent": _at(row.sent_at)})
        for row in OutboxMessage.objects.filter(
            workspace_id=person.workspace_id,
            kind=MessageKind.NOTIFICATION,
            about_id__in=ids,
        ).order_by("created_at")
    )
    answers = _by_meeting(
        (str(one.meeting_id), _answer(one))
        for one in MeetingAnswer.objects.filter(workspace=person.workspace_id, meeting_id__in=ids)
    )
    return [
        {
            **_meeting(one),
            "calendar_answers": answers.get(str(one.pk), []),
            "changes": changes.get(str(one.pk), []),
            "mails": mails.get(str(one.pk), []),
        }
        for one in meetings
    ]


def _meeting(meeting: MeetingBase) -> dict[str, Any]:
    owner = getattr(meeting, tables_for(meeting).owner_column.removesuffix("_id"))
    return {
        "id": str(meeting.pk),
        "title": meeting.title,
        "with": str(owner),
        "start": _at(meeting.start_at),
        "end": _at(meeting.end_at),
        "state": meeting.state,
        "booked": _at(meeting.created_at),
        "name": meeting.booker_name,
        "email": meeting.booker_email,
        "phone": meeting.booker_phone,
        "time_zone": meeting.booker_timezone,
        "language": meeting.booker_language,
        "answers": [
            {"question": answer["label"], "answer": answer["answer"]} for answer in meeting.answers
        ],
        "guests": meeting.guests,
        "message": meeting.message,
        "cancel_reason": meeting.cancel_reason,
        "confirmation_sent": _at(meeting.confirmation_sent_at),
    }


def _answer(answer: MeetingAnswer) -> dict[str, Any]:
    return {
        "at": _at(answer.received_at),
        "email": answer.email,
        "answer": answer.answer,
        "comment": answer.comment,
    }


def _change(change: MeetingChange) -> dict[str, Any]:
    return {
        "at": _at(change.at),
        "kind": change.kind,
        "by": change.by,
        "name": change.name,
        "was_start": _at(change.was_start_at),
        "was_end": _at(change.was_end_at),
        "start": _at(change.start_at),
        "end": _at(change.end_at),
        "message": change.message,
        "reason": change.reason,
    }


def _by_meeting(rows: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for meeting_id, row in rows:
        found.setdefault(meeting_id, []).append(row)
    return found


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
