"""Keeping what somebody consented to, and ending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState
from audit.oauth_apps import oauth_app
from audit.services import vault
from calendars.errors import ConsentIncomplete
from calendars.models import CalendarConnectionBase, UserCalendarConnection
from calendars.owners import connection_model, connections_of
from calendars.providers.registry import PROVIDERS, is_consented
from calendars.services import channels, consents, listing, memory, places, sync
from calendars.services.accounts import opened
from common.errors import PlanRequired
from conferencing import plans
from conferencing import services as conferencing
from workspaces.enums import Tier

if TYPE_CHECKING:
    from datetime import datetime

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from calendars.models import Calendar
    from common.oauth_spec import Identity, TokenSet
    from workspaces.models import User, Workspace
    from workspaces.owners import Owner


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection that was just consented to. `is_new` unless it was connected before."""

    connection: ConnectionBase
    is_new: bool


def accounts_of(owner: Owner, provider: str) -> list[ConnectionBase]:
    """The owner's connections that compete with one of this provider for the plan's room."""
    if provider not in PROVIDERS:
        return list(conferencing.zoom_connections_of(owner))
    return list(connections_of(owner))


def check_plan(owner: Owner, provider: str, account_remote_id: str = "", *, tier: str = "") -> None:
    """Whether the owner's plan has room for an account of this provider.

    Connecting the same account again always has room; leave `account_remote_id` blank for one
    that is not connected. `tier` is the plan where it was read more lately than the owner. Raises
    PlanRequired.
    """
    plan = Tier(tier or owner.workspace.tier)
    if provider not in PROVIDERS:
        known = conferencing.zoom_connections_of(owner).filter(account_remote_id=account_remote_id)
        if not account_remote_id or not known.exists():
            conferencing.check_zoom_plan(plan)
        return
    if plans.allows(plan, plans.PlanFeature.CONNECT_BOTH):
        return
    others = [row for row in connections_of(owner) if is_consented(row.provider)]
    is_known = any(
        (row.provider, row.account_remote_id) == (provider, account_remote_id) for row in others
    )
    if others and not is_known:
        lowest = plans.lowest_tier_with(plans.PlanFeature.CONNECT_BOTH)
        kept = min(others, key=lambda row: row.is_paused_by_plan)
        raise PlanRequired(
            f"The {plan.label} plan connects one calendar account, and "
            f"{kept.connected_email} is connected. More accounts are on {lowest.label}.",
            lowest,
        )


def keep_connection(*, owner: Owner, provider: str, identity: Identity, tokens: TokenSet) -> Kept:
    """Seal the tokens under the owner's connection to this account, new or known.

    A known connection keeps its settings and becomes active again, if the plan has a place for it.
    An owner's first calendar connection is the one bookings are written to. Raises PlanRequired,
    ConsentIncomplete; then nothing is kept, see `consents.give_back`.
    """
    if provider not in PROVIDERS:
        check_plan(owner, provider, identity.account_remote_id, tier=places.tier_now(owner))
        zoom, is_new = conferencing.keep_zoom_connection(owner, identity, tokens)
        return Kept(zoom, is_new)
    with transaction.atomic():
        owner.lock()
        # Under the lock: two consents that end at once must not both take the last place.
        tier = places.tier_now(owner)
        check_plan(owner, provider, identity.account_remote_id, tier=tier)
        model = connection_model(owner.kind)
        mine = connections_of(owner)
        row = mine.filter(provider=provider, account_remote_id=identity.account_remote_id).first()
        is_new = row is None
        if row is None or row.state != ConnectionState.ACTIVE:
            _require_refresh(provider, tokens)
        if row is None:
            whose: dict[str, Any] = {f"{owner.kind.value}_id": owner.id}
            row = model(
                **whose,
                workspace=owner.workspace,
                provider=provider,
                account_remote_id=identity.account_remote_id,
                is_booking=not mine.filter(is_booking=True).exists(),
            )
        row.connected_email = identity.email
        row.account_kind = identity.kind
        row.save()
        vault.store_tokens(connection=row, tokens=tokens)
        settled = places.settle_locked(owner)
        row.refresh_from_db()
    places.carry_out(settled)
    return Kept(row, is_new)


def read_calendars(*, connection: CalendarConnectionBase, actor: Actor, now: datetime) -> None:
    """List the account's calendars, once, and have their events copied by a worker.

    Raises UpstreamError; the events are asked for all the same.
    """
    try:
        with opened(
            connection,
            workspace=connection.workspace,
            actor=actor,
            reason=AccessReason.OAUTH_CONNECT,
        ) as provider:
            listing.refresh_calendars(connection, provider.list_calendars(), now)
    finally:
        sync.refresh_account(connection)


def disconnect(*, connection: ConnectionBase, actor: Actor) -> str:
    """End the connection: erase its tokens, our copy of its events, and itself.

    The provider is asked to revoke the consent where it can be; when it cannot be reached, all
    else happens nevertheless. How its calendars were arranged is kept, for when the same account
    is connected again. Returns what the person should know, blank when all was done.
    """
    channels.close_all(connection=connection, actor=actor)
    if isinstance(connection, conferencing.zoom_connection_model()):
        conferencing.look_after(
            connection=connection, actor=actor, now=timezone.now(), at_last=True
        )
    words = consents.revoke(connection=connection, actor=actor)
    vault.erase_tokens(connection=connection)
    with transaction.atomic():
        if isinstance(connection, CalendarConnectionBase):
            memory.remember(connection)
        connection.delete()
    return words


def promote(owner: Owner) -> CalendarConnectionBase | None:
    """An account is gone: what the plan now has room for comes back, and the owner's oldest
    connection takes bookings when none does; the one, if any.
    """
    places.settle(owner)
    with transaction.atomic():
        owner.lock()
        mine = [row for row in connections_of(owner) if is_consented(row.provider)]
        if not mine or any(row.is_booking for row in mine):
            return None
        mine.sort(key=lambda row: row.is_paused_by_plan)
        mine[0].is_booking = True
        mine[0].save(update_fields=["is_booking", "updated_at"])
        return mine[0]


def choose_booking_calendar(*, owner: Owner, calendar: Calendar) -> None:
    """Write the owner's bookings to this calendar of theirs from now on."""
    memory.book_at(owner=owner, calendar=calendar)


def pause_connections(*, user: User, workspace: Workspace) -> int:
    """A membership ended: the user's connections there pause and their tokens are erased."""
    paused = 0
    own = UserCalendarConnection.objects.filter(user=user, workspace=workspace)
    zoom = conferencing.zoom_connections_in(user, workspace)
    for connection in [*own, *zoom]:
        channels.close_all(connection=connection, actor=task_actor("calendars.end_connections"))
        vault.erase_tokens(connection=connection)
        connection.state, connection.resumes_as = ConnectionState.PAUSED, ""
        connection.save(update_fields=["state", "resumes_as", "updated_at"])
        paused += 1
    return paused


def _require_refresh(provider: str, tokens: TokenSet) -> None:
    """An account that cannot be renewed would be lost within the hour. Raises ConsentIncomplete."""
    if tokens.refresh_token is None:
        label = oauth_app(provider).spec.label
        raise ConsentIncomplete(f"{label} gave access for one hour only. Connect again.")
