"""An event draft as JSON: what may stand in it, and the `EventDraft` it means."""
# ruff: noqa: N802, N815 -- the names are the API's

from __future__ import annotations

import hashlib
import re
import uuid
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calendars.enums import STATUS_KINDS, EventKind, Hue, Visibility
from calendars.providers.base import UNSET, Attendee, EventColour, EventDraft, Unset
from calendars.recurrence import check_lines
from common.errors import InvalidInput
from common.wallclock import starts_at
from conferencing.enums import Conference
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEX_KEY: Final = re.compile(r"[0-9a-f]{32}\Z")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
MOST_MINUTES: Final = 40_320


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses what it does not know, so that a misspelt field is not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = set(data) - set(self.fields)
            if unknown:
                raise serializers.ValidationError({min(unknown): ["There is no such field."]})
        return super().to_internal_value(data)


class AttendeeInput(StrictSerializer):
    """Somebody to invite."""

    email = serializers.EmailField(max_length=320)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    optional = serializers.BooleanField(required=False)


@extend_schema_field({"type": "string", "example": "2026-03-02T09:00:00+01:00"})
class MomentField(serializers.CharField):
    """A date (`2026-03-02`), or a time with an offset or in the draft's `timeZone`.

    An end without an offset is in its `endTimeZone`, if it has one.
    """

    def to_internal_value(self, data: Any) -> date:  # type: ignore[override]
        text = super().to_internal_value(data)
        try:
            if _DATE.match(text):
                return date.fromisoformat(text)
            return datetime.fromisoformat(text)
        except ValueError:
            raise serializers.ValidationError("This is no date and no ISO 8601 time.") from None

    def to_representation(self, value: Any) -> str:
        return str(value)


