"""What the booking API reads and answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from booking.owners import meeting_tables

# Shorter keys are counted up, and then whoever counts too opens somebody else's meeting.
MIN_KEY = 16


class AvailabilityQuery(serializers.Serializer[Any]):
    """Exactly one of `link`, `client_id` and `user_id` says whose time it is."""

    link = serializers.CharField(max_length=60, required=False)
    client_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False)
    duration = serializers.IntegerField(
        min_value=5, max_value=1440, required=False, help_text="Minutes."
    )
    tz = serializers.CharField(
        max_length=64, required=False, help_text="IANA zone of the days; the owner's if absent."
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of the language and cannot name an attribute.
        fields = super().get_fields()
        fields["from"] = serializers.DateField(
            required=False, help_text="First day; today if absent."
        )
        fields["to"] = serializers.DateField(
            required=False, help_text="Last day, included; two weeks after the first if absent."
        )
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("link", "client_id", "user_id") if name in attrs]
        if len(named) != 1:
            raise serializers.ValidationError({"link": "Name one of link, client_id or user_id."})
        if named != ["link"] and "duration" not in attrs:
            raise serializers.ValidationError({"duration": "Say how many minutes."})
        return attrs


class SlotOutput(serializers.Serializer[Any]):
    """A bookable start and end, in the zone asked for."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    seats_left = serializers.IntegerField(
        required=False,
        help_text="Of a slot that several bookers share, where the link tells. A full one is not "
        "listed.",
    )


class AvailabilityOutput(serializers.Serializer[Any]):
    """Slots in order; `next_open` is told only when there is none."""

    ok = serializers.BooleanField()
    duration = serializers.IntegerField()
    tz = serializers.CharField()
    needs_approval = serializers.BooleanField()
    as_of = serializers.DateTimeField(allow_null=True)
    slots = SlotOutput(many=True)
    next_open = SlotOutput(allow_null=True)


class GuestInput(serializers.Serializer[Any]):
    """Somebody the booker brings along."""

    email = serializers.CharField(max_length=254)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class MeetingInput(serializers.Serializer[Any]):
    """A booking through a link. `start` carries its offset."""

    link = serializers.CharField(max_length=60)
    start = serializers.CharField(max_length=40)
    duration = serializers.IntegerField(min_value=5, max_value=1440, required=False)
    name = serializers.CharField(max_length=120)
    email = serializers.CharField(max_length=254)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    tz = serializers.CharField(max_length=64, required=False)
    message = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    answers = serializers.DictField(
        child=serializers.CharField(max_length=2000, allow_blank=True), required=False
    )
    idempotency_key = serializers.CharField(
        min_length=MIN_KEY,
        max_length=200,
        required=False,
        help_text="The same key again for the same link and e-mail address gives the same "
        "meeting, with its manage token: send a random one, such as a UUID.",
    )
    guests = GuestInput(
        many=True, required=False, help_text="Who gets the invitation too; ten at most."
    )
    language = serializers.CharField(
        max_length=16,
        required=False,
        help_text="What the booker reads (`en`, `de`, `fr`, `es`); else by `Accept-Language`.",
    )
    verification = serializers.CharField(
        min_length=MIN_KEY,
        max_length=200,
        required=False,
        help_text="Of a link that books for proved addresses only: what the 428 answered. Send "
        "the same body once more with it and the code; it serves one meeting.",
    )
    code = serializers.CharField(
        max_length=16, required=False, help_text="The six digits that were mailed to `email`."
    )
    resend = serializers.BooleanField(
        default=False, help_text="Mail the code once more instead of booking."
    )


class MeetingRef(serializers.Serializer[Any]):
    """Exactly one of the two ids."""

    meeting_id = serializers.UUIDField(required=False)
    sales_meeting_id = serializers.UUIDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            first = meeting_tables()[0].id_field
            raise serializers.ValidationError({first: "Name meeting_id or sales_meeting_id."})
        return attrs


class EventOutput(serializers.Serializer[Any]):
    """`calendar_event_id` is null when the owner has no calendar, or not yet (202)."""

    ok = serializers.BooleanField()
    calendar_event_id = serializers.UUIDField(allow_null=True)


class NotificationOutput(serializers.Serializer[Any]):
    """`confirmation_sent_at` is null while the mail waits or another worker sends it (202)."""

    ok = serializers.BooleanField()
    confirmation_sent_at = serializers.DateTimeField(allow_null=True)


class Refusal(serializers.Serializer[Any]):
    """Every refusal of the API; `field` when one is to blame."""

    ok = serializers.BooleanField(default=False)
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(required=False)


class Unproven(Refusal):
    """428: a code was mailed to the address, or the one sent is wrong. Nothing is booked."""

    verification = serializers.CharField()


class Taken(Refusal):
    """409: somebody has the time, and these starts were open a moment ago; or it changed."""

    nearest = serializers.ListField(child=serializers.DateTimeField(), required=False)


def minutes(length: timedelta) -> int:
    return int(length / timedelta(minutes=1))
