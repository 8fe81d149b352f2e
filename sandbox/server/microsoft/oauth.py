"""Microsoft's identity platform: consent, tokens, keys."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import timedelta
from html import escape
from urllib.parse import parse_qsl, urlsplit

from sandbox.server import consent, identity
from sandbox.server import oauth as tokens
from sandbox.server.http import Json, Request, Response, json_response, redirect
from sandbox.server.oauth import TokenRefused
from sandbox.server.pages.consent import consent_page
from sandbox.server.pages.layout import page, problem
from sandbox.server.records import Record

PROVIDER = "microsoft"
CODE_LIFE = timedelta(minutes=10)
GRAPH = "https://graph.microsoft.com/"
_REFUSALS = {
    "client": (401, "invalid_client", 7000215, "Invalid client secret provided."),
    "code_unknown": (400, "invalid_grant", 9002313, "Invalid request. Request is malformed."),
    "code_used": (400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed."),
    "code_expired": (400, "invalid_grant", 70008, "The provided authorization code has expired."),
    "redirect": (
        400,
        "invalid_grant",
        50011,
        "The redirect URI specified in the request does not match the one of the code.",
    ),
    "verifier": (
        400,
        "invalid_grant",
        501481,
        "The Code_Verifier does not match the code_challenge of the authorization request.",
    ),
    "verifier_missing": (400, "invalid_grant", 50148, "The code_verifier does not match."),
    "refresh_unknown": (
        400,
        "invalid_grant",
        700082,
        "The refresh token has expired due to inactivity or was revoked.",
    ),
    "scope": (400, "invalid_grant", 65001, "The user or administrator has not consented."),
}
_TENANTS = {"common", "organizations", "consumers"}


def authorize(request: Request) -> Response:
    """Show the consent page, or act on what was decided there."""
    try:
        ask = consent.read_ask(request, PROVIDER)
    except consent.BadAsk as error:
        code = "AADSTS50011" if error.code == "redirect_uri_mismatch" else "AADSTS900144"
        return problem(request, name="Microsoft", code=code, message=error.message)
    if not ask.scopes:
        message = "The request body must contain the parameter: 'scope'."
        return problem(request, name="Microsoft", code="AADSTS900144", message=message)
    accounts = _admitted(request)
    if request.method == "GET":
        return consent_page(request, ask, accounts)
    try:
        decision = consent.read_decision(request, ask)
    except consent.NoChoice:
        return consent_page(request, ask, accounts, "Choose an account or type a new address.")
    if decision is None:
        words = "AADSTS65004: User declined to consent to access the app."
        return _deliver(request, ask, ask.back(error="access_denied", error_description=words))
    return _deliver(request, ask, _send_back(request, ask, decision))


def _admitted(request: Request) -> list[Record]:
    """The accounts that may sign in at this tenant."""
    tenant = request.params["tenant"]
    found = request.store.where("account", provider=PROVIDER)
    if tenant == "organizations":
        return [account for account in found if account["kind"] == "work"]
    if tenant == "consumers":
        return [account for account in found if account["kind"] == "personal"]
    return [a for a in found if tenant in _TENANTS or a["tid"] == tenant]


def _send_back(request: Request, ask: consent.Ask, decision: consent.Decision) -> str:
    code = tokens.issue_code(
        request.store,
        provider=PROVIDER,
        lifetime=CODE_LIFE,
        account=decision.account["id"],
        client_id=ask.client_id,
        redirect_uri=ask.redirect_uri,
        scopes=decision.scopes,
        nonce=ask.nonce,
        challenge=ask.challenge,
        challenge_method=ask.challenge_method,
        no_refresh="no_refresh" in decision.troubles,
        withdraw="withdraw" in decision.troubles,
    )
    address = ask.back(code=code, session_state=str(uuid.uuid4()))
    return consent.wrong_state(address) if "wrong_state" in decision.troubles else address


def _deliver(request: Request, ask: consent.Ask, address: str) -> Response:
    """Back by redirect, or as a form when response_mode=form_post (with a button: no script)."""
    if ask.options.get("response_mode", "query") != "form_post":
        return redirect(address)
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parse_qsl(urlsplit(address).query)
    )
    body = (
        f'<form class="fields" method="post" action="{escape(ask.redirect_uri)}">{fields}'
        '<button class="btn primary" type="submit">Go back</button></form>'
    )
    tape = "SANDBOX. This is not Microsoft."
    return page(request, title="Go back, not Microsoft", tape=tape, body=body)


def token(request: Request) -> Response:
    form = {name: values[0] for name, values in request.form().items()}
    try:
        basic = request.basic()
        client_id = basic[0] if basic else form.get("client_id", "")
        secret = basic[1] if basic else form.get("client_secret", "")
        tokens.check_client(request.store, PROVIDER, client_id, secret)
        if form.get("grant_type") == "authorization_code":
            return json_response(_from_code(request, form, client_id))
        if form.get("grant_type") == "refresh_token":
            return json_response(_from_refresh(request, form, client_id))
    except TokenRefused as refused:
        return _refused(request, *_REFUSALS[refused.kind])
    words = "The grant type is not supported by the token endpoint."
    return _refused(request, 400, "unsupported_grant_type", 70003, words)


def _refused(request: Request, status: int, error: str, number: int, words: str) -> Response:
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    stamp = f"{request.store.now():%Y-%m-%d %H:%M:%SZ}"
    text = f"AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {correlation}"
    body: Json = {
        "error": error,
        "error_description": f"{text} Timestamp: {stamp}",
        "error_codes": [number],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return json_response(body, status)


def _from_code(request: Request, form: dict[str, str], client_id: str) -> Json:
    store = request.store
    code = tokens.redeem_code(
        store,
        provider=PROVIDER,
        code=form.get("code", ""),
        client_id=client_id,
        redirect_uri=form.get("redirect_uri", ""),
        verifier=form.get("code_verifier", ""),
    )
    scopes = code["scopes"]
    account = code["account"]
    grant = tokens.open_grant(
        store, provider=PROVIDER, account=account, client_id=client_id, scopes=scopes
    )
    if code["withdraw"]:
        grant["withdraw_at"] = (store.now() + consent.WITHDRAW_AFTER).isoformat()
    answer = _about(request, grant, form) | _tokens(
        request, grant, scopes, refresh=not code["no_refresh"]
    )
    if "openid" in scopes:
        answer["id_token"] = _id_token(request, grant, scopes, code["nonce"])
    return answer


def _tokens(request: Request, grant: Record, scopes: list[str], *, refresh: bool) -> Json:
    access, seconds = tokens.issue_access(request.store, grant, scopes, "EwSandbox-")
    shown = [s for s in scopes if s not in {"openid", "profile", "email", "offline_access"}]
    told = [scope for scope in scopes if scope in {"openid", "profile", "email"}]
    answer: Json = {
        "token_type": "Bearer",
        "scope": " ".join([*told, *shown]),
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": access,
    }
    if refresh and "offline_access" in scopes:
        answer["refresh_token"] = tokens.issue_refresh(request.store, grant, scopes, "M.sandbox-")
    return answer


def _about(request: Request, grant: Record, form: dict[str, str]) -> Json:
    """Whose tokens these are, for a client that asks (MSAL keys its accounts by it)."""
    if form.get("client_info") != "1":
        return {}
    account = request.store.get("account", grant["account"]) or {}
    text = json.dumps({"uid": account["oid"], "utid": account["tid"]})
    return {"client_info": base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()}


def _id_token(request: Request, grant: Record, scopes: list[str], nonce: str) -> str:
    account = request.store.get("account", grant["account"]) or {}
    claims = {
        "ver": "2.0",
        "iss": f"{request.base_url}/microsoft/{account['tid']}/v2.0",
        "aud": grant["client_id"],
        "sub": account["sub"],
        "oid": account["oid"],
        "tid": account["tid"],
        "preferred_username": account["email"],
    }
    if "email" in scopes:
        claims["email"] = account["email"]
    if "profile" in scopes:
        claims["name"] = account["name"]
    if nonce:
        claims["nonce"] = nonce
    return identity.sign(request.store, claims)


def _from_refresh(request: Request, form: dict[str, str], client_id: str) -> Json:
    """A new refresh token every time; the old one keeps working."""
    record, grant = tokens.read_refresh(
        request.store, form.get("refresh_token", ""), provider=PROVIDER, client_id=client_id
    )
    asked = [scope.removeprefix(GRAPH) for scope in form.get("scope", "").split()]
    scopes = record["scopes"]
    given = {scope.removeprefix(GRAPH) for scope in scopes} | consent.FIXED_SCOPES
    if not set(asked) <= given:
        raise TokenRefused("scope")
    answer = _about(request, grant, form) | _tokens(request, grant, scopes, refresh=True)
    if "openid" in scopes:
        answer["id_token"] = _id_token(request, grant, scopes, "")
    return answer


def metadata(request: Request) -> Response:
    """The OpenID document, by which clients find the addresses; of a shared tenant the issuer
    is a pattern, as Microsoft has it."""
    tenant = request.params["tenant"]
    root = f"{request.base_url}/microsoft/{tenant}"
    issuer = "{tenantid}" if tenant in _TENANTS else tenant
    return json_response(
        {
            "issuer": f"{request.base_url}/microsoft/{issuer}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_modes_supported": ["query", "form_post"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


def keys(request: Request) -> Response:
    return json_response(identity.key_set(request.store))
