"""Booking links over the API, to read: clients' ones and the caller's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from booking.api import examples
from booking.api.calling import READ, STAFF, WORKSPACE, member_calling, refused
from booking.enums import OnDecline
from booking.models import BookingLink
from calendars.api.drafts import StrictSerializer
from common.errors import NotFound
from conferencing.enums import Conference

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from workspaces.models import Membership


class LinkQuery(StrictSerializer):
    """What narrows the list."""

    client_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False)
    is_active = serializers.BooleanField(required=False, allow_null=True, default=None)


class QuestionOutput(serializers.Serializer[Any]):
    """What bookers are asked; `key` names the answer."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField(), required=False)


class LinkOutput(serializers.Serializer[Any]):
    """A link. Lengths are in minutes, the horizon is in days."""

    ok = serializers.BooleanField()
    link_id = serializers.UUIDField()
    slug = serializers.CharField()
    url = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    client_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)
    durations = serializers.ListField(child=serializers.IntegerField())
    step = serializers.IntegerField()
    notice = serializers.IntegerField()
    horizon = serializers.IntegerField()
    buffer_before = serializers.IntegerField()
    buffer_after = serializers.IntegerField()
    seats = serializers.IntegerField()
    questions = QuestionOutput(many=True)
    conference = serializers.ChoiceField(choices=Conference.choices)
    location = serializers.CharField()
    is_active = serializers.BooleanField()
    is_private = serializers.BooleanField()
    is_one_time = serializers.BooleanField()
    on_decline = serializers.ChoiceField(
        choices=OnDecline.choices, help_text="When the booker declines in their calendar."
    )
    requires_approval = serializers.BooleanField()
    verifies_email = serializers.BooleanField()
    shows_seats_left = serializers.BooleanField()
    allows_guests = serializers.BooleanField()
    reminders = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Minutes before the start, the longest first; bookers and guests are reminded.",
    )
    reminders_to_owner = serializers.BooleanField(
        help_text="Whoever the meeting is with is reminded, too."
    )
    follow_up_text = serializers.CharField(
        help_text="What the booker is mailed afterwards; blank: nothing is."
    )
    follow_up_after = serializers.IntegerField(help_text="Minutes after the end.")


class LinkListOutput(serializers.Serializer[Any]):
    """Links by title."""

    ok = serializers.BooleanField()
    links = LinkOutput(many=True)


class LinksView(APIView):
    """The links of the workspace's clients, and the caller's own."""

    @extend_schema(
        operation_id="booking_links",
        auth=STAFF,
        parameters=[WORKSPACE, LinkQuery],
        responses={200: LinkListOutput, **refused(400, 401, 403, 404)},
        examples=examples.LINKS,
    )
    def get(self, request: Request) -> Response:
        """Links by title."""
        rows = _links_of(member_calling(request, READ))
        query = LinkQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = {name: value for name, value in query.validated_data.items() if value is not None}
        return Response({"ok": True, "links": [_as_json(link) for link in rows.filter(**wanted)]})


class LinkView(APIView):
    """One link."""

    @extend_schema(
        operation_id="booking_link",
        auth=STAFF,
        parameters=[WORKSPACE],
        responses={200: LinkOutput, **refused(401, 403, 404)},
        examples=examples.LINK_ONE,
    )
    def get(self, request: Request, link_id: UUID) -> Response:
        """The link of that id."""
        link = _links_of(member_calling(request, READ)).filter(pk=link_id).first()
        if link is None:
            raise NotFound
        return Response(_as_json(link))


def _links_of(membership: Membership) -> QuerySet[BookingLink]:
    mine = Q(client__isnull=False) | Q(user=membership.user_id)
    return BookingLink.objects.filter(mine, workspace=membership.workspace_id).order_by("title")


def _as_json(link: BookingLink) -> dict[str, Any]:
    return {
        "ok": True,
        "link_id": str(link.pk),
        "slug": link.slug,
        "url": f"{settings.PUBLIC_URL}/book/{link.slug}",
        "title": link.title,
        "description": link.description,
        "client_id": link.client_id and str(link.client_id),
        "user_id": link.user_id and str(link.user_id),
        "durations": link.durations,
        "step": link.step_minutes,
        "notice": link.notice_minutes,
        "horizon": link.horizon_days,
        "buffer_before": link.buffer_before_minutes,
        "buffer_after": link.buffer_after_minutes,
        "seats": link.seats,
        "questions": link.questions,
        "conference": link.conference,
        "location": link.location,
        "is_active": link.is_active,
        "is_private": link.is_private,
        "is_one_time": link.is_one_time,
        "on_decline": link.on_decline,
        "requires_approval": link.requires_approval,
        "verifies_email": link.verifies_email,
        "shows_seats_left": link.shows_seats_left,
        "allows_guests": link.allows_guests,
        "reminders": link.reminders,
        "reminders_to_owner": link.reminders_to_owner,
        "follow_up_text": link.follow_up_text,
        "follow_up_after": link.follow_up_minutes,
    }
