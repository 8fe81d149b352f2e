"""What the calendar API takes and gives."""
# ruff: noqa: N815 -- the names are the API's

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from calendars.api.drafts import DraftInput, StrictSerializer
from calendars.api.links import ConferenceOutput, conference_json
from calendars.enums import EventKind, Hue, Scope
from calendars.models import event_id_for
from calendars.providers.registry import PROVIDERS
from calendars.services.answering import ANSWERS, LONGEST_COMMENT
from common.spans import Span
from common.wallclock import wall_clock
from conferencing.telehealth.links import join_url

if TYPE_CHECKING:
    from uuid import UUID

    from calendars.queries import SeenEvent, VisibleCalendar

LONGEST_SPAN: Final = timedelta(days=370)


class ProviderField(serializers.ChoiceField):
    """`google` or `outlook`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=sorted(PROVIDERS), required=False, **kwargs)


class InstantField(serializers.CharField):
    """An RFC 3339 time whose offset is not left out."""

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]
        # In an address an unescaped plus sign arrives as a space.
        text = super().to_internal_value(data).replace(" ", "+")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise serializers.ValidationError("This is no ISO 8601 time.") from None
        if moment.utcoffset() is None:
            raise serializers.ValidationError("This time needs an offset, such as Z or +01:00.")
        return moment


class ListQuery(StrictSerializer):
    """Which events to list."""

    provider = ProviderField(help_text="Only calendars of this provider.")
    calendar = serializers.UUIDField(required=False, help_text="Only this calendar.")
    timeMin = InstantField(help_text="Events that end after this.")
    timeMax = InstantField(help_text="Events that start before this.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            span = Span(attrs["timeMin"], attrs["timeMax"])
        except (ValueError, OverflowError):
            raise serializers.ValidationError(
                {"timeMax": ["This must come after timeMin."]}
            ) from None
        if span.duration > LONGEST_SPAN:
            raise serializers.ValidationError(
                {"timeMax": [f"At most {LONGEST_SPAN.days} days can be asked for at once."]}
            )
        return {**attrs, "span": span}


class CreateInput(StrictSerializer):
    """A new event. `provider` is optional and has to be the calendar's."""

    provider = ProviderField()
    calendar = serializers.UUIDField()
    draft = DraftInput()


class PatchInput(StrictSerializer):
    """A change. `provider` and `calendar` are optional and have to be the event's."""

    provider = ProviderField()
    calendar = serializers.UUIDField(required=False)
    event = serializers.UUIDField()
    draft = DraftInput(required=False)
    response = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in ANSWERS],
        required=False,
        help_text="The answer to an invitation, in place of a draft; of a series `this` or `all`.",
    )
    comment = serializers.CharField(
        max_length=LONGEST_COMMENT,
        required=False,
        allow_blank=True,
        help_text="Goes to the organiser with the answer.",
    )
    moveTo = serializers.UUIDField(
        required=False,
        help_text=(
            "Another calendar of the same account, to move the event to before the draft's "
            "changes are made; a series moves with the scope `all`. The event has another id then."
        ),
    )
    notify = serializers.BooleanField(
        required=False, default=True, help_text="Whether the organiser is told of the answer."
    )
    scope = serializers.ChoiceField(
        choices=Scope.choices,
        required=False,
        default=Scope.THIS,
        help_text=(
            "Of a series: this event, this and the following (a new series begins here), or all. "
            "New times move all of them by as much as this one, on the wall."
        ),
    )
    etag = serializers.CharField(required=False, max_length=255)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "response" in attrs and ("draft" in attrs or "moveTo" in attrs):
            problem = "An answer stands alone: answer in one request and change in another."
            raise serializers.ValidationError({"response": [problem]})
        if not {"response", "draft", "moveTo"} & set(attrs):
            problem = "Say what to change, the response, or the calendar to move to."
            raise serializers.ValidationError({"draft": [problem]})
        if "comment" in attrs and "response" not in attrs:
            raise serializers.ValidationError({"comment": ["A comment goes with a response."]})
        return attrs


