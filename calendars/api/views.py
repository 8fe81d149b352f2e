"""The calendar API: one route for events, with four methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import user_actor
from calendars import access
from calendars.api import examples
from calendars.api import serializers as shapes
from calendars.api.calling import (
    READ,
    READ_REFUSED,
    WORKSPACE,
    WRITE,
    WRITE_REFUSED,
    member_calling,
    query_of,
    session_key,
)
from calendars.api.drafts import StrictSerializer, named_as_sent, to_draft
from calendars.enums import Response as Answer
from calendars.enums import Scope
from calendars.errors import EventChanged
from calendars.queries import calendars_visible_to, seen
from calendars.services import answering, events, reading, relocating, series
from common.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from audit.actors import Actor
    from calendars.models import Event
    from calendars.queries import VisibleCalendar
    from workspaces.models import Membership

STALE_HEADER = "X-Meridian-Stale"

_STALE = OpenApiParameter(
    STALE_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[200],
    description="Since when the oldest copy may be out of date; absent when all are fresh.",
)


CHANGE_REFUSED = {**WRITE_REFUSED, 412: shapes.ConflictOutput}


class CalendarsView(APIView):
    """The connected calendars of the workspace that the caller may see."""

    @extend_schema(
        operation_id="calendars_list",
        parameters=[WORKSPACE],
        responses={200: shapes.CalendarOutput(many=True), **READ_REFUSED},
    )
    def get(self, request: Request) -> Response:
        membership = member_calling(request, READ)
        return Response([shapes.calendar_json(one) for one in calendars_visible_to(membership)])


class EventsView(APIView):
    """List, create, change and delete events."""

    def handle_exception(self, exc: Exception) -> Response:
        """A change that met another one is answered with the event as it is now."""
        answer = super().handle_exception(exc)
        if isinstance(exc, EventChanged):
            answer.data |= _theirs(member_calling(self.request, WRITE), exc.event_id)
        return answer

    @extend_schema(
        operation_id="events_list",
        parameters=[WORKSPACE, shapes.ListQuery, _STALE],
        responses={200: shapes.EventOutput(many=True), **READ_REFUSED},
    )
    def get(self, request: Request) -> Response:
        membership = member_calling(request, READ)
        query = query_of(request, shapes.ListQuery)
        calendars = _calendars(membership, query)
        now = timezone.now()
        listing = reading.list_events_best_effort(
            membership=membership,
            calendars=calendars,
            span=query["span"],
            actor=user_actor(request),
            session_key=session_key(request),
            now=now,
        )
        providers = {one.calendar.pk: one.connection.provider for one in calendars}
        body = [shapes.event_json(one, providers[one.calendar_id]) for one in listing.events]
        headers = {}
        if listing.is_stale:
            headers[STALE_HEADER] = (
                f"{listing.as_of:%Y-%m-%dT%H:%M:%SZ}" if listing.as_of else "never"
            )
        return Response(body, headers=headers)

    @extend_schema(
        operation_id="events_create",
        parameters=[WORKSPACE],
        request=shapes.CreateInput,
        responses={201: shapes.WrittenOutput, **WRITE_REFUSED},
        examples=examples.CREATE,
    )
    def post(self, request: Request) -> Response:
        membership = member_calling(request, WRITE)
        given = _body(request, shapes.CreateInput)
        one = access.calendar_for(membership, given["calendar"], to_write=True)
        _agree(given, provider=one.connection.provider)
        with named_as_sent():
            event = events.create_event(
                calendar=one.calendar, draft=to_draft(given["draft"]), actor=user_actor(request)
            )
        return Response(_written(event, one), status=201)

    @extend_schema(
        operation_id="events_update",
        parameters=[WORKSPACE],
        request=shapes.PatchInput,
        responses={200: shapes.WrittenOutput, **CHANGE_REFUSED},
        examples=examples.UPDATE,
    )
    def patch(self, request: Request) -> Response:
        membership = member_calling(request, WRITE)
        given = _body(request, shapes.PatchInput)
        event = access.event_for(membership, given["event"], to_write=True, with_deleted=True)
        _agree(given, provider=event.calendar.connection.provider, calendar=event.calendar_id)
        if "response" in given:
            return self._answered(membership, event, given, user_actor(request))
        if "moveTo" in given:
            return self._moved(membership, event, given, user_actor(request))
        with named_as_sent():
            done = series.update_event(
                event=event,
                draft=to_draft(given["draft"]),
                actor=user_actor(request),
                etag=given.get("etag", ""),
                scope=Scope(given["scope"]),
            )
        one = access.calendar_for(membership, done.event.calendar_id)
        return Response({**_written(done.event, one), **_said(done.notes)})

    def _moved(
        self, membership: Membership, event: Event, given: dict[str, Any], actor: Actor
    ) -> Response:
        to = access.calendar_for(membership, given["moveTo"], to_write=True)
        if given.get("etag", event.etag) != event.etag:
            raise EventChanged(event.pk)
        with named_as_sent(calendar="moveTo"):
            done = relocating.move_and_change(
                event=event,
                to=to.calendar,
                draft=to_draft(given["draft"]) if "draft" in given else None,
                actor=actor,
                scope=Scope(given["scope"]),
            )
        return Response({**_written(done.event, to), **_said(done.notes)})

    def _answered(
        self, membership: Membership, event: Event, given: dict[str, Any], actor: Actor
    ) -> Response:
        answered = answering.respond(
            event=event,
            response=Answer(given["response"]),
            comment=given.get("comment", ""),
            notify=given["notify"],
            actor=actor,
            scope=Scope(given["scope"]),
        )
        one = access.calendar_for(membership, event.calendar_id)
        return Response({**_written(answered.event, one), **_said(answered.notes)})

    @extend_schema(
        operation_id="events_delete",
        parameters=[WORKSPACE, shapes.DeleteQuery],
        responses={200: shapes.DoneOutput, **CHANGE_REFUSED},
        examples=examples.DELETE,
    )
    def delete(self, request: Request) -> Response:
        membership = member_calling(request, WRITE)
        query = query_of(request, shapes.DeleteQuery)
        event = access.event_for(membership, query["event"], to_write=True, with_deleted=True)
        _agree(query, provider=event.calendar.connection.provider, calendar=event.calendar_id)
        notes = series.delete_event(
            event=event,
            actor=user_actor(request),
            notify=query["notify"],
            scope=Scope(query["scope"]),
        )
        return Response({"ok": True, **_said(notes)})


def _body(request: Request, shape: type[StrictSerializer]) -> dict[str, Any]:
    serializer = shape(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _calendars(membership: Membership, query: dict[str, Any]) -> Sequence[VisibleCalendar]:
    """The calendars that are asked about: a named one, else all that are shown."""
    if "calendar" in query:
        one = access.calendar_for(membership, query["calendar"])
        _agree(query, provider=one.connection.provider)
        return [one]
    found = [one for one in calendars_visible_to(membership) if one.calendar.is_shown]
    wanted = query.get("provider")
    return [one for one in found if wanted in (None, one.connection.provider)]


def _agree(given: dict[str, Any], *, provider: str, calendar: UUID | None = None) -> None:
    """What is said beside a calendar or event has to be true of it. Raises InvalidInput."""
    if given.get("provider", provider) != provider:
        raise InvalidInput("provider", "This is not the calendar's provider.")
    if calendar is not None and given.get("calendar", calendar) != calendar:
        raise InvalidInput("calendar", "The event is not in this calendar.")


def _written(event: Event, one: VisibleCalendar) -> dict[str, Any]:
    body = shapes.event_json(seen(event, one.sight), one.connection.provider)
    return {"ok": True, "eventId": event.pk, "event": body}


def _theirs(membership: Membership, event_id: UUID) -> dict[str, Any]:
    try:
        event = access.event_for(membership, event_id)
    except NotFound:  # it became private
        return {}
    one = access.calendar_for(membership, event.calendar_id)
    return {"theirs": shapes.event_json(seen(event, one.sight), one.connection.provider)}


def _said(notes: Sequence[str]) -> dict[str, Any]:
    return {"notes": list(notes)} if notes else {}
