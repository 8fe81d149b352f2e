"""The calendar API: asking again for a meeting link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import user_actor
from calendars import access
from calendars.api import examples
from calendars.api import serializers as shapes
from calendars.api.calling import WORKSPACE, WRITE, WRITE_REFUSED, member_calling
from calendars.api.drafts import StrictSerializer
from calendars.queries import seen
from calendars.services.link_retry import retry_link

if TYPE_CHECKING:
    from rest_framework.request import Request


class LinkInput(StrictSerializer):
    """Whose link."""

    event = serializers.UUIDField()


class LinkView(APIView):
    """An event's meeting link that could not be made: ask for it once more."""

    @extend_schema(
        operation_id="events_retry_conference",
        description=(
            "Asks again for the link of an event whose `conference.canRetry` is true; of a series "
            "for all its events. A link that is there or on its way is left alone. A try that "
            "fails is refused with its reason, which the event's `conference.reason` has from "
            "then on."
        ),
        parameters=[WORKSPACE],
        request=LinkInput,
        responses={200: shapes.WrittenOutput, **WRITE_REFUSED},
        examples=examples.RETRY,
    )
    def post(self, request: Request) -> Response:
        membership = member_calling(request, WRITE)
        given = LinkInput(data=request.data)
        given.is_valid(raise_exception=True)
        event = access.event_for(membership, given.validated_data["event"], to_write=True)
        event = retry_link(event=event, actor=user_actor(request))
        one = access.calendar_for(membership, event.calendar_id)
        shown = shapes.event_json(seen(event, one.sight), one.connection.provider)
        return Response({"ok": True, "eventId": event.pk, "event": shown})