class DeleteQuery(StrictSerializer):
    """Which event to delete."""

    provider = ProviderField()
    calendar = serializers.UUIDField(required=False)
    event = serializers.UUIDField()
    scope = serializers.ChoiceField(choices=Scope.choices, required=False, default=Scope.THIS)
    notify = serializers.BooleanField(required=False, default=True)


class AttendeeOutput(serializers.Serializer[Any]):
    email = serializers.CharField()
    name = serializers.CharField()
    response = serializers.CharField()
    optional = serializers.BooleanField()
    organizer = serializers.BooleanField()
    self = serializers.BooleanField()


@extend_schema_serializer(component_name="CalendarEvent")
class EventOutput(serializers.Serializer[Any]):
    """An event as the caller may see it; a masked one tells its time only."""

    id = serializers.UUIDField()
    calendar = serializers.UUIDField()
    provider = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(
        help_text="As its provider holds it, HTML or plain text: sanitise it before showing it."
    )
    location = serializers.CharField()
    start = serializers.CharField(help_text="An instant in UTC, or a date when all-day.")
    end = serializers.CharField(help_text="Exclusive when all-day.")
    timeZone = serializers.CharField(help_text="Of the start; a series goes by it.")
    endTimeZone = serializers.CharField(help_text="Of the end; the start's, unless it differs.")
    allDay = serializers.BooleanField()
    status = serializers.CharField()
    busy = serializers.BooleanField()
    hue = serializers.ChoiceField(
        choices=Hue.choices, allow_null=True, help_text="A colour of its own, if it has one."
    )
    kind = serializers.ChoiceField(choices=EventKind.choices)
    visibility = serializers.CharField()
    response = serializers.CharField()
    organizer = serializers.CharField()
    isOrganizer = serializers.BooleanField()
    attendees = AttendeeOutput(many=True)
    reminders = serializers.ListField(child=serializers.IntegerField(), allow_null=True)
    inSeries = serializers.BooleanField()
    series = serializers.UUIDField(allow_null=True, help_text="The series that it is one of.")
    originalStart = serializers.CharField(
        allow_null=True, help_text="Where its series has it, whether it was moved or not."
    )
    exception = serializers.BooleanField(
        help_text="Whether it differs from its series, as far as is known."
    )
    recurrence = serializers.ListField(
        child=serializers.CharField(), help_text="Of the series itself; none of its occurrences."
    )
    conference = ConferenceOutput(allow_null=True)
    telehealthUrl = serializers.CharField(
        allow_null=True,
        help_text="The guests' link into a room of ours; it comes before the conference's.",
    )
    etag = serializers.CharField()
    masked = serializers.BooleanField()


class NotesField(serializers.ListField):
    """What else happened, in sentences; absent when nothing did."""

    def __init__(self) -> None:
        super().__init__(
            child=serializers.CharField(),
            required=False,
            help_text="What else happened in the series, in sentences; absent when nothing did.",
        )


class WrittenOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    eventId = serializers.UUIDField()
    event = EventOutput()
    notes = NotesField()


class DoneOutput(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    notes = NotesField()


class RefusalOutput(serializers.Serializer[Any]):
    """Why not. `field` names the wrong part, `tier` the plan that has it."""

    ok = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False)
    tier = serializers.CharField(required=False)
    retry_after = serializers.IntegerField(required=False)


class ConflictOutput(RefusalOutput):
    """Somebody changed the event meanwhile; nothing was written."""

    theirs = EventOutput(
        required=False,
        help_text=(
            "The event as it is now, with its new etag and, in a series that was moved, its new "
            "id; absent when the caller may no longer see what it is."
        ),
    )


class ConnectionOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.CharField()
    state = serializers.CharField()


