"""The booking API: open times, booking, and running a meeting's deliveries now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import Actor, client_address, public_actor, user_actor
from booking.access import open_link, owner_in
from booking.api import examples
from booking.api.calling import (
    EVERYBODY_OR_STAFF,
    READ,
    STAFF,
    WORKSPACE,
    WRITE,
    member_calling,
    refused,
)
from booking.api.serializers import (
    AvailabilityOutput,
    AvailabilityQuery,
    EventOutput,
    MeetingRef,
    NotificationOutput,
    Refusal,
    minutes,
)
from booking.booker import clean_zone
from booking.enums import MessageKind
from booking.mail_troubles import refusal_of_booker
from booking.owners import tables_for
from booking.services import limits
from booking.services.availability import (
    durations_of,
    offer,
    refuse_closed,
    terms_of,
    terms_of_owner,
)
from booking.services.delivery import run_now
from booking.staff_queries import visible_meeting
from common.enums import OutboxState
from common.errors import NotFound, UpstreamUnavailable
from common.mail_trouble import MailRefused
from workspaces.enums import OwnerKind
from workspaces.zones import zone

if TYPE_CHECKING:
    from rest_framework.request import Request

    from booking.models import BookingLink, MeetingBase
    from booking.services.availability import Terms
    from booking.slots import Slot

_TWO_WEEKS = timedelta(days=13)


class AvailabilityView(APIView):
    """Open times by link for everybody, by client or user for members and service tokens."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="booking_availability",
        auth=EVERYBODY_OR_STAFF,
        parameters=[WORKSPACE, AvailabilityQuery],
        responses={
            200: AvailabilityOutput,
            400: Refusal,
            **refused(401, 403, 404, 429, 503),
        },
        examples=examples.AVAILABILITY,
    )
    def get(self, request: Request) -> Response:
        """Open times by day, in the zone asked for; what could not be read is never open."""
        if not request.user.is_authenticated:
            limits.use(limits.LOOKS_PER_ADDRESS, client_address(request), timezone.now())
        query = AvailabilityQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given, now = query.validated_data, timezone.now()
        terms, actor = self._terms(request, given)
        shown = zone(clean_zone(given["tz"])) if "tz" in given else terms.rules.zone
        first: date = given.get("from") or now.astimezone(shown).date()
        found = offer(
            terms=terms,
            first_day=first,
            last_day=given.get("to") or min(first, date.max - _TWO_WEEKS) + _TWO_WEEKS,
            zone=shown,
            now=now,
            actor=actor,
        )

        def as_json(slot: Slot) -> dict[str, str | int]:
            times: dict[str, str | int] = {
                "start": slot.start.astimezone(shown).isoformat(),
                "end": slot.end.astimezone(shown).isoformat(),
            }
            left = found.left_in(slot)
            return times if left is None else {**times, "seats_left": left}

        return Response(
            {
                "ok": True,
                "duration": minutes(terms.rules.duration),
                "tz": shown.key,
                "needs_approval": found.needs_approval,
                "as_of": found.as_of and found.as_of.isoformat(),
                "slots": [as_json(slot) for slot in found.slots],
                "next_open": found.next_open and as_json(found.next_open),
            }
        )

    def _terms(self, request: Request, given: dict[str, Any]) -> tuple[Terms, Actor]:
        if "link" in given:
            link = open_link(given["link"])
            terms = terms_of(link, duration_of(link, given))
            refuse_closed(link, terms.owner, timezone.now())
            return terms, public_actor(request, link.id)
        if not request.user.is_authenticated:
            self.permission_denied(request)
        workspace = member_calling(request, READ).workspace
        kind = OwnerKind.CLIENT if "client_id" in given else OwnerKind.USER
        owner = owner_in(workspace, kind, given[f"{kind.value}_id"])
        return terms_of_owner(owner, timedelta(minutes=given["duration"])), user_actor(request)


class CalendarEventsView(APIView):
    """Makes the meeting's calendar event now, if no worker has yet."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="booking_calendar_event",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=MeetingRef,
        responses={200: EventOutput, 202: EventOutput, **refused(400, 401, 403, 404, 409, 503)},
        examples=examples.CALENDAR_EVENTS,
    )
    def post(self, request: Request) -> Response:
        """Put the meeting into its owner's calendar now; a repeat finds the event."""
        meeting, state = _deliver(request, MessageKind.CALENDAR_EVENT)
        is_done = state == OutboxState.SENT or meeting.calendar_event_id is not None
        event_id = meeting.calendar_event_id and str(meeting.calendar_event_id)
        answer = {"ok": True, "calendar_event_id": event_id}
        return Response(answer, status=200 if is_done else 202)


class NotificationsView(APIView):
    """Sends the meeting's confirmation and notice now, if no worker has yet."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="booking_notification",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=MeetingRef,
        responses={
            200: NotificationOutput,
            202: NotificationOutput,
            **refused(400, 401, 403, 404, 409, 503),
        },
        examples=examples.NOTIFICATIONS,
    )
    def post(self, request: Request) -> Response:
        """Send confirmation and notice now; what was sent is not sent again.

        409 `mail_refused` says why the mail to the booker was refused for good.
        """
        meeting, state = _deliver(request, MessageKind.NOTIFICATION)
        sent_at = meeting.confirmation_sent_at
        why = refusal_of_booker(meeting) if sent_at is None else ""
        if why:
            raise MailRefused(why)
        answer = {"ok": True, "confirmation_sent_at": sent_at and sent_at.isoformat()}
        return Response(answer, status=200 if state == OutboxState.SENT else 202)


def _deliver(request: Request, kind: MessageKind) -> tuple[MeetingBase, OutboxState | None]:
    """The meeting after its message was run, and what became of the message."""
    body = MeetingRef(data=request.data)
    body.is_valid(raise_exception=True)
    membership = member_calling(request, WRITE)
    id_field, meeting_id = next(iter(body.validated_data.items()))
    meeting = visible_meeting(membership, meeting_id)
    if tables_for(meeting).id_field != id_field:
        raise NotFound
    state = run_now(meeting, kind)
    meeting.refresh_from_db()
    if state == OutboxState.FAILED:
        raise UpstreamUnavailable("This could not be delivered. Its owner is told. Try again.")
    return meeting, state


def duration_of(link: BookingLink, given: dict[str, Any]) -> timedelta:
    if "duration" in given:
        return timedelta(minutes=given["duration"])
    return durations_of(link)[0]
