"""Which accounts can be connected, with the plan's reason where one cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

from audit.oauth_apps import oauth_app
from calendars.providers.registry import OAUTH, PROVIDERS, is_consented
from calendars.services.connections import check_plan
from common.errors import PlanRequired
from workspaces.enums import OwnerKind, Tier

if TYPE_CHECKING:
    from audit.models import ConnectionBase
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class Offer:
    """An account to connect. Without an address the plan forbids it; `reason` says so."""

    provider: str
    label: str
    url: str
    reason: str = ""
    tier: str = ""


def calendar_offers(owner: Owner, next_page: str) -> list[Offer]:
    """One for each calendar provider that is consented to."""
    return [offer_of(provider, owner, next_page) for provider in OAUTH]


def offer_of(provider: str, owner: Owner, next_page: str) -> Offer:
    """An account of this provider for this owner. `next_page` names where the browser goes then."""
    label = f"Connect {oauth_app(provider).spec.label}"
    try:
        check_plan(owner, provider)
    except PlanRequired as refusal:
        tier = Tier(refusal.tier).label
        return Offer(provider, label, url="", reason=refusal.message, tier=str(tier))
    return Offer(provider, label, url=connect_url(provider, owner.kind, str(owner.id), next_page))


def reconnect_url(connection: ConnectionBase, next_page: str) -> str:
    """Where the account of a connection is consented to again, or its address is typed again."""
    owner_id = str(connection.owner_id)
    if connection.credential_kind:
        return f"{reverse('calendars:connections')}#workspace-zoom"
    if connection.provider in PROVIDERS and not is_consented(connection.provider):
        whose = {"client": owner_id} if connection.owner_kind == OwnerKind.CLIENT else {}
        return f"{reverse('calendars:subscribe')}?{urlencode(whose)}".rstrip("?")
    address = connect_url(connection.provider, connection.owner_kind, owner_id, next_page)
    return f"{address}&{urlencode({'again': connection.pk})}"


def connect_url(provider: str, owner_kind: str, owner_id: str, next_page: str) -> str:
    """The start of the consent: for a client, or for the member themself."""
    whose = {"client": owner_id} if owner_kind == OwnerKind.CLIENT else {"user": "me"}
    query = urlencode({**whose, "next": next_page})
    return f"{reverse('calendars:oauth_start', args=[provider])}?{query}"
