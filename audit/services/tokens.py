"""The token path: the only way from a connection to a token that a provider accepts.

No log row, no plain text: the row is committed before anything is unsealed, and there is no other
place that unseals a token.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from audit.crypto import Unreadable
from audit.enums import AccessReason, ConnectionState, Outcome
from audit.errors import TokenDenied
from audit.models import OAuthToken
from audit.oauth_apps import oauth_app
from audit.services import vault
from audit.services.credentials import ServerKey, resolve_service_credential
from audit.services.log import append, entry_for
from common import oauth, outbox
from common.errors import (
    RateLimited,
    ReconnectNeeded,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.leases import drop_lease, take_lease
from common.oauth_spec import ClientCredentials
from common.secrets import RenewableSecret, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from common.oauth_spec import TokenSet
    from workspaces.models import Workspace

logger = logging.getLogger(__name__)

RENEW_BEFORE = timedelta(minutes=2)
REFRESH_LEASE = timedelta(seconds=30)
WAIT_FOR_OTHERS = timedelta(seconds=10)
LOOK_EVERY = 0.05
RECONNECT_KIND = "audit.reconnect_needed"
# What a connection that exceeds the plan may still be used for: its busy times keep others from
# booking over them, what was promised to a guest before is kept, an erased person leaves it, what
# was begun before (a link on its way, a move) is looked for once more, and it can be ended.
USABLE_WHILE_PAUSED = frozenset(
    {
        AccessReason.BUSY_READ,
        AccessReason.BOOKING_CONFIRM,
        AccessReason.BOOKING_EVENT_CREATE,
        AccessReason.BOOKING_EVENT_UPDATE,
        AccessReason.BOOKING_EVENT_DELETE,
        AccessReason.BOOKING_EVENT_ERASE,
        AccessReason.EVENT_GET,
        AccessReason.OAUTH_CONNECT,
        AccessReason.OAUTH_REVOKE,
        AccessReason.WATCH,
    }
)


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token for the length of one operation. It is never stored, logged or passed to a task.

    `renewed` is for a token that the provider refuses before its time: another one, of the same
    operation and so without a second row for it. Raises what `resolve_provider_token` does.
    """

    secret: Secret
    provider: str
    renewed: Callable[[], Secret] = field(repr=False)

    def lasting(self) -> RenewableSecret:
        """The secret as the door to other services takes it: it is renewed there, once.

        Only in the thread that resolved it; the others only ask providers and touch no table.
        """
        home = threading.get_ident()

        def renewed() -> Secret | None:
            return self.renewed() if threading.get_ident() == home else None

        return RenewableSecret(self.secret.reveal(), renewed)


def resolve_provider_token(
    *,
    connection: ConnectionBase,
    workspace: Workspace,
    actor: Actor,
    reason: AccessReason,
    target: str = "",
) -> AccessToken:
    """A token the provider accepts now, for one operation; refreshes it when it runs out soon.

    Writes exactly one log row for the operation, durably, before anything is unsealed (and one
    more for a refresh). Raises TokenDenied when the connection is of another workspace,
    ReconnectNeeded when a person has to consent again, UpstreamForbidden while the connection is
    paused (one that the plan paused still serves `USABLE_WHILE_PAUSED`), UpstreamUnavailable when
    the refresh cannot be done now. Call it outside any transaction; inside one it raises
    RuntimeError.
    """

    def log(outcome: Outcome) -> None:
        entry = entry_for(connection, reason, outcome, target)
        append(workspace_id=connection.workspace_id, actor=actor, entries=[entry])

    if connection.workspace_id != workspace.pk:
        log(Outcome.DENIED)
        raise TokenDenied
    try:
        connection.refresh_from_db(fields=["state", "resumes_as", "token_expires_at"])
    except ObjectDoesNotExist:
        log(Outcome.DENIED)
        raise ReconnectNeeded(_disconnected_words(connection)) from None
    if connection.state == ConnectionState.PAUSED and not _may_use_paused(connection, reason):
        log(Outcome.DENIED)
        raise UpstreamForbidden(f"{connection.connected_email} is paused in Meridian.")
    try:
        token = _usable_token(connection, actor)
    except ReconnectNeeded:
        log(Outcome.RECONNECT_NEEDED)
        raise
    except UpstreamError:
        log(Outcome.DENIED)
        raise
    log(Outcome.GRANTED)
    secret = _opened(connection, token)
    return AccessToken(secret, connection.provider, lambda: _renewed(connection, actor, secret))


