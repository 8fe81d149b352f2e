"""Zoom accounts and the meetings made in them."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Provider
from audit.oauth_apps import oauth_app
from audit.services import vault
from audit.services.tokens import mark_reconnect_needed, resolve_provider_token
from common.errors import PlanRequired, ReconnectNeeded, UpstreamError, UpstreamUnavailable
from common.leases import drop_lease, take_lease
from common.trouble import Doing, tell
from conferencing import plans
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.zoom import ZoomClient
from workspaces.enums import Tier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from audit.actors import Actor
    from common.oauth_spec import Identity, TokenSet
    from workspaces.models import User, Workspace
    from workspaces.owners import Owner

logger = logging.getLogger(__name__)

# Longer than one request and a refresh of the token may take.
_MAKING: Final = timedelta(seconds=45)
_WAIT_FOR_OTHERS: Final = timedelta(seconds=10)
_LOOK_EVERY: Final = 0.05
_DOING: Final = {
    AccessReason.ZOOM_MEETING_CREATE: Doing.CREATE,
    AccessReason.ZOOM_MEETING_UPDATE: Doing.CHANGE,
    AccessReason.ZOOM_MEETING_DELETE: Doing.DELETE,
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
    owner: Owner, identity: Identity, tokens: TokenSet
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
        row.save()
        vault.store_tokens(connection=row, tokens=tokens)
    return row, is_new


def create_zoom_meeting(
    *,
    owner: Owner,
    intent_key: str,
    topic: str,
    start: datetime,
    duration: timedelta,
    timezone_name: str,
    is_series: bool,
    actor: Actor,
) -> ZoomMeeting:
    """A Zoom meeting in the owner's account; the same `intent_key` gives the same meeting.

    The wish is written before the call, because Zoom has no idempotency key of its own, and one
    caller at a time makes it. Raises ReconnectNeeded without a usable account, and UpstreamError.
    """
    connection = zoom_connections_of(owner).filter(state=ConnectionState.ACTIVE).first()
    if connection is None:
        raise ReconnectNeeded("Zoom is not connected. Connect it first.")
    meeting, _ = ZoomMeeting.objects.get_or_create(
        connection=connection, intent_key=intent_key, defaults={"workspace": owner.workspace}
    )
    holder = _lease_to_make(meeting)
    if holder is None:
        return meeting
    try:
        with _opened(connection, owner.workspace, actor, AccessReason.ZOOM_MEETING_CREATE) as zoom:
            room = zoom.create_meeting(
                topic=topic,
                start=start,
                duration=duration,
                timezone=timezone_name,
                is_series=is_series,
            )
        meeting.remote_id, meeting.join_url = room.remote_id, room.join_url
        meeting.deleted_at = None
        meeting.save(update_fields=["remote_id", "join_url", "deleted_at", "updated_at"])
    finally:
        drop_lease(meeting, holder)
    return meeting


def _lease_to_make(meeting: ZoomMeeting) -> str | None:
    """The lease under which to make the meeting; None when it is there, made by whomever.

    Raises UpstreamUnavailable while another caller has been at it for long.
    """
    give_up = time.monotonic() + _WAIT_FOR_OTHERS.total_seconds()
    while True:
        holder = take_lease(meeting, now=timezone.now(), lasts=_MAKING)
        meeting.refresh_from_db()
        if meeting.remote_id and meeting.deleted_at is None:
            if holder is not None:
                drop_lease(meeting, holder)
            return None
        if holder is not None:
            return holder
        if time.monotonic() > give_up:
            raise UpstreamUnavailable("The Zoom meeting is being made. Try again in a moment.")
        time.sleep(_LOOK_EVERY)


def zoom_meeting_at(workspace_id: UUID, join_url: str) -> ZoomMeeting | None:
    """The meeting of ours that has this join link."""
    if not join_url:
        return None
    rows = ZoomMeeting.objects.filter(
        workspace_id=workspace_id, join_url=join_url, deleted_at__isnull=True
    )
    return rows.select_related("workspace", "connection__workspace").first()


def update_zoom_meeting(
    *,
    meeting: ZoomMeeting,
    topic: str | None,
    start: datetime | None,
    duration: timedelta | None,
    timezone_name: str | None,
    actor: Actor,
) -> None:
    """Let the meeting follow its event. Raises UpstreamError."""
    with _opened(
        meeting.connection, meeting.workspace, actor, AccessReason.ZOOM_MEETING_UPDATE
    ) as zoom:
        zoom.update_meeting(
            meeting.remote_id,
            topic=topic,
            start=start,
            duration=duration,
            timezone=timezone_name,
        )


def delete_zoom_meeting_best_effort(*, meeting: ZoomMeeting, actor: Actor) -> bool:
    """Delete the meeting whose event is gone; a link to an empty room is left if Zoom is down."""
    try:
        with _opened(
            meeting.connection, meeting.workspace, actor, AccessReason.ZOOM_MEETING_DELETE
        ) as zoom:
            zoom.delete_meeting(meeting.remote_id)
    except UpstreamError as error:
        logger.info("a Zoom meeting could not be deleted", extra={"code": error.code})
        return False
    ZoomMeeting.objects.filter(pk=meeting.pk).update(deleted_at=timezone.now())
    return True


@contextmanager
def _opened(
    connection: ZoomConnection, workspace: Workspace, actor: Actor, reason: AccessReason
) -> Iterator[ZoomClient]:
    app = oauth_app(connection.provider)
    try:
        token = resolve_provider_token(
            connection=connection, workspace=workspace, actor=actor, reason=reason
        )
        yield ZoomClient(
            token.lasting(), api_url=app.api_url(), time_limit=settings.PROVIDER_TIMEOUT
        )
    except UpstreamError as error:
        if isinstance(error, ReconnectNeeded):
            mark_reconnect_needed(connection, error.message)
        account, doing = connection.connected_email, _DOING[reason]
        tell(error, label=app.spec.label, account=account, doing=doing)
        raise
