"""What can be done to a meeting over the API, by staff and, where it is theirs, by its booker.

Each change asked for twice is done once: a repeat answers the meeting as it is.
"""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import client_address
from booking.access import owner_in
from booking.api import examples
from booking.api.calling import (
    MANAGE_HEADER,
    STAFF,
    STAFF_OR_BOOKER,
    WORKSPACE,
    WRITE,
    meeting_called,
    member_calling,
    refused,
)
from booking.api.meeting_shapes import (
    MeetingDetailOutput,
    to_booker,
    to_former_owner,
    to_staff,
)
from booking.api.serializers import Taken
from booking.booker import clean_start
from booking.guests import MAX_GUESTS
from booking.services import limits
from booking.services.changes import (
    approve_meeting,
    cancel_meeting,
    change_guests,
    decline_meeting,
    mark_no_show,
    move_meeting,
    new_guests,
    reassign_meeting,
)
from booking.staff_queries import handed_over_by
from calendars.api.drafts import StrictSerializer
from common.errors import Forbidden, InvalidInput, NotFound
from workspaces.access import MAY_WORK
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from rest_framework.request import Request

    from booking.api.calling import Called
    from booking.models import MeetingBase

_PLACE = re.compile(r"\[(\d+)\]")
_REASON = "Staff only: why a rule is set aside. Overlaps never are."
_EXPECTED = (
    "The `sequence` of the meeting as you saw it. Where somebody changed it since, nothing is done "
    "and the answer is 409 `changed_meanwhile`."
)
_REFUSED: dict[int, Any] = refused(400, 401, 403, 404, 409, 429)
_TAKEN: dict[int, Any] = {
    **refused(400, 401, 403, 404),
    409: OpenApiResponse(Taken),
    **refused(429, 503),
}
_DONE: dict[int, Any] = {200: MeetingDetailOutput}


class MessageInput(StrictSerializer):
    """Words to the others, if any."""

    message = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="Mailed to the others."
    )


class ChangeInput(MessageInput):
    """Words to the others, and what the caller knows of the meeting."""

    expected_sequence = serializers.IntegerField(min_value=0, required=False, help_text=_EXPECTED)


class MoveInput(ChangeInput):
    """The new start, with its offset; the length stays unless another is given."""

    start = serializers.CharField(max_length=40)
    duration = serializers.IntegerField(
        min_value=5, max_value=1440, required=False, help_text="Minutes."
    )
    overriding = serializers.CharField(max_length=300, required=False, help_text=_REASON)


class NoShowInput(StrictSerializer):
    """Whether they stayed away; false takes it back."""

    is_no_show = serializers.BooleanField(default=True)
    expected_sequence = serializers.IntegerField(min_value=0, required=False, help_text=_EXPECTED)


class ReassignInput(ChangeInput):
    """To whom: exactly one of the two, of the meeting's own kind."""

    client_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False)
    overriding = serializers.CharField(max_length=300, required=False, help_text=_REASON)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len({"client_id", "user_id"} & set(attrs)) != 1:
            raise serializers.ValidationError({"user_id": "Name client_id or user_id."})
        return attrs