def log_without_token(
    *, connection: ConnectionBase, actor: Actor, reason: AccessReason, target: str = ""
) -> None:
    """Log an operation on a connection that needs no token from the vault."""
    entry = entry_for(connection, reason, Outcome.GRANTED, target)
    append(workspace_id=connection.workspace_id, actor=actor, entries=[entry])


def mark_reconnect_needed(connection: ConnectionBase, words: str = "") -> None:
    """The provider no longer accepts the connection: say so on it, and tell its owner once."""
    rows = type(connection)._default_manager.filter(pk=connection.pk)
    said = {
        "last_error": (words or _reconnect_words(connection))[:300],
        "updated_at": timezone.now(),
    }
    needed = ConnectionState.RECONNECT_NEEDED
    changed = rows.filter(state=ConnectionState.ACTIVE).update(state=needed, **said)
    if not changed:
        # What the plan paused stays paused; its owner is needed all the same.
        paused = rows.filter(state=ConnectionState.PAUSED, resumes_as=ConnectionState.ACTIVE)
        changed = paused.update(resumes_as=needed, **said)
    if connection.is_paused_by_plan:
        connection.resumes_as = needed
    else:
        connection.state = needed
    if changed:
        outbox.enqueue(
            kind=RECONNECT_KIND,
            payload={"connection_id": str(connection.pk)},
            dedupe_key=f"reconnect:{connection.pk}:{timezone.now():%Y%m%d%H%M%S%f}",
            workspace_id=connection.workspace_id,
        )


def _may_use_paused(connection: ConnectionBase, reason: AccessReason) -> bool:
    return connection.is_paused_by_plan and reason in USABLE_WHILE_PAUSED


def account_tokens(*, workspace: Workspace, kind: str, actor: Actor, target: str = "") -> TokenSet:
    """Tokens for the account that the workspace's own key opens, without anybody's consent.

    The key's use is logged. Raises ReconnectNeeded, told in whole, when there is no key or the
    provider refuses it, and UpstreamError.
    """
    app = oauth_app(kind)
    try:
        key = ServerKey.parse(
            resolve_service_credential(
                workspace=workspace, kind=kind, actor=actor, target=target
            ).reveal()
        )
        return oauth.account_token(
            app.endpoints(),
            ClientCredentials(key.client_id, Secret(key.client_secret), "basic"),
            account_id=key.account_id,
            now=timezone.now(),
            time_limit=settings.PROVIDER_TIMEOUT,
        )
    except oauth.OAuthFailure as failure:
        error = app.classify(failure)
        if isinstance(error, RateLimited) or failure.retryable:
            raise error from None
    except ReconnectNeeded:
        pass
    refused = ReconnectNeeded(
        f"{app.spec.label} does not accept the workspace's key. An administrator of the workspace "
        "has to enter it again under Connections."
    )
    refused.is_told = True
    raise refused


def _by_credential(connection: ConnectionBase, actor: Actor) -> TokenSet:
    """Raises ReconnectNeeded, which is said on the connection, and UpstreamError."""
    try:
        return account_tokens(
            workspace=connection.workspace,
            kind=connection.credential_kind,
            actor=actor,
            target=str(connection.pk),
        )
    except ReconnectNeeded as error:
        mark_reconnect_needed(connection, error.message)
        raise


def _reconnect_words(connection: ConnectionBase) -> str:
    name = connection.get_provider_display()
    return f"{name} has stopped accepting {connection.connected_email}. Connect it again."


def _disconnected_words(connection: ConnectionBase) -> str:
    return f"{connection.connected_email} is no longer connected."


def _unreadable(connection: ConnectionBase) -> None:
    logger.error("a sealed token does not open: is its key still on the ring?")
    mark_reconnect_needed(connection)


def _unseal(token: OAuthToken, field: str) -> Secret:
    column = token.access_sealed if field == vault.ACCESS else token.refresh_sealed
    return Secret(vault.unseal_text(bytes(column), vault.field_place(token, field)))