class DraftInput(StrictSerializer):
    """What an event is to be. In a change, absent means unchanged and null cleared."""

    title = serializers.CharField(
        max_length=1024, required=False, allow_null=True, allow_blank=True
    )
    description = serializers.CharField(
        max_length=8000,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text=(
            "Plain text, or HTML: paragraphs, line ends, bold, italic, underline, strike, lists "
            "and links are shown, anything else is left out."
        ),
    )
    location = serializers.CharField(
        max_length=1024, required=False, allow_null=True, allow_blank=True
    )
    start = MomentField(required=False)
    end = MomentField(required=False)
    timeZone = serializers.CharField(max_length=64, required=False)
    endTimeZone = serializers.CharField(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="The zone of the end where it is another, as of a flight; null for the start's.",
    )
    allDay = serializers.BooleanField(required=False)
    # With `many=True` the list's own `allow_null` would be each guest's too.
    attendees: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=AttendeeInput(), required=False, allow_null=True
    )
    recurrence = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        allow_null=True,
        max_length=20,
        help_text=(
            "One RRULE line, and EXDATE and RDATE lines beside it (RFC 5545). An RRULE alone "
            "leaves the dates that a series left out or added as they are."
        ),
    )
    reminders = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_MINUTES),
        required=False,
        allow_null=True,
        max_length=5,
        help_text="Minutes before the start; null for the calendar's default.",
    )
    visibility = serializers.ChoiceField(
        choices=Visibility.choices, required=False, allow_null=True
    )
    busy = serializers.BooleanField(required=False)
    hue = serializers.ChoiceField(
        choices=Hue.choices,
        required=False,
        allow_null=True,
        help_text="A colour of its own, where the calendar keeps one; null for the calendar's.",
    )
    kind = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in (EventKind.NORMAL, *STATUS_KINDS)],
        required=False,
        help_text=(
            "Google keeps the other two in an account's main calendar, with times, without guests, "
            "and for good. Outlook has no focus time."
        ),
    )
    conference = serializers.ChoiceField(
        choices=Conference.choices, required=False, allow_null=True
    )
    notify = serializers.BooleanField(required=False, default=True)
    idempotencyKey = serializers.CharField(min_length=8, max_length=200, required=False)

    def validate_timeZone(self, value: str) -> str:
        if not is_zone(value):
            raise serializers.ValidationError("This is no IANA time zone.")
        return value

    def validate_endTimeZone(self, value: str | None) -> str | None:
        return value if value is None else self.validate_timeZone(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            # Whether it begins on one of its own days is asked where its zone is known.
            check_lines(attrs.get("recurrence") or (), None, ZoneInfo("UTC"))
        except InvalidInput as refusal:
            raise serializers.ValidationError({refusal.field: [refusal.message]}) from None
        for name in ("start", "end"):
            moment = attrs.get(name)
            if isinstance(moment, datetime) and moment.utcoffset() is None:
                own = attrs.get("endTimeZone") if name == "end" else None
                zone = own or attrs.get("timeZone")
                if zone is None:
                    raise serializers.ValidationError(
                        {name: ["Give an offset, or the draft's timeZone."]}
                    )
                try:
                    attrs[name] = starts_at(moment, ZoneInfo(zone))
                except OverflowError:  # of the first and the last year
                    problem = {name: ["This is not a time that can be used."]}
                    raise serializers.ValidationError(problem) from None
        return attrs


def to_draft(given: dict[str, Any]) -> EventDraft:
    """The draft that validated JSON means."""
    start = given.get("start", UNSET)
    return EventDraft(
        title=given.get("title", UNSET),
        description=given.get("description", UNSET),
        location=given.get("location", UNSET),
        start=start,
        end=given.get("end", UNSET),
        timezone=given.get("timeZone", UNSET),
        end_timezone=given.get("endTimeZone", UNSET),
        all_day=given.get("allDay", UNSET if start is UNSET else not isinstance(start, datetime)),
        attendees=_attendees(given),
        recurrence=_tuple(given.get("recurrence", UNSET)),
        reminders=_tuple(given.get("reminders", UNSET)),
        visibility=_cleared(given.get("visibility", UNSET), Visibility.DEFAULT),
        busy=given.get("busy", UNSET),
        colour=_colour(given.get("hue", UNSET)),
        kind=EventKind(given["kind"]) if "kind" in given else UNSET,
        conference=_conference(given.get("conference", UNSET)),
        notify=given.get("notify", True),
        idempotency_key=idempotency_key(given.get("idempotencyKey", "")),
    )


def idempotency_key(text: str) -> str:
    """32 hex digits that stand for the caller's key, whatever it looks like; blank for blank."""
    if not text or _HEX_KEY.match(text):
        return text
    try:
        return uuid.UUID(text).hex
    except ValueError:
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _attendees(given: dict[str, Any]) -> tuple[Attendee, ...] | Unset | None:
    guests = given.get("attendees", UNSET)
    if guests is UNSET or guests is None:
        return guests
    return tuple(
        Attendee(
            email=guest["email"],
            name=guest.get("name", ""),
            is_optional=guest.get("optional", False),
        )
        for guest in guests
    )


def _cleared(value: Any, empty: str) -> Any:
    """`empty` is what null makes of a field that is never blank."""
    return empty if value is None else value


def _colour(value: Any) -> EventColour | Unset | None:
    return EventColour(Hue(value)) if isinstance(value, str) else value


def _conference(value: Any) -> Conference | Unset:
    return UNSET if value is UNSET else Conference(_cleared(value, Conference.NONE))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@contextmanager
def named_as_sent(**names: str) -> Iterator[None]:
    """A refused rule is named as the caller sent it: `draft.recurrence[0]`.

    `names` are other fields' names for the caller, by ours.
    """
    try:
        yield
    except InvalidInput as refusal:
        if refusal.field.startswith("recurrence"):
            raise InvalidInput(f"draft.{refusal.field}", refusal.message) from None
        if refusal.field in names:
            raise InvalidInput(names[refusal.field], refusal.message) from None
        raise
