"""The consent of a person to an account: started here, answered once, by the same browser.

RFC 6749 10.12, RFC 7636 (PKCE), RFC 9700 4.7. The state keeps the source document's shape,
`{clientId}:{provider}` or `user:{userId}:{provider}`, followed by a nonce and a signature with a
time; what it stands for is kept here, and is used up before any code is exchanged.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.utils import timezone

from audit.crypto import Unreadable
from audit.enums import AccessReason
from audit.oauth_apps import OAuthApp, oauth_app
from audit.services import vault
from audit.services.tokens import log_without_token
from calendars.access import may_manage
from calendars.errors import ConsentIncomplete, ConsentRefused, ProviderNotSetUp
from calendars.models import CalendarConnectionBase, OAuthFlow
from calendars.paused import paused_words
from calendars.providers.registry import PROVIDERS
from calendars.services import connections, consents
from common import oauth
from common.errors import (
    DomainError,
    Forbidden,
    NotFound,
    PlanRequired,
    ReconnectNeeded,
    UpstreamError,
)
from common.secrets import hash_token
from common.trouble import Doing, tell
from workspaces.access import MAY_WORK, membership_for, require_role
from workspaces.enums import OwnerKind
from workspaces.models import Client, ClientInvitation, User
from workspaces.owners import Owner, owner_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from audit.actors import Actor
    from audit.models import ConnectionBase
    from calendars.services.connections import Kept
    from common.oauth_spec import TokenSet

FLOW_LASTS: Final = timedelta(minutes=10)
_VERIFIER = "verifier"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser brought back from the consent page; blank where it brought nothing."""

    state: str
    code: str
    error: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A consent that led to a connection; `warning` says in words what did not work yet."""

    owner: Owner
    next_page: str
    kept: Kept
    warning: str


class FlowFailed(Exception):
    """The flow was ours and is over without a connection: why, and where the person came from."""

    def __init__(self, error: DomainError, owner: Owner, next_page: str) -> None:
        self.error, self.owner, self.next_page = error, owner, next_page
        super().__init__(str(error))


def redirect_uri(provider: str) -> str:
    """Where the provider sends the person back to; registered with it, so it must not vary."""
    return f"{settings.PUBLIC_URL}/oauth/{provider}/callback"


def start_flow(
    *,
    provider: str,
    owner: Owner,
    user: User | None = None,
    invitation: ClientInvitation | None = None,
    binding: str,
    next_page: str,
    now: datetime,
    again: ConnectionBase | None = None,
) -> str:
    """Begin a consent for the owner; the address of the consent page.

    The one who begins it is a user, or a client's person by their open invitation.
    `binding` is a secret of the browser's session; `again` is the connection that is to be
    consented to once more, which the plan always has room for. Raises PlanRequired before anybody
    is sent anywhere, ProviderNotSetUp.
    """
    app = oauth_app(provider)
    credentials = app.credentials()
    if not credentials.client_id:
        raise ProviderNotSetUp(f"{app.spec.label} is not set up here. Tell your administrator.")
    connections.check_plan(owner, provider, again.account_remote_id if again else "")
    nonce, verifier = secrets.token_urlsafe(24), oauth.new_verifier()
    flow = OAuthFlow(
        provider=provider,
        owner_kind=owner.kind,
        owner_id=owner.id,
        workspace=owner.workspace,
        started_by=user,
        invitation=invitation,
        nonce_hash=hash_token(nonce),
        session_hash=hash_token(binding),
        next_page=next_page,
        expires_at=now + FLOW_LASTS,
    )
    flow.verifier_sealed = vault.seal_text(verifier, _place(flow))
    flow.save()
    OAuthFlow.objects.filter(expires_at__lt=now - FLOW_LASTS).delete()
    return oauth.authorize_url(
        app.endpoints(),
        credentials,
        redirect_uri=redirect_uri(provider),
        scopes=app.spec.scopes,
        state=_signer().sign(f"{owner.state_prefix}:{provider}:{nonce}"),
        nonce=nonce if app.spec.has_id_token else "",
        verifier=verifier,
        extra={**app.spec.authorize_extra, **_hint(provider, again)},
    )


def _hint(provider: str, again: ConnectionBase | None) -> dict[str, str]:
    """Which account the consent page should propose (OpenID Connect Core 3.1.2.1)."""
    if again is None or provider not in PROVIDERS:
        return {}
    return {"login_hint": again.connected_email}


def is_begun_by_a_client(provider: str, state: str) -> bool:
    """Whether the state is of a flow that a client's person began; False for one that is nobody's.

    It only says who has to be asked for: nothing of the flow is used up or believed.
    """
    try:
        nonce = _nonce_of(provider, state)
    except ConsentRefused:
        return False
    rows = OAuthFlow.objects.filter(provider=provider, nonce_hash=hash_token(nonce))
    return rows.filter(invitation__isnull=False).exists()


def finish_flow(
    *,
    provider: str,
    answer: Answer,
    user: User | None = None,
    invitation: ClientInvitation | None = None,
    binding: str,
    actor: Actor,
    now: datetime,
) -> Finished:
    """Check the answer, use the flow up, then exchange the code and keep the connection.

    `user`, or the client's person's `invitation` as it stands now, has to be the one who began.
    Raises ConsentRefused for a state that is forged, foreign, late or used, before anything is
    sent to the provider; FlowFailed with the reason when the flow was good and ended without a
    connection.
    """
    nonce = _nonce_of(provider, answer.state)
    began = {"started_by": user, "invitation": invitation}
    flow = _use_up(provider, nonce, began=began, binding=binding, state=answer.state, now=now)
    owner = _owner_of(flow, user) if user else _owner_by_invitation(flow, invitation, now)
    app = oauth_app(provider)
    try:
        if answer.error or not answer.code:
            raise ConsentIncomplete(_words_for(answer.error, app.spec.label))
        tokens = _exchange(app, flow, answer.code, now)
        kept = _keep(app, owner, tokens, nonce=nonce, actor=actor, invitation=invitation)
    except DomainError as error:
        if isinstance(error, UpstreamError):
            tell(error, label=app.spec.label, account="this account", doing=Doing.CONNECT)
        raise FlowFailed(error, owner, flow.next_page) from None
    return Finished(owner, flow.next_page, kept, _read(kept, actor, now))


def _use_up(
    provider: str,
    nonce: str,
    *,
    began: dict[str, User | ClientInvitation | None],
    binding: str,
    state: str,
    now: datetime,
) -> OAuthFlow:
    """Consume the flow of this state, once. Raises ConsentRefused."""
    wanted = OAuthFlow.objects.filter(
        provider=provider,
        nonce_hash=hash_token(nonce),
        session_hash=hash_token(binding),
        consumed_at__isnull=True,
        expires_at__gt=now,
        **began,
    )
    flow = wanted.select_related("workspace").first()
    if flow is None or not state.startswith(f"{_prefix(flow)}:{provider}:"):
        raise ConsentRefused
    if not wanted.update(consumed_at=now):  # somebody was faster with the same state
        raise ConsentRefused
    return flow


def _nonce_of(provider: str, state: str) -> str:
    """The nonce of a state that we signed for this provider. Raises ConsentRefused."""
    try:
        parts = _signer().unsign(state, max_age=FLOW_LASTS).split(":")
    except BadSignature:
        raise ConsentRefused from None
    whose = parts[:-2]
    if parts[-2:-1] != [provider] or len(whose) != (2 if parts[0] == "user" else 1):
        raise ConsentRefused
    return parts[-1]


def _owner_of(flow: OAuthFlow, user: User) -> Owner:
    """The flow's owner, if the user may still act for it. Raises ConsentRefused."""
    try:
        membership = membership_for(user, flow.workspace_id)
        require_role(membership, MAY_WORK)
        if not may_manage(membership, flow.owner_kind, flow.owner_id):
            raise ConsentRefused
        return owner_for(flow.owner_kind, flow.owner_id, flow.workspace)
    except (NotFound, Forbidden, Client.DoesNotExist, User.DoesNotExist):
        raise ConsentRefused("You may no longer connect accounts here.") from None


def _owner_by_invitation(
    flow: OAuthFlow, invitation: ClientInvitation | None, now: datetime
) -> Owner:
    """The flow's client, if the invitation is still open and is its own. Raises ConsentRefused."""
    if invitation is None or not invitation.is_open(now):
        raise ConsentRefused("This link is not open any more. Nothing was connected.")
    whose = (OwnerKind.CLIENT, invitation.client_id, invitation.workspace_id)
    if (flow.owner_kind, flow.owner_id, flow.workspace_id) != whose:
        raise ConsentRefused
    return owner_for(flow.owner_kind, flow.owner_id, flow.workspace)


def _exchange(app: OAuthApp, flow: OAuthFlow, code: str, now: datetime) -> TokenSet:
    try:
        verifier = vault.unseal_text(bytes(flow.verifier_sealed), _place(flow))
    except Unreadable:
        raise ConsentRefused from None
    try:
        return oauth.exchange_code(
            app.endpoints(),
            app.credentials(),
            code=code,
            verifier=verifier,
            redirect_uri=redirect_uri(flow.provider),
            now=now,
            time_limit=settings.PROVIDER_TIMEOUT,
        )
    except oauth.OAuthFailure as failure:
        raise _refusal(app, failure) from None


def _keep(
    app: OAuthApp,
    owner: Owner,
    tokens: TokenSet,
    *,
    nonce: str,
    actor: Actor,
    invitation: ClientInvitation | None,
) -> Kept:
    """Find out whose account it is and whether enough was allowed, then keep it.

    What the plan has no room for, or whose invitation was closed while the provider answered, is
    given back: a grant that nobody here holds would stay open.
    """
    granted = tokens.scopes or frozenset(app.spec.scopes)
    missing = app.spec.missing(granted)
    if missing:
        # Not revoked: that would end the account's other connections with it.
        left_out = " and ".join(f"“{words}”" for words in missing)
        raise ConsentIncomplete(
            f"{app.spec.label} was not connected: {left_out} "
            f"{'was' if len(missing) == 1 else 'were'} left unticked. Connect again and allow it."
        )
    claims: Mapping[str, object] = {}
    try:
        if app.spec.has_id_token:
            claims = oauth.id_token_claims(
                tokens.id_token or "",
                app.endpoints(),
                app.credentials(),
                nonce=nonce,
                time_limit=settings.PROVIDER_TIMEOUT,
            )
    except oauth.OAuthFailure as failure:
        raise _refusal(app, failure) from None
    identity = app.spec.identify(
        claims, tokens.access_token, app.api_url(), settings.PROVIDER_TIMEOUT
    )
    try:
        _require_still_open(invitation)
        return connections.keep_connection(
            owner=owner, provider=app.provider, identity=identity, tokens=tokens
        )
    except (PlanRequired, ConsentRefused) as refusal:
        left_to_do = consents.give_back(
            owner=owner, provider=app.provider, identity=identity, tokens=tokens, actor=actor
        )
        words = f"{refusal.message} {identity.email} was not kept. {left_to_do}".strip()
        if isinstance(refusal, PlanRequired):
            raise PlanRequired(words, refusal.tier) from None
        raise ConsentRefused(words) from None


