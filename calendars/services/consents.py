"""Ending consents at their providers, whether a connection came of them or not."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from audit.enums import AccessReason
from audit.oauth_apps import oauth_app
from audit.services.tokens import log_without_token, resolve_provider_token
from calendars.owners import connection_model, connection_models
from calendars.providers.registry import PROVIDERS, is_consented
from common import oauth
from common.errors import DomainError
from conferencing import services as conferencing

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from common.oauth_spec import Identity, TokenSet
    from common.secrets import Secret
    from workspaces.owners import Owner

logger = logging.getLogger(__name__)

REVOKE_LIMIT: Final = timedelta(seconds=3)


def revoke(*, connection: ConnectionBase, actor: Actor) -> str:
    """Ask the provider to end the consent; in words, what is left for the person to do."""
    if connection.provider in PROVIDERS and not is_consented(connection.provider):
        return ""
    if connection.credential_kind:
        # Nobody consented: the key is the workspace's, and others host with it.
        log_without_token(connection=connection, actor=actor, reason=AccessReason.OAUTH_REVOKE)
        return ""

    def token() -> Secret:
        return resolve_provider_token(
            connection=connection,
            workspace=connection.workspace,
            actor=actor,
            reason=AccessReason.OAUTH_REVOKE,
        ).secret

    return _end(connection, actor, token)


def give_back(
    *, owner: Owner, provider: str, identity: Identity, tokens: TokenSet, actor: Actor
) -> str:
    """End a consent that was refused here, at its provider: nothing of it is kept.

    Logged like the end of a connection. An account that is connected elsewhere keeps its consent.
    Returns what is left for the person to do, blank when all was done.
    """
    model: Any = (
        connection_model(owner.kind)
        if provider in PROVIDERS
        else conferencing.zoom_connection_model()
    )
    refused: ConnectionBase = model(
        **{f"{owner.kind.value}_id": owner.id},
        workspace=owner.workspace,
        provider=provider,
        account_remote_id=identity.account_remote_id,
        connected_email=identity.email,
    )

    def token() -> Secret:
        log_without_token(
            connection=refused,
            actor=actor,
            reason=AccessReason.OAUTH_REVOKE,
            target="the consent was not kept",
        )
        return tokens.access_token

    return _end(refused, actor, token)


def _end(connection: ConnectionBase, actor: Actor, token: Callable[[], Secret]) -> str:
    if _is_shared(connection):
        # Revoking ends the account's whole consent, and somebody else works with it.
        log_without_token(
            connection=connection,
            actor=actor,
            reason=AccessReason.OAUTH_REVOKE,
            target="the consent stays for another connection",
        )
        return ""
    app = oauth_app(connection.provider)
    by_hand = f"Remove Meridian at {app.spec.consent_page} too." if app.spec.consent_page else ""
    try:
        secret = token()
        if not app.endpoints().revoke:
            return by_hand
        oauth.revoke(app.endpoints(), app.credentials(), token=secret, time_limit=REVOKE_LIMIT)
    except (DomainError, oauth.OAuthFailure) as error:
        logger.info("a consent could not be revoked", extra={"error": type(error).__name__})
        return by_hand or f"{app.spec.label} could not be told. Remove Meridian in its settings."
    return ""


def _is_shared(connection: ConnectionBase) -> bool:
    """Whether the same account is connected once more, by whomever."""
    tables: list[Any] = [*connection_models(), conferencing.zoom_connection_model()]
    return any(
        table._default_manager.filter(
            provider=connection.provider, account_remote_id=connection.account_remote_id
        )
        .exclude(pk=connection.pk)
        .exists()
        for table in tables
    )
