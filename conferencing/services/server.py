"""A workspace's own key to its Zoom account: no consent, and every member may host who is in it.

https://developers.zoom.us/docs/internal-apps/s2s-oauth
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome, Provider
from audit.models import ServiceCredential
from audit.oauth_apps import oauth_app
from audit.services import log, vault
from audit.services.credentials import ServerKey
from audit.services.tokens import account_tokens, log_without_token
from common import oauth
from common.errors import Conflict, InvalidInput, RateLimited, ReconnectNeeded, UpstreamError
from common.oauth_spec import ClientCredentials
from common.secrets import Secret
from common.trouble import Doing, tell
from conferencing.enums import ZoomAccess
from conferencing.models import ZoomConnection
from conferencing.services.accounts import (
    check_zoom_plan,
    keep_zoom_connection,
    zoom_connections_of,
)
from conferencing.services.upkeep import look_after
from conferencing.zoom import ScopeMissing, ZoomClient
from workspaces.enums import Tier

if TYPE_CHECKING:
    from audit.actors import Actor
    from common.oauth_spec import TokenSet
    from workspaces.models import Workspace
    from workspaces.owners import Owner

KIND: Final = Provider.ZOOM.value
_REFUSED: Final = (
    "Zoom does not accept these three. Copy them again from the app's page at Zoom, and see that "
    "the app is activated."
)


def has_server_key(workspace: Workspace) -> bool:
    """Whether the workspace has a key of its own."""
    return ServiceCredential.objects.filter(workspace=workspace, kind=KIND).exists()


def hosts_with_key(workspace: Workspace) -> int:
    """How many host with it."""
    return ZoomConnection.objects.filter(workspace=workspace, access=ZoomAccess.SERVER).count()


def wanted_scopes() -> list[str]:
    """What the app at Zoom has to be allowed."""
    return [f"{scope}:admin" for scope in oauth_app(KIND).spec.scopes]


def keep_server_key(
    *,
    workspace: Workspace,
    account_id: str,
    client_id: str,
    client_secret: Secret,
    actor: Actor,
) -> None:
    """Seal the key after Zoom accepted it; accounts that waited for a good one work again.

    Raises PlanRequired, InvalidInput naming `account_id` for a key that is refused or lacks a
    scope, and UpstreamError.
    """
    check_zoom_plan(Tier(workspace.tier))
    key = ServerKey(account_id, client_id, client_secret.reveal())
    _check_scopes(_tried(key).scopes)
    row = vault.store_credential(workspace=workspace, kind=KIND, secret=key.text())
    entry = log.Entry(
        connection_id=row.pk,
        connection_email="",
        provider=KIND,
        reason=AccessReason.OAUTH_CONNECT,
        outcome=Outcome.GRANTED,
        target="the workspace's key",
    )
    log.append(workspace_id=workspace.pk, actor=actor, entries=[entry])
    ZoomConnection.objects.filter(
        workspace=workspace, access=ZoomAccess.SERVER, state=ConnectionState.RECONNECT_NEEDED
    ).update(state=ConnectionState.ACTIVE, last_error="", updated_at=timezone.now())


def drop_server_key(*, workspace: Workspace, actor: Actor) -> int:
    """Forget the key, and the accounts that were used with it; how many. Meetings stay."""
    accounts = ZoomConnection.objects.filter(workspace=workspace, access=ZoomAccess.SERVER)
    ended = 0
    for connection in accounts.select_related("workspace"):
        look_after(connection=connection, actor=actor, now=timezone.now(), at_last=True)
        log_without_token(connection=connection, actor=actor, reason=AccessReason.OAUTH_REVOKE)
        vault.erase_tokens(connection=connection)
        connection.delete()
        ended += 1
    vault.erase_credential(workspace=workspace, kind=KIND)
    return ended


def host_with_server_key(*, owner: Owner, email: str, actor: Actor) -> ZoomConnection:
    """Let the owner host with the Zoom account of that e-mail address in the workspace's own.

    Raises PlanRequired, Conflict without a key or with another account of Zoom connected,
    InvalidInput naming `email` when Zoom does not know it there, and UpstreamError.
    """
    workspace = owner.workspace
    check_zoom_plan(Tier(workspace.tier))
    if not has_server_key(workspace):
        raise Conflict("This workspace has no Zoom account of its own. Connect yours instead.")
    if zoom_connections_of(owner).exclude(access=ZoomAccess.SERVER).exists():
        raise Conflict("A Zoom account is connected already. Disconnect it first.")
    app = oauth_app(KIND)
    try:
        tokens = account_tokens(workspace=workspace, kind=KIND, actor=actor, target=email)
        zoom = ZoomClient(
            tokens.access_token,
            api_url=app.api_url(),
            time_limit=settings.PROVIDER_TIMEOUT,
            user=email,
        )
        identity = zoom.identify()
    except ReconnectNeeded as error:
        if error.is_told:
            raise
        raise InvalidInput("email", _unknown(email)) from None
    except ScopeMissing as error:
        raise error.for_key() from None
    except UpstreamError as error:
        tell(error, label=app.spec.label, account=email, doing=Doing.CONNECT)
        raise
    connection, _ = keep_zoom_connection(owner, identity, tokens, access=ZoomAccess.SERVER)
    log_without_token(connection=connection, actor=actor, reason=AccessReason.OAUTH_CONNECT)
    return connection


def _unknown(email: str) -> str:
    return (
        f"Zoom knows nobody with {email} in the workspace's account. Ask whoever runs Zoom there "
        "to add you, then try again."
    )


def _tried(key: ServerKey) -> TokenSet:
    app = oauth_app(KIND)
    try:
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
            tell_error = error
        else:
            raise InvalidInput("account_id", _REFUSED) from None
    except UpstreamError as error:
        tell_error = error
    if isinstance(tell_error, UpstreamError):
        tell(tell_error, label=app.spec.label, account="this account", doing=Doing.CONNECT)
    raise tell_error


def _check_scopes(granted: frozenset[str]) -> None:
    """Raises InvalidInput that names the scopes to add to the app."""
    spec = oauth_app(KIND).spec
    have = {scope.removesuffix(":admin") for scope in granted}
    missing = [
        f"{scope}:admin"
        for scope in spec.scopes
        if have.isdisjoint({scope, *spec.implied_by.get(scope, ())})
    ]
    if granted and missing:
        raise InvalidInput(
            "account_id",
            f"The app at Zoom lacks {_listed(missing)}. Add what is missing under Scopes, then "
            "save again.",
        )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