def _require_still_open(invitation: ClientInvitation | None) -> None:
    """The provider's answer took a while. Raises ConsentRefused when it was closed meanwhile."""
    if invitation is None:
        return
    as_it_is = ClientInvitation.objects.filter(pk=invitation.pk).first()
    if as_it_is is None or not as_it_is.is_open(timezone.now()):
        raise ConsentRefused("This link was closed meanwhile.")


def _read(kept: Kept, actor: Actor, now: datetime) -> str:
    """List the new account's calendars; in words, why that did not work."""
    connection = kept.connection
    if not isinstance(connection, CalendarConnectionBase):
        # It has nothing to list; whose account it is was asked before there was a connection.
        reason = AccessReason.OAUTH_CONNECT
        log_without_token(connection=connection, actor=actor, reason=reason)
        return ""
    if connection.is_paused_by_plan:
        return paused_words(connection)
    try:
        connections.read_calendars(connection=connection, actor=actor, now=now)
    except UpstreamError as error:
        return f"{error.message} The account is connected; its calendars follow."
    # The plan may have been lowered while the provider answered.
    as_it_is = type(connection)._default_manager.filter(pk=connection.pk).first()
    is_paused = as_it_is is not None and as_it_is.is_paused_by_plan
    return paused_words(connection) if is_paused else ""


def _refusal(app: OAuthApp, failure: oauth.OAuthFailure) -> DomainError:
    """What a person is told about a failed exchange: a new consent is the way out of most."""
    error = app.classify(failure)
    if isinstance(error, ReconnectNeeded):
        return ConsentIncomplete(f"{app.spec.label} did not accept the sign-in. Connect again.")
    return error


def _words_for(error: str, label: str) -> str:
    if error in {"access_denied", "consent_required", "interaction_required"}:
        return f"{label} was not connected: the access was not allowed."
    if error == "admin_policy_enforced":
        return f"{label} was not connected: your organisation's administrator does not allow it."
    return f"{label} was not connected: it ended the sign-in. Connect again."


def _prefix(flow: OAuthFlow) -> str:
    """The owner part of the state, as `Owner.state_prefix` has it."""
    return f"user:{flow.owner_id}" if flow.owner_kind == OwnerKind.USER else str(flow.owner_id)


def _place(flow: OAuthFlow) -> str:
    return f"oauth_flow|{flow.pk}|{_VERIFIER}"


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="calendars.oauth.state")
