"""What a workspace changes of its clients, as far as its plan decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import InvalidInput
from conferencing.routing import PlanRefusal, check_plan
from workspaces.enums import PreferredConference
from workspaces.services.clients import change_client

if TYPE_CHECKING:
    from datetime import datetime

    from workspaces.models import Client, Membership


def refused_preferences(tier: str) -> dict[str, PlanRefusal]:
    """The preferred meeting links that the plan does not hold, and why."""
    refused = {}
    for wanted in PreferredConference:
        try:
            if wanted:
                check_plan(wanted, tier)
        except PlanRefusal as refusal:
            refused[wanted.value] = refusal
    return refused


def change_details(*, client: Client, by: Membership, now: datetime, **details: Any) -> list[str]:
    """Keep a client's details. What the plan does not hold is no new preference; an old one stays.

    Answers whose links to the client's own page ended with that (see `change_client`). Raises
    InvalidInput naming the field.
    """
    wanted = details["preferred_conference"]
    refusal = refused_preferences(client.workspace.tier).get(wanted)
    if refusal is not None and wanted != client.preferred_conference:
        raise InvalidInput("preferred_conference", refusal.message)
    return change_client(client=client, by=by, now=now, **details)
