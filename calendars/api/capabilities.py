"""What may be chosen and connected, told before the click: by the plan, and by each calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.enums import Provider
from calendars.api.calling import READ, READ_REFUSED, WORKSPACE, member_calling
from calendars.hosts import choices_of
from calendars.offers import calendar_offers, offer_of
from calendars.paused import paused_words
from calendars.queries import calendars_visible_to
from conferencing import plans
from conferencing.enums import Conference
from workspaces.enums import Tier
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

    from calendars.offers import Offer
    from calendars.queries import VisibleCalendar
    from conferencing.plans import PlanTable
    from conferencing.routing import Choice

_BLANK = "Blank when allowed."
_LOWEST = "The lowest plan that has it."


class AllowanceOutput(serializers.Serializer[Any]):
    feature = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text=_BLANK)
    tier = serializers.ChoiceField(choices=Tier.choices, help_text=_LOWEST)


class ConnectOutput(serializers.Serializer[Any]):
    """Whether the caller may connect one more account of a provider."""

    provider = serializers.CharField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text=_BLANK)
    tier = serializers.ChoiceField(choices=Tier.choices, required=False, help_text=_LOWEST)


class ChoiceOutput(serializers.Serializer[Any]):
    """One conference for a new event of the calendar, as POST events would answer."""

    conference = serializers.ChoiceField(choices=Conference.choices)
    label = serializers.CharField()  # type: ignore[assignment]
    allowed = serializers.BooleanField()
    code = serializers.CharField(help_text=f"What the refusal is called. {_BLANK}")
    reason = serializers.CharField(help_text=f"What would change it, too. {_BLANK}")
    hint = serializers.CharField(help_text="In few words: which link it makes, or why none.")
    tier = serializers.ChoiceField(
        choices=Tier.choices, required=False, help_text=f"{_LOWEST} Absent when no plan would help."
    )


class CalendarChoicesOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    writable = serializers.BooleanField()
    reason = serializers.CharField(help_text="Why it can only be read; blank when writable.")
    conferences = ChoiceOutput(many=True, help_text="Empty when it can only be read.")


class CapabilitiesOutput(serializers.Serializer[Any]):
    tier = serializers.ChoiceField(choices=Tier.choices)
    conferencing = AllowanceOutput(many=True)
    plans = AllowanceOutput(many=True)
    connect = ConnectOutput(many=True)
    calendars = CalendarChoicesOutput(many=True)
    matrix = serializers.DictField(
        child=serializers.ListField(child=serializers.DictField()),
        help_text="Both tables of the plans, row by row, with a yes or no for each tier.",
    )


class CapabilitiesView(APIView):
    """What the workspace's plan holds and each calendar can, with a reason for each no."""

    @extend_schema(
        operation_id="calendar_capabilities",
        parameters=[WORKSPACE],
        responses={200: CapabilitiesOutput, **READ_REFUSED},
    )
    def get(self, request: Request) -> Response:
        membership = member_calling(request, READ)
        tier = Tier(membership.workspace.tier)
        owner = owner_of_user(membership.user, membership.workspace)
        offers = [*calendar_offers(owner, ""), offer_of(Provider.ZOOM, owner, "")]
        seen = calendars_visible_to(membership)
        choices = choices_of([one.calendar for one in seen if one.may_write], membership.workspace)
        answer: dict[str, Any] = {table.key: _allowances(table, tier) for table in plans.TABLES}
        answer |= {
            "tier": tier.value,
            "connect": [_connect(offer) for offer in offers],
            "calendars": [_calendar(one, choices.get(one.calendar.pk, ())) for one in seen],
            "matrix": plans.matrix(),
        }
        return Response(answer)


def _allowances(table: PlanTable, tier: Tier) -> list[dict[str, Any]]:
    found = []
    for row in table.rows:
        lowest = plans.lowest_tier_with(row.feature)
        allowed = tier in row.tiers
        found.append(
            {
                "feature": row.feature.value,
                "label": row.label,
                "allowed": allowed,
                "reason": "" if allowed else f"{row.label} is on the {lowest.label} plan.",
                "tier": lowest.value,
            }
        )
    return found


def _connect(offer: Offer) -> dict[str, Any]:
    allowed = bool(offer.url)
    found = {"provider": offer.provider, "allowed": allowed, "reason": offer.reason}
    return found if allowed else {**found, "tier": offer.tier.lower()}


def _calendar(one: VisibleCalendar, choices: Sequence[Choice]) -> dict[str, Any]:
    return {
        "id": one.calendar.pk,
        "writable": one.may_write,
        "reason": "" if one.may_write else _why_read_only(one),
        "conferences": [_choice(choice) for choice in choices],
    }


def _why_read_only(one: VisibleCalendar) -> str:
    if one.may_edit:
        return paused_words(one.connection)
    if not one.calendar.is_writable:
        return f"{one.calendar.name} can only be read."
    return f"{one.owner_name} shares it to be seen only."


def _choice(choice: Choice) -> dict[str, Any]:
    refusal = choice.refusal
    found: dict[str, Any] = {
        "conference": choice.conference.value,
        "label": choice.label,
        "allowed": choice.enabled,
        "code": refusal.code if refusal else "",
        "reason": refusal.reason if refusal else "",
        "hint": choice.hint,
    }
    return found if choice.tier is None else {**found, "tier": choice.tier.value}