class InvitedInput(StrictSerializer):
    """Somebody to invite."""

    email = serializers.CharField(max_length=254)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class GuestsInput(ChangeInput):
    """Whom to invite, and whom to take off, by their address; one of the two at least."""

    add = InvitedInput(many=True, required=False, help_text="Ten guests at most in all.")
    remove = serializers.ListField(
        child=serializers.CharField(max_length=254), required=False, max_length=100
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("add") and not attrs.get("remove"):
            raise serializers.ValidationError({"add": "Say whom to invite or to remove."})
        return attrs


class ChangeView(APIView):
    """What the changes share: who calls, about which meeting, and the answer."""

    permission_classes = [AllowAny]

    def called(self, request: Request, meeting_id: UUID) -> Called:
        return meeting_called(request, meeting_id, scope=WRITE, now=timezone.now())

    def given(self, request: Request, shape: type[StrictSerializer]) -> dict[str, Any]:
        body = shape(data=request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def spending(
        self, request: Request, called: Called, guests: Iterable[Mapping[str, str]] = ()
    ) -> Any:
        """What a booker may ask, and whom they invite, is counted; staff are not."""
        if not called.is_booker:
            return nullcontext()
        uses = limits.manage_uses(
            address=client_address(request),
            token_hash=called.meeting.manage_token_hash,
            guests=guests,
        )
        return limits.spending(uses, timezone.now())

    def answer(self, called: Called, meeting: MeetingBase) -> Response:
        return Response((to_booker if called.is_booker else to_staff)(meeting))


class CancelView(ChangeView):
    """Calls a meeting or a request off."""

    @extend_schema(
        operation_id="booking_cancel",
        auth=STAFF_OR_BOOKER,
        parameters=[WORKSPACE],
        request=ChangeInput,
        responses={**_DONE, **_REFUSED},
        examples=examples.CANCEL,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Call the meeting off; its time is free again, and the others are told."""
        called, given = self.called(request, meeting_id), self.given(request, ChangeInput)
        with self.spending(request, called):
            meeting = cancel_meeting(
                meeting=called.meeting, doer=called.doer, now=timezone.now(), **given
            )
        return self.answer(called, meeting)


class MoveView(ChangeView):
    """Gives a meeting another time."""

    @extend_schema(
        operation_id="booking_move",
        auth=STAFF_OR_BOOKER,
        parameters=[WORKSPACE],
        request=MoveInput,
        responses={**_DONE, **_TAKEN},
        examples=examples.MOVE,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Move the meeting; the old time is kept until the new one stands.

        A booker moves within the link's rules, and asks anew where it wants approval.
        """
        called, given = self.called(request, meeting_id), self.given(request, MoveInput)
        if called.is_booker and given.get("overriding"):
            raise Forbidden("Only the host can set a rule aside.")
        minutes = given.get("duration")
        with self.spending(request, called):
            meeting = move_meeting(
                meeting=called.meeting,
                start=clean_start(given["start"]),
                duration=timedelta(minutes=minutes) if minutes else None,
                doer=called.doer,
                now=timezone.now(),
                message=given.get("message", ""),
                overriding=given.get("overriding", ""),
                expected_sequence=given.get("expected_sequence"),
            )
        return self.answer(called, meeting)


class GuestsView(ChangeView):
    """Invites people to a meeting, and takes people off it."""

    @extend_schema(
        operation_id="booking_guests",
        auth=STAFF_OR_BOOKER,
        parameters=[WORKSPACE],
        request=GuestsInput,
        responses={**_DONE, **_REFUSED},
        examples=examples.GUESTS,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Change who comes along. Who is there already, or is not, changes nothing.

        New guests get the invitation, removed ones a cancellation, the others are told. A booker
        invites people where the link takes guests; nobody is added to a shared slot.
        """
        called, given = self.called(request, meeting_id), self.given(request, GuestsInput)
        add = given.get("add", [])
        invited = new_guests(called.meeting, add)[:MAX_GUESTS]
        try:
            with self.spending(request, called, invited):
                meeting = change_guests(
                    meeting=called.meeting,
                    doer=called.doer,
                    now=timezone.now(),
                    add=add,
                    remove=given.get("remove", []),
                    message=given.get("message", ""),
                    expected_sequence=given.get("expected_sequence"),
                )
        except InvalidInput as error:
            # A place in a list is named as the shapes of the API name it: add.0.email.
            field = _PLACE.sub(r".\1", error.field.replace("guests", "add", 1))
            raise InvalidInput(field, error.message) from error
        return self.answer(called, meeting)


class ApproveView(ChangeView):
    """Says yes to a request."""

    @extend_schema(
        operation_id="booking_approve",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=ChangeInput,
        responses={**_DONE, **_REFUSED},
        examples=examples.APPROVE,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Confirm a meeting that waits for approval."""
        called, given = self.called(request, meeting_id), self.given(request, ChangeInput)
        called.require_staff()
        now = timezone.now()
        meeting = approve_meeting(meeting=called.meeting, doer=called.doer, now=now, **given)
        return self.answer(called, meeting)


class DeclineView(ChangeView):
    """Says no to a request."""

    @extend_schema(
        operation_id="booking_decline",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=ChangeInput,
        responses={**_DONE, **_REFUSED},
        examples=examples.DECLINE,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Refuse a meeting that waits for approval; its time is free again."""
        called, given = self.called(request, meeting_id), self.given(request, ChangeInput)
        called.require_staff()
        now = timezone.now()
        meeting = decline_meeting(meeting=called.meeting, doer=called.doer, now=now, **given)
        return self.answer(called, meeting)


class NoShowView(ChangeView):
    """Notes that the booker stayed away."""

    @extend_schema(
        operation_id="booking_no_show",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=NoShowInput,
        responses={**_DONE, **_REFUSED},
        examples=examples.NO_SHOW,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Mark a meeting that has begun as no-show, or take that back. Nobody is mailed."""
        called, given = self.called(request, meeting_id), self.given(request, NoShowInput)
        called.require_staff()
        meeting = mark_no_show(
            meeting=called.meeting, doer=called.doer, now=timezone.now(), **given
        )
        return self.answer(called, meeting)


class ReassignView(ChangeView):
    """Hands a meeting to somebody else."""

    def answer_again(self, request: Request, meeting_id: UUID) -> Response:
        """To a member who gave their own meeting away already. Raises NotFound."""
        try:
            given = self.given(request, ReassignInput)
        except (APIException, InvalidInput):
            # Whoever does not see the meeting hears of nothing else.
            raise NotFound from None
        if "user_id" not in given or MANAGE_HEADER in request.headers:
            raise NotFound
        membership = member_calling(request, WRITE)
        meeting = handed_over_by(membership, meeting_id, given["user_id"])
        return Response(to_former_owner(meeting))

    @extend_schema(
        operation_id="booking_reassign",
        auth=STAFF,
        parameters=[WORKSPACE],
        request=ReassignInput,
        responses={**_DONE, **_TAKEN},
        examples=examples.REASSIGN,
    )
    def post(self, request: Request, meeting_id: UUID) -> Response:
        """Give the meeting to another user, or a client's to another client, at the same time.

        Whoever gave their own away and asks again hears that it is done, though they see it no
        more.
        """
        try:
            called = self.called(request, meeting_id)
        except NotFound:
            return self.answer_again(request, meeting_id)
        given = self.given(request, ReassignInput)
        membership = called.require_staff()
        kind = OwnerKind.CLIENT if "client_id" in given else OwnerKind.USER
        name = f"{kind.value}_id"
        try:
            meeting = reassign_meeting(
                meeting=called.meeting,
                to=owner_in(membership.workspace, kind, given[name], roles=MAY_WORK),
                doer=called.doer,
                now=timezone.now(),
                message=given.get("message", ""),
                overriding=given.get("overriding", ""),
                expected_sequence=given.get("expected_sequence"),
            )
        except InvalidInput as error:
            raise InvalidInput(
                name if error.field == "to" else error.field, error.message
            ) from error
        return self.answer(called, meeting)