class CalendarOutput(serializers.Serializer[Any]):
    """A calendar that the caller may see something of."""

    id = serializers.UUIDField()
    provider = serializers.CharField()
    name = serializers.CharField()
    hue = serializers.CharField()
    timeZone = serializers.CharField()
    owner = serializers.CharField()
    ownerKind = serializers.ChoiceField(choices=["client", "user"])
    ownerId = serializers.UUIDField()
    sight = serializers.ChoiceField(choices=["busy", "details", "edit", "full"])
    writable = serializers.BooleanField()
    primary = serializers.BooleanField()
    shown = serializers.BooleanField()
    countsAsBusy = serializers.BooleanField()
    booking = serializers.BooleanField(help_text="Whether its account takes the owner's bookings.")
    connection = ConnectionOutput()
    syncedAt = serializers.DateTimeField(allow_null=True)
    syncError = serializers.CharField()


def calendar_json(one: VisibleCalendar) -> dict[str, Any]:
    """A calendar as `CalendarOutput` describes it."""
    calendar, connection = one.calendar, one.connection
    return {
        "id": calendar.pk,
        "provider": connection.provider,
        "name": calendar.name,
        "hue": calendar.hue,
        "timeZone": calendar.timezone,
        "owner": one.owner_name,
        "ownerKind": connection.owner_kind,
        "ownerId": connection.owner_id,
        "sight": one.sight.name.lower(),
        "writable": one.may_write,
        "primary": calendar.is_primary,
        "shown": calendar.is_shown,
        "countsAsBusy": calendar.counts_as_busy,
        "booking": connection.is_booking,
        "connection": {
            "id": connection.pk,
            "email": connection.connected_email,
            "state": connection.state,
        },
        "syncedAt": calendar.synced_at,
        "syncError": calendar.sync_error,
    }


def event_json(event: SeenEvent, provider: str) -> dict[str, Any]:
    """An event as `EventOutput` describes it."""
    return {
        "id": event.id,
        "calendar": event.calendar_id,
        "provider": provider,
        "title": event.title,
        "description": event.description,
        "location": event.location,
        "start": event.start_wall if event.is_all_day else _instant(event.start_at),
        "end": event.end_wall if event.is_all_day else _instant(event.end_at),
        "timeZone": event.timezone,
        "endTimeZone": event.end_timezone or event.timezone,
        "allDay": event.is_all_day,
        "status": event.status,
        "busy": event.is_busy,
        "hue": event.hue or None,
        "kind": event.kind,
        "visibility": event.visibility,
        "response": event.response,
        "organizer": event.organizer_email,
        "isOrganizer": event.is_organizer,
        "attendees": [_attendee_json(one) for one in event.attendees],
        "reminders": event.reminders,
        "inSeries": bool(event.series_remote_id),
        "series": _series_id(event),
        "originalStart": _original_start(event),
        "exception": event.is_exception or _is_moved(event),
        "recurrence": list(event.recurrence),
        "conference": conference_json(event),
        "telehealthUrl": join_url(event.room_id) if event.room_id else None,
        "etag": event.etag,
        "masked": event.is_masked,
    }


def _series_id(event: SeenEvent) -> UUID | None:
    if event.recurrence:
        return event.id
    if not event.series_remote_id:
        return None
    return event_id_for(event.calendar_id, event.series_remote_id)


def _original_start(event: SeenEvent) -> str | None:
    at = event.original_start_at
    if at is None:
        return None
    zone = ZoneInfo(event.timezone)
    return wall_clock(at, zone).date().isoformat() if event.is_all_day else _instant(at)


def _is_moved(event: SeenEvent) -> bool:
    return event.original_start_at not in (None, event.start_at)


def _attendee_json(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "email": one["email"],
        "name": one["name"],
        "response": one["response"],
        "optional": one["is_optional"],
        "organizer": one["is_organizer"],
        "self": one["is_self"],
    }


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
