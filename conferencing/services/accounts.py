"""Owners' Zoom accounts: which there are, keeping one, and opening one for an operation."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction

from audit.enums import AccessReason, ConnectionState, Provider
from audit.oauth_apps import oauth_app
from audit.services import vault
from audit.services.tokens import mark_reconnect_needed, resolve_provider_token
from common.errors import PlanRequired, ReconnectNeeded, UpstreamError
from common.trouble import Doing, tell
from conferencing import plans
from conferencing.enums import ZoomAccess
from conferencing.models import ZoomConnection
from conferencing.zoom import ScopeMissing, ZoomClient
from workspaces.enums import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.db.models import QuerySet

    from audit.actors import Actor
    from common.oauth_spec import Identity, TokenSet
    from workspaces.models import User, Workspace
    from workspaces.owners import Owner

_DOING: Final = {
    AccessReason.ZOOM_MEETING_CREATE: Doing.CREATE,
    AccessReason.ZOOM_MEETING_UPDATE: Doing.CHANGE,
    AccessReason.ZOOM_MEETING_DELETE: Doing.DELETE,
    AccessReason.ZOOM_SWEEP: Doing.READ,
    AccessReason.VERIFY: Doing.READ,
}


def zoom_connections_of(owner: Owner) -> QuerySet[ZoomConnection]:
    """The owner's Zoom accounts in their workspace, oldest first."""
    rows = ZoomConnection.objects.filter(owner.filter_for(), workspace=owner.workspace)
    return rows.select_related("workspace").order_by("created_at")


def zoom_connections_in(user: User, workspace: Workspace) -> QuerySet[ZoomConnection]:
    """The Zoom accounts that the user connected for themself in the workspace."""
    return ZoomConnection.objects.filter(user=user, workspace=workspace)


def zoom_connection_in(workspace: Workspace, connection_id: UUID) -> ZoomConnection | None:
    """The workspace's Zoom account of that id."""
    rows = ZoomConnection.objects.filter(workspace=workspace, pk=connection_id)
    return rows.select_related("workspace").first()


def zoom_connection_model() -> type[ZoomConnection]:
    """The table of Zoom accounts."""
    return ZoomConnection


def has_zoom(owner: Owner) -> bool:
    """Whether a Zoom meeting can be made for the owner now."""
    return zoom_connections_of(owner).filter(state=ConnectionState.ACTIVE).exists()


def owners_with_zoom(workspace: Workspace) -> set[UUID]:
    """The clients and users for whom a Zoom meeting can be made now; one query."""
    rows = ZoomConnection.objects.filter(workspace=workspace, state=ConnectionState.ACTIVE)
    return {client or user for client, user in rows.values_list("client", "user")}


def check_zoom_plan(tier: Tier) -> None:
    """Raise PlanRequired when the plan has no Zoom."""
    if not plans.allows(tier, plans.PlanFeature.ZOOM):
        lowest = plans.lowest_tier_with(plans.PlanFeature.ZOOM)
        raise PlanRequired(f"Zoom is on the {lowest.label} plan.", lowest)


def keep_zoom_connection(
    owner: Owner,
    identity: Identity,
    tokens: TokenSet,
    *,
    access: ZoomAccess = ZoomAccess.CONSENT,
) -> tuple[ZoomConnection, bool]:
    """Seal the tokens under the owner's connection to this account; whether it is a new one."""
    with transaction.atomic():
        owner.lock()
        row = (
            zoom_connections_of(owner).filter(account_remote_id=identity.account_remote_id).first()
        )
        is_new = row is None
        if row is None:
            whose: dict[str, Any] = {f"{owner.kind.value}_id": owner.id}
            row = ZoomConnection(
                **whose,
                workspace=owner.workspace,
                provider=Provider.ZOOM,
                account_remote_id=identity.account_remote_id,
            )
        row.connected_email = identity.email
        row.account_kind = identity.kind
        row.access = access
        row.save()
        vault.store_tokens(connection=row, tokens=tokens)
    return row, is_new


@contextmanager
def opened(
    connection: ZoomConnection, workspace: Workspace, actor: Actor, reason: AccessReason
) -> Iterator[ZoomClient]:
    """The account, open for one operation: one token, one log row; an error says all of it.

    Raises what `resolve_provider_token` does; inside a transaction RuntimeError.
    """
    app = oauth_app(connection.provider)
    try:
        token = resolve_provider_token(
            connection=connection, workspace=workspace, actor=actor, reason=reason
        )
        yield ZoomClient(
            token.lasting(),
            api_url=app.api_url(),
            time_limit=settings.PROVIDER_TIMEOUT,
            user=connection.zoom_user,
        )
    except UpstreamError as error:
        if isinstance(error, ScopeMissing) and connection.access == ZoomAccess.SERVER:
            error.for_key()
        if isinstance(error, ReconnectNeeded):
            mark_reconnect_needed(connection, error.message)
        account = connection.connected_email
        tell(error, label=app.spec.label, account=account, doing=_DOING[reason])
        raise
