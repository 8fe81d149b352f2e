"""The OAuth 2 protocol as Google, Microsoft and Zoom speak it, from consent to revocation.

Authlib builds the requests (it takes plain-http addresses, so a stand-in on loopback works);
they go out through `common.http`, and its own session and token keeping are not used.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import jwt
from authlib.oauth2.client import OAuth2Client

from common.errors import BadReply, UpstreamUnavailable
from common.http import Answer, ProviderSession
from common.oauth_spec import (
    ClientCredentials,
    ClientMisconfigured,
    Endpoints,
    Identity,
    OAuthFailure,
    OAuthSpec,
    Refusals,
    TokenSet,
)
from common.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "ClientCredentials",
    "ClientMisconfigured",
    "Endpoints",
    "Identity",
    "OAuthFailure",
    "OAuthSpec",
    "Refusals",
    "TokenSet",
    "account_token",
    "authorize_url",
    "exchange_code",
    "id_token_claims",
    "new_verifier",
    "refresh",
    "revoke",
]

_AUTH_METHODS: Final = {"post": "client_secret_post", "basic": "client_secret_basic"}
_SAFE_ERROR = re.compile(r"[a-z0-9_.-]{1,64}\Z", re.IGNORECASE)
_TOKEN = re.compile(r"[!-~]+\Z")
_DEFAULT_LIFETIME = timedelta(minutes=55)
_KEYS_LAST = 3600.0
_keys: dict[str, tuple[float, dict[str, jwt.PyJWK]]] = {}


def new_verifier() -> str:
    """A fresh PKCE verifier (RFC 7636), 64 characters."""
    return secrets.token_urlsafe(48)


def authorize_url(
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    redirect_uri: str,
    scopes: Sequence[str],
    state: str,
    nonce: str = "",
    verifier: str,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Where to send the person: PKCE S256 always, a nonce when given."""
    client = OAuth2Client(
        session=None, client_id=credentials.client_id, code_challenge_method="S256"
    )
    given = {**(extra or {}), **({"nonce": nonce} if nonce else {})}
    url, _ = client.create_authorization_url(
        endpoints.authorize,
        state=state,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
        scope=" ".join(scopes),
        **given,
    )
    return str(url)


def exchange_code(
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
    now: datetime,
    time_limit: timedelta,
) -> TokenSet:
    """Turn a code into tokens. Raises OAuthFailure, UpstreamUnavailable, BadReply."""
    client = _TokenClient(endpoints, credentials, time_limit)
    token = client.fetch_token(
        endpoints.token,
        grant_type="authorization_code",
        code=code,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
    )
    return _token_set(token, now)


def refresh(
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    refresh_token: Secret,
    now: datetime,
    time_limit: timedelta,
) -> TokenSet:
    """A new access token. Its `refresh_token` is None when the old one stays in use.

    Raises OAuthFailure, UpstreamUnavailable, BadReply.
    """
    client = _TokenClient(endpoints, credentials, time_limit)
    token = client.fetch_token(
        endpoints.token, grant_type="refresh_token", refresh_token=refresh_token.reveal()
    )
    return _token_set(token, now)


def account_token(
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    account_id: str,
    now: datetime,
    time_limit: timedelta,
) -> TokenSet:
    """An access token of an app that acts for a whole account; it has no refresh token.

    https://developers.zoom.us/docs/internal-apps/s2s-oauth. Raises OAuthFailure,
    UpstreamUnavailable, BadReply.
    """
    client = _TokenClient(endpoints, credentials, time_limit)
    token = client.fetch_token(
        endpoints.token, grant_type="account_credentials", account_id=account_id
    )
    return _token_set(token, now)


def revoke(
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    token: Secret,
    time_limit: timedelta,
) -> None:
    """End the grant (RFC 7009). A token that is already invalid is a success, and so is a
    provider that has no such address. Raises OAuthFailure, UpstreamUnavailable.
    """
    if not endpoints.revoke:
        return
    client = _TokenClient(endpoints, credentials, time_limit)
    answer: Answer = client.revoke_token(endpoints.revoke, token=token.reveal())
    if not answer.ok:
        failure = _failure(answer)
        if failure.status != 400:
            raise failure


