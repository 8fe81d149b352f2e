"""Meetings over the API: booking one, for everybody; reading them, for staff and the booker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import client_address, public_actor
from booking.access import open_link
from booking.api import examples
from booking.api.calling import (
    EVERYBODY,
    READ,
    STAFF,
    STAFF_OR_BOOKER,
    WORKSPACE,
    meeting_called,
    member_calling,
    refused,
)
from booking.api.meeting_shapes import (
    MeetingDetailOutput,
    MeetingListOutput,
    MeetingOutput,
    MeetingQuery,
    all_to_staff,
    cursor_after,
    read_cursor,
    to_booker,
    to_staff,
)
from booking.api.serializers import MeetingInput, Taken, Unproven
from booking.api.views import duration_of
from booking.booker import Booker, clean_email, clean_start
from booking.errors import EmailUnproven
from booking.guests import MAX_GUESTS
from booking.languages import language_for
from booking.owners import owner_of_link
from booking.services import limits
from booking.services.admission import admit
from booking.services.meetings import book_meeting
from booking.staff_queries import meetings_after
from booking.tokens import submit_key
from common.errors import InvalidInput

if TYPE_CHECKING:
    from rest_framework.request import Request

_PLACE = re.compile(r"\[(\d+)\]")


class MeetingsView(APIView):
    """Books through a link, for everybody; the limits of the public page hold here too.

    Staff and service tokens list the meetings they may see.
    """

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="booking_meetings",
        auth=STAFF,
        parameters=[WORKSPACE, MeetingQuery],
        responses={200: MeetingListOutput, **refused(400, 401, 403, 404)},
        examples=examples.LIST,
    )
    def get(self, request: Request) -> Response:
        """Meetings by start: clients' ones and the caller's own, a page at a time."""
        if not request.user.is_authenticated:
            raise NotAuthenticated
        membership = member_calling(request, READ)
        query = MeetingQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        given = query.validated_data
        page = meetings_after(
            membership,
            _rule(given),
            owner_id=_owner_id(given),
            after=read_cursor(given["cursor"]) if "cursor" in given else None,
            size=given["limit"],
        )
        return Response(
            {
                "ok": True,
                "meetings": all_to_staff(page.meetings),
                "next": cursor_after(page.meetings[-1]) if page.has_more else None,
            }
        )

    @extend_schema(
        operation_id="booking_book",
        auth=EVERYBODY,
        request=MeetingInput,
        responses={
            201: MeetingOutput,
            **refused(400, 403, 404),
            409: OpenApiResponse(Taken),
            428: OpenApiResponse(Unproven),
            **refused(429, 503),
        },
        examples=examples.BOOK,
    )
    def post(self, request: Request) -> Response:
        """Book a time that is open. With an idempotency key a repeat gives the same meeting."""
        body = MeetingInput(data=request.data)
        body.is_valid(raise_exception=True)
        given, now = body.validated_data, timezone.now()
        address = client_address(request)
        limits.use(limits.ATTEMPTS_PER_ADDRESS, address, now)
        link = open_link(given["link"])
        accepted = request.headers.get("Accept-Language", "")
        booker = Booker(
            name=given["name"],
            email=given["email"],
            timezone=given.get("tz") or owner_of_link(link).zone.key,
            phone=given.get("phone", ""),
            language=language_for(given.get("language", ""), accepted),
        )
        nonce, email = _nonce(given), clean_email(booker.email)
        wish: dict[str, Any] = {
            "link": link,
            "start": clean_start(given["start"]),
            "duration": duration_of(link, given),
            # A repeat answers the manage token: never to another booker who sent the same key.
            "submit_key": submit_key(link.id, f"api:{email.lower()}", nonce),
            "now": now,
            "actor": public_actor(request, link.id),
        }
        guests = given.get("guests", ())
        try:
            self._admit(wish, given, email=email, nonce=nonce)
            uses = limits.booking_uses(
                address=address, link_id=link.id, email=email, guests=guests[:MAX_GUESTS]
            )
            with limits.spending(uses, now):
                meeting = book_meeting(
                    **wish,
                    booker=booker,
                    answers=given.get("answers", {}),
                    message=given.get("message", ""),
                    guests=guests,
                )
        except InvalidInput as error:
            # A place in a list is named as the shapes of the API name it: guests.0.email.
            field = _PLACE.sub(r".\1", error.field)
            raise InvalidInput(field, error.message) from error
        return Response(to_booker(meeting), status=201)

    def _admit(
        self, wish: dict[str, Any], given: dict[str, Any], *, email: str, nonce: str
    ) -> None:
        try:
            admit(
                **wish,
                email=email,
                code=given.get("code", ""),
                wants_another=given["resend"],
                guests=given.get("guests", ()),
            )
        except EmailUnproven as unproven:
            unproven.verification = nonce
            raise


class MeetingView(APIView):
    """One meeting, to staff, or to its booker by the manage token."""

    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="booking_meeting",
        auth=STAFF_OR_BOOKER,
        parameters=[WORKSPACE],
        responses={200: MeetingDetailOutput, **refused(401, 403, 404, 429)},
        examples=examples.ONE,
    )
    def get(self, request: Request, meeting_id: UUID) -> Response:
        """The meeting of that `meeting_id` or `sales_meeting_id`; bookers get what booking gave."""
        called = meeting_called(request, meeting_id, scope=READ, now=timezone.now())
        said = to_booker if called.is_booker else to_staff
        return Response(said(called.meeting))


def _rule(given: dict[str, Any]) -> Q:
    rule = Q()
    for name, column in (
        ("state", "state"),
        ("link", "link__slug__iexact"),
        ("email", "booker_email__iexact"),
        ("from", "start_at__gte"),
        ("to", "start_at__lt"),
        ("updated_since", "updated_at__gte"),
    ):
        if name in given:
            rule &= Q(**{column: given[name]})
    return rule


def _owner_id(given: dict[str, Any]) -> UUID | None:
    named = [given[name] for name in ("client_id", "user_id") if name in given]
    if len(named) > 1:
        raise InvalidInput("user_id", "Name a client or a user, not both.")
    return named[0] if named else None


def _nonce(given: dict[str, Any]) -> str:
    """What makes this submit one with its repeats: the caller's key, or the check's of ours."""
    key, check = given.get("idempotency_key", ""), given.get("verification", "")
    if key and check and key != check:
        raise InvalidInput("verification", "Send the verification that was answered to this key.")
    return str(key or check or uuid4().hex)
