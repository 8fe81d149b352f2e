"""A meeting as the API tells of it: all of it to staff, their own part to bookers."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from booking.enums import Answer, MeetingState, Party
from booking.joining import first_link
from booking.owners import host_of_meeting, public_name, tables_for
from booking.services.answers import answers_of, is_current
from booking.tokens import manage_token
from calendars.api.drafts import StrictSerializer
from common.errors import InvalidInput
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from booking.models import MeetingAnswer, MeetingBase

MOST = 100


class BookerOutput(serializers.Serializer[Any]):
    """Who booked, as they typed it; blank once they were erased."""

    name = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    tz = serializers.CharField()
    language = serializers.CharField()


class GuestShape(serializers.Serializer[Any]):
    """Somebody the booker brings along."""

    email = serializers.CharField(max_length=254)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True)


class AnswerOutput(serializers.Serializer[Any]):
    """What was asked, and what was answered."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    answer = serializers.CharField()


class ReplyOutput(serializers.Serializer[Any]):
    """What the booker or a guest answered in their calendar."""

    email = serializers.CharField()
    answer = serializers.ChoiceField(choices=Answer.choices)
    is_current = serializers.BooleanField(help_text="To the time that the meeting has now.")
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class ConferenceShape(serializers.Serializer[Any]):
    """How the meeting is joined."""

    kind = serializers.CharField(help_text="`meet`, `teams`, `zoom`, or blank.")
    state = serializers.CharField(help_text="`pending`, `ready`, `failed`, or blank.")
    join_url = serializers.CharField(help_text="Blank until there is one.")
    note = serializers.CharField(help_text="Why there is none; blank otherwise.")