def _opened(connection: ConnectionBase, token: OAuthToken) -> Secret:
    try:
        return _unseal(token, vault.ACCESS)
    except Unreadable:
        _unreadable(connection)
        raise ReconnectNeeded(_reconnect_words(connection)) from None


def _renewed(connection: ConnectionBase, actor: Actor, refused: Secret) -> Secret:
    """Another token than the refused one: refreshed now, unless somebody else just did."""

    def is_another(token: OAuthToken) -> bool:
        return _is_fresh(token) and _opened(connection, token) != refused

    return _opened(connection, _usable_token(connection, actor, is_another))


def _read(connection: ConnectionBase) -> OAuthToken:
    state = connection.resumes_as if connection.is_paused_by_plan else connection.state
    if state != ConnectionState.ACTIVE:
        raise ReconnectNeeded(_reconnect_words(connection))
    try:
        return OAuthToken.objects.get(
            connection_id=connection.pk, workspace_id=connection.workspace_id
        )
    except OAuthToken.DoesNotExist:
        raise ReconnectNeeded(_reconnect_words(connection)) from None


def _is_fresh(token: OAuthToken) -> bool:
    return token.expires_at is None or token.expires_at > timezone.now() + RENEW_BEFORE


def _usable_token(
    connection: ConnectionBase, actor: Actor, is_good: Callable[[OAuthToken], bool] = _is_fresh
) -> OAuthToken:
    """A row that holds a good token; refreshed by one process, awaited by the others."""
    give_up = time.monotonic() + WAIT_FOR_OTHERS.total_seconds()
    while True:
        token = _read(connection)
        if is_good(token):
            return token
        holder = take_lease(token, now=timezone.now(), lasts=REFRESH_LEASE)
        if holder is not None:
            return _refresh_as_holder(connection, holder, actor, is_good)
        if time.monotonic() > give_up:
            raise UpstreamUnavailable("The account is being renewed. Try again in a moment.")
        time.sleep(LOOK_EVERY)
        try:
            connection.refresh_from_db(fields=["state", "resumes_as"])
        except ObjectDoesNotExist:
            raise ReconnectNeeded(_disconnected_words(connection)) from None


def _refresh_as_holder(
    connection: ConnectionBase, holder: str, actor: Actor, is_good: Callable[[OAuthToken], bool]
) -> OAuthToken:
    token = _read(connection)
    try:
        if is_good(token):  # somebody finished between our look and our lease
            return token
        return _refreshed(connection, token, holder, actor)
    finally:
        drop_lease(token, holder)


def _refreshed(
    connection: ConnectionBase, token: OAuthToken, holder: str, actor: Actor
) -> OAuthToken:
    if not token.refresh_sealed and not connection.credential_kind:
        mark_reconnect_needed(connection)
        raise ReconnectNeeded(_reconnect_words(connection))
    entry = entry_for(connection, AccessReason.TOKEN_REFRESH, Outcome.GRANTED)
    append(workspace_id=connection.workspace_id, actor=actor, entries=[entry])
    app = oauth_app(connection.provider)
    try:
        if connection.credential_kind:
            tokens = _by_credential(connection, actor)
        else:
            tokens = oauth.refresh(
                app.endpoints(),
                app.credentials(),
                refresh_token=_unseal(token, vault.REFRESH),
                now=timezone.now(),
                time_limit=settings.PROVIDER_TIMEOUT,
            )
    except Unreadable:
        _unreadable(connection)
        raise ReconnectNeeded(_reconnect_words(connection)) from None
    except oauth.OAuthFailure as failure:
        error = app.classify(failure)
        if isinstance(error, ReconnectNeeded):
            if not OAuthToken.objects.filter(pk=token.pk, lease_holder=holder).exists():
                # Connected anew while we asked: that consent ended the token we asked with.
                return _read(connection)
            mark_reconnect_needed(connection, error.message)
        raise error from None
    stored = OAuthToken.objects.filter(pk=token.pk, lease_holder=holder).update(
        **vault.sealed_fields(token, tokens), updated_at=timezone.now()
    )
    if not stored:  # the lease ran out, or the account was connected anew: theirs is the truth
        return _read(connection)
    type(connection)._default_manager.filter(pk=connection.pk).update(
        token_expires_at=tokens.expires_at
    )
    return _read(connection)
