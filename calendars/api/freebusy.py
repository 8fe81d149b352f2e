"""Colleagues' free and busy time over the API, and times that suit all of them."""
# ruff: noqa: N815 -- the names are the API's

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import user_actor
from calendars.addresses import FIRST_YEAR, LAST_YEAR
from calendars.api import people_examples as examples
from calendars.api.calling import (
    READ,
    READ_REFUSED,
    WORKSPACE,
    member_calling,
    query_of,
    session_key,
)
from calendars.api.drafts import StrictSerializer
from calendars.api.serializers import InstantField
from calendars.enums import NotKnown
from calendars.services.freebusy import free_busy
from calendars.suggesting import MOST, suggest
from common.spans import Span

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

    from calendars.services.freebusy import FreeBusy, Times

LONGEST_SPAN: Final = timedelta(days=31)
MOST_PEOPLE: Final = 50
OUTSIDE: Final = "outside"


class AddressesField(serializers.CharField):
    """Addresses with commas between."""

    def to_internal_value(self, data: Any) -> list[str]:  # type: ignore[override]
        text = super().to_internal_value(data)
        found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
        if len(found) > MOST_PEOPLE:
            raise serializers.ValidationError(f"Ask for at most {MOST_PEOPLE} people at once.")
        for address in found:
            try:
                validate_email(address)
            except ValidationError:
                raise serializers.ValidationError(f"“{address}” is no e-mail address.") from None
        return found


class FreeBusyQuery(StrictSerializer):
    """Whose time, when, and for how long a meeting."""

    people = AddressesField(
        max_length=20_000,
        help_text=f"At most {MOST_PEOPLE} e-mail addresses, commas between; yourself is always in.",
    )
    timeMin = InstantField(help_text="From here on; suggestions nearest to it are the best.")
    timeMax = InstantField(help_text=f"Until here, at most {LONGEST_SPAN.days} days later.")
    duration = serializers.IntegerField(
        required=False,
        min_value=5,
        max_value=1440,
        help_text="Minutes. With it, up to three times that suit are suggested.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            span = Span(attrs["timeMin"], attrs["timeMax"])
        except (ValueError, OverflowError):
            raise serializers.ValidationError(
                {"timeMax": ["This must come after timeMin."]}
            ) from None
        # Working hours are days of people's own zones, and the first year has none before it.
        if not FIRST_YEAR <= span.start.year <= span.end.year <= LAST_YEAR:
            raise serializers.ValidationError({"timeMin": ["This is not a time that can be used."]})
        if span.duration > LONGEST_SPAN:
            raise serializers.ValidationError(
                {"timeMax": [f"At most {LONGEST_SPAN.days} days can be asked for at once."]}
            )
        return {**attrs, "span": span}


class SpanOutput(serializers.Serializer[Any]):
    start = serializers.CharField(help_text="An instant in UTC.")
    end = serializers.CharField()


class PersonTimesOutput(serializers.Serializer[Any]):
    """One person's time. Only with `known` are the times not listed as busy free."""

    email = serializers.CharField(help_text="As asked for.")
    name = serializers.CharField()
    known = serializers.BooleanField()
    why = serializers.ChoiceField(
        choices=["", *NotKnown.values, OUTSIDE],
        help_text="Why it is not known; `outside`: nobody of this workspace.",
    )
    asOf = serializers.CharField(
        allow_null=True, help_text="The oldest copy that this comes from; null when there is none."
    )
    timeZone = serializers.CharField(help_text="Blank for somebody outside.")
    busy = SpanOutput(many=True)
    working = SpanOutput(many=True)


class SuggestionOutput(serializers.Serializer[Any]):
    """A time at which nobody is known to be busy."""

    start = serializers.CharField()
    end = serializers.CharField()
    outsideHours = serializers.ListField(
        child=serializers.CharField(), help_text="Outside whose working hours it lies."
    )
    notKnown = serializers.ListField(
        child=serializers.CharField(), help_text="Whose time is not known, and may be taken."
    )


class FreeBusyOutput(serializers.Serializer[Any]):
    people = PersonTimesOutput(many=True)
    suggestions = SuggestionOutput(many=True)


class FreeBusyView(APIView):
    """When the caller and their colleagues are free and busy, and times that suit all of them.

    Times only, whoever shares what; each reading stands in the access log. Times are suggested
    from now on; what is not known is never called free.
    """

    @extend_schema(
        operation_id="free_busy",
        parameters=[WORKSPACE, FreeBusyQuery],
        responses={200: FreeBusyOutput, **READ_REFUSED},
        examples=examples.FREE_BUSY,
    )
    def get(self, request: Request) -> Response:
        membership = member_calling(request, READ)
        query = query_of(request, FreeBusyQuery)
        now = timezone.now()
        found = free_busy(
            membership=membership,
            emails=query["people"],
            span=query["span"],
            actor=user_actor(request),
            session_key=session_key(request),
            now=now,
        )
        outsiders = [_outsider_json(email) for email in found.others]
        return Response(
            {
                "people": [*(_person_json(one) for one in found.people), *outsiders],
                "suggestions": _suggestions(found, query, now),
            }
        )


def _suggestions(found: FreeBusy, query: dict[str, Any], now: datetime) -> list[dict[str, Any]]:
    span: Span = query["span"]
    if "duration" not in query or span.end <= now:
        return []
    length = timedelta(minutes=query["duration"])
    parties = [one.party for one in found.people]
    not_known = [*(one.email for one in found.people if one.unknown), *found.others]
    wished = Span(span.start, span.start + length)
    within = Span(max(span.start, now), span.end)
    return [
        {
            **_span_json(one.span),
            "outsideHours": list(one.outside),
            "notKnown": not_known,
        }
        for one in suggest(parties, wished, within, found.people[0].zone, most=MOST)
    ]


def _person_json(one: Times) -> dict[str, Any]:
    return {
        "email": one.email,
        "name": one.name,
        "known": one.unknown is None,
        "why": one.unknown.value if one.unknown else "",
        "asOf": _instant(one.as_of) if one.as_of else None,
        "timeZone": one.zone.key,
        "busy": [_span_json(span) for span in one.busy],
        "working": [_span_json(span) for span in one.working],
    }


def _outsider_json(email: str) -> dict[str, Any]:
    return {
        "email": email,
        "name": "",
        "known": False,
        "why": OUTSIDE,
        "asOf": None,
        "timeZone": "",
        "busy": [],
        "working": [],
    }


def _span_json(span: Span) -> dict[str, str]:
    return {"start": _instant(span.start), "end": _instant(span.end)}


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