class MeetingOutput(serializers.Serializer[Any]):
    """A meeting to its booker: its id stands in `meeting_id` (client mode) or `sales_meeting_id`.

    `manage_token` opens it: send it as `X-Manage-Token` to read, cancel or move the meeting.
    """

    ok = serializers.BooleanField()
    meeting_id = serializers.UUIDField(required=False)
    sales_meeting_id = serializers.UUIDField(required=False)
    state = serializers.ChoiceField(choices=MeetingState.choices)
    title = serializers.CharField()
    host = serializers.CharField(help_text="With whom.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    tz = serializers.CharField()
    location = serializers.CharField()
    join_url = serializers.CharField(help_text="Blank until there is one.")
    guests = GuestShape(many=True)
    url = serializers.CharField(help_text="The booker's own page of it; blank without a link.")
    manage_token = serializers.CharField()


@extend_schema_serializer(component_name="MeetingDetail")
class MeetingDetailOutput(serializers.Serializer[Any]):
    """A meeting to staff."""

    ok = serializers.BooleanField()
    meeting_id = serializers.UUIDField(required=False)
    sales_meeting_id = serializers.UUIDField(required=False)
    client_id = serializers.UUIDField(required=False, help_text="Whose meeting (client mode).")
    user_id = serializers.UUIDField(required=False, help_text="Whose meeting (internal mode).")
    person_id = serializers.UUIDField(
        allow_null=True, help_text="The contact or prospect; null once they were erased."
    )
    link = serializers.CharField(allow_null=True, help_text="The slug it was booked through.")
    state = serializers.ChoiceField(choices=MeetingState.choices)
    title = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    booker = BookerOutput()
    guests = GuestShape(many=True)
    answers = AnswerOutput(many=True)
    replies = ReplyOutput(many=True)
    message = serializers.CharField()
    location = serializers.CharField()
    conference = ConferenceShape()
    calendar_event_id = serializers.UUIDField(allow_null=True)
    confirmation_sent_at = serializers.DateTimeField(allow_null=True)
    cancelled_by = serializers.ChoiceField(choices=["", *Party.values])
    cancel_reason = serializers.CharField()
    sequence = serializers.IntegerField(help_text="Rises with each change of time or state.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class MeetingListOutput(serializers.Serializer[Any]):
    """A page of meetings, by start; `next` is the cursor of the following page, if there is one."""

    ok = serializers.BooleanField()
    meetings = MeetingDetailOutput(many=True)
    next = serializers.CharField(allow_null=True)


class MeetingQuery(StrictSerializer):
    """What narrows the list; all of it together."""

    state = serializers.ChoiceField(choices=MeetingState.choices, required=False)
    link = serializers.CharField(max_length=60, required=False, help_text="A link's slug.")
    client_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False)
    email = serializers.CharField(
        max_length=254, required=False, help_text="The booker's address, whole."
    )
    updated_since = serializers.DateTimeField(
        required=False, help_text="Changed at that instant or after it."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=50)
    cursor = serializers.CharField(
        max_length=200, required=False, help_text="`next` of the page before."
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language and cannot name an attribute.
        fields = super().get_fields()
        fields["from"] = serializers.DateTimeField(
            required=False, help_text="Starts at that instant or after it."
        )
        fields["to"] = serializers.DateTimeField(
            required=False, help_text="Starts before that instant."
        )
        return fields


def to_booker(meeting: MeetingBase) -> dict[str, Any]:
    """The meeting as its booker may know it."""
    token = manage_token(meeting.id, meeting.manage_token_hash)
    page = reverse("booking:book_done", args=[meeting.link.slug, token]) if meeting.link else ""
    return {
        "ok": True,
        tables_for(meeting).id_field: str(meeting.id),
        "state": meeting.state,
        "title": meeting.title,
        "host": public_name(host_of_meeting(meeting)),
        "start": meeting.start_at.isoformat(),
        "end": meeting.end_at.isoformat(),
        "tz": meeting.booker_timezone,
        "location": meeting.location,
        "join_url": first_link(meeting, LinkKind.BOOKER),
        "guests": meeting.guests,
        "url": f"{settings.PUBLIC_URL}{page}" if page else "",
        "manage_token": token,
    }


def to_former_owner(meeting: MeetingBase) -> dict[str, Any]:
    """The meeting as they gave it away: where and how it is joined now is the new owner's."""
    unknown = {"kind": "", "state": "", "join_url": "", "note": ""}
    return {**to_staff(meeting), "conference": unknown, "calendar_event_id": None}


def all_to_staff(meetings: Sequence[MeetingBase]) -> list[dict[str, Any]]:
    """The meetings as staff know them; one query for all their replies."""
    replies = answers_of(meetings)
    return [to_staff(one, replies[one.pk].values()) for one in meetings]


def to_staff(
    meeting: MeetingBase, replies: Iterable[MeetingAnswer] | None = None
) -> dict[str, Any]:
    """The meeting as staff know it."""
    if replies is None:
        replies = answers_of([meeting])[meeting.pk].values()
    tables = tables_for(meeting)
    person_id = getattr(meeting, f"{tables.person_column}_id")
    return {
        "ok": True,
        tables.id_field: str(meeting.id),
        tables.owner_column: str(getattr(meeting, tables.owner_column)),
        "person_id": person_id and str(person_id),
        "link": meeting.link.slug if meeting.link else None,
        "state": meeting.state,
        "title": meeting.title,
        "start": meeting.start_at.isoformat(),
        "end": meeting.end_at.isoformat(),
        "booker": {
            "name": meeting.booker_name,
            "email": meeting.booker_email,
            "phone": meeting.booker_phone,
            "tz": meeting.booker_timezone,
            "language": meeting.booker_language,
        },
        "guests": meeting.guests,
        "answers": meeting.answers,
        "replies": [
            {
                "email": one.email,
                "answer": one.answer,
                "is_current": is_current(one, meeting),
                "comment": one.comment,
                "at": one.received_at.isoformat(),
            }
            for one in replies
        ],
        "message": meeting.message,
        "location": meeting.location,
        "conference": {
            "kind": meeting.conference,
            "state": meeting.conference_state,
            "join_url": first_link(meeting, LinkKind.OWNER),
            "note": meeting.conference_note,
        },
        "calendar_event_id": meeting.calendar_event_id and str(meeting.calendar_event_id),
        "confirmation_sent_at": _at(meeting.confirmation_sent_at),
        "cancelled_by": meeting.cancelled_by,
        "cancel_reason": meeting.cancel_reason,
        "sequence": meeting.sequence,
        "created_at": _at(meeting.created_at),
        "updated_at": _at(meeting.updated_at),
    }


def cursor_after(meeting: MeetingBase) -> str:
    """Where the page after this meeting begins."""
    place = json.dumps([meeting.start_at.isoformat(), str(meeting.pk)])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """The place a cursor names. Raises InvalidInput."""
    try:
        said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        start, meeting_id = said
        at = datetime.fromisoformat(start)
        if at.utcoffset() is not None:
            return at.astimezone(UTC), UUID(meeting_id)
    except (binascii.Error, ValueError, TypeError, AttributeError, OverflowError):
        pass
    raise InvalidInput("cursor", "Send `next` of the page before, unchanged.")


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