def id_token_claims(
    id_token: str,
    endpoints: Endpoints,
    credentials: ClientCredentials,
    *,
    nonce: str,
    time_limit: timedelta,
) -> dict[str, Any]:
    """The claims of an id_token whose signature, audience, issuer, age and nonce are right.

    Raises OAuthFailure("invalid_id_token"), and what fetching the keys raises. OpenID Connect
    Core, 3.1.3.7; Microsoft's issuer holds the tenant of the person (`{tenantid}`).
    """
    claims: dict[str, Any] = {}
    try:
        key = _signing_key(endpoints.jwks, jwt.get_unverified_header(id_token), time_limit)
        claims = jwt.decode(
            id_token,
            key,
            algorithms=["RS256"],
            audience=credentials.client_id,
            leeway=60,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError:
        claims = {}
    issuer = endpoints.issuer.replace("{tenantid}", str(claims.get("tid", "")))
    # Google's own documentation allows its issuer with and without the scheme.
    issuers = {issuer, issuer.removeprefix("https://")}
    same_nonce = hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
    if not claims or str(claims["iss"]) not in issuers or not same_nonce:
        raise OAuthFailure("invalid_id_token")
    return claims


def _signing_key(jwks_url: str, header: Mapping[str, Any], time_limit: timedelta) -> jwt.PyJWK:
    """The provider's public key of that id; keys roll over, so an unknown id reads them anew."""
    kid = str(header.get("kid", ""))
    read_at, known = _keys.get(jwks_url, (0.0, {}))
    if kid not in known or time.monotonic() - read_at > _KEYS_LAST:
        session = ProviderSession("The sign-in service", time_limit=time_limit)
        answer = session.send("GET", jwks_url)
        if not answer.ok or not isinstance(answer.data, dict):
            raise UpstreamUnavailable("The sign-in service did not answer as expected. Try again.")
        known = _read_keys(answer.data)
        _keys[jwks_url] = (time.monotonic(), known)
    if kid not in known:
        raise jwt.InvalidKeyError
    return known[kid]


def _read_keys(key_set: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    try:
        return {str(key.key_id): key for key in jwt.PyJWKSet.from_dict(key_set).keys}
    except (jwt.PyJWTError, AttributeError, TypeError, ValueError):
        raise BadReply("The sign-in service gave an answer that could not be read.") from None


class _TokenClient(OAuth2Client):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's client over our own door: it is handed an `Answer` where it expects a response."""

    def __init__(
        self, endpoints: Endpoints, credentials: ClientCredentials, time_limit: timedelta
    ) -> None:
        method = _AUTH_METHODS[credentials.auth]
        super().__init__(
            session=_Door(time_limit),
            client_id=credentials.client_id,
            client_secret=credentials.secret.reveal(),
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            token_endpoint=endpoints.token,
        )

    def parse_response_token(self, resp: Answer) -> dict[str, Any]:
        """The token endpoint's JSON. Raises OAuthFailure, BadReply."""
        if not resp.ok or (isinstance(resp.data, dict) and "error" in resp.data):
            raise _failure(resp)
        if not isinstance(resp.data, dict):
            raise BadReply("The sign-in service gave an answer that could not be read.")
        return resp.data


class _Door:
    """The one method of a requests session that Authlib's client calls."""

    def __init__(self, time_limit: timedelta) -> None:
        self._session = ProviderSession("The sign-in service", time_limit=time_limit)

    def post(
        self, url: str, *, data: dict[str, str], headers: Mapping[str, str] | None, auth: Any
    ) -> Answer:
        url, signed, body = auth.prepare("POST", url, dict(headers or {}), urlencode(data))
        return self._session.send("POST", url, form=body, headers=signed)


def _failure(answer: Answer) -> OAuthFailure:
    body = answer.data if isinstance(answer.data, dict) else {}
    error = body.get("error")
    if not isinstance(error, str) or not _SAFE_ERROR.match(error):
        error = "unknown"
    numbers = body.get("error_codes")
    numbers = numbers if isinstance(numbers, list) else []
    # Zoom says its own number in one of these.
    numbers = [*numbers, body.get("code"), body.get("errorCode")]
    codes = [int(n) for n in numbers if isinstance(n, int) and not isinstance(n, bool)]
    return OAuthFailure(
        error, status=answer.status, sub_codes=codes, retry_after=answer.retry_after
    )


def _token_set(token: Mapping[str, Any], now: datetime) -> TokenSet:
    access = token.get("access_token")
    fresh, id_token = token.get("refresh_token"), token.get("id_token")
    scope = token.get("scope", "")
    # RFC 6749, A.12: printable ASCII, or it could not stand in a header.
    if not isinstance(access, str) or not _TOKEN.match(access) or not isinstance(scope, str):
        raise BadReply("The sign-in service gave an answer that could not be read.")
    return TokenSet(
        access_token=Secret(access),
        refresh_token=Secret(fresh) if isinstance(fresh, str) and fresh else None,
        expires_at=now + _lifetime(token.get("expires_in")),
        scopes=frozenset(scope.split()),
        id_token=id_token if isinstance(id_token, str) and id_token else None,
    )


def _lifetime(seconds: object) -> timedelta:
    """`expires_in` is a number; some write it as a text, and RFC 6749 lets it be absent."""
    try:
        return timedelta(seconds=int(seconds))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFETIME
