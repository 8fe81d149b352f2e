"""Google's authorization server: consent, tokens, revocation, keys and userinfo."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote_plus

from sandbox.server import consent, identity
from sandbox.server import oauth as tokens
from sandbox.server.http import Json, Request, Response, empty, json_response, redirect
from sandbox.server.oauth import TokenRefused
from sandbox.server.pages.consent import consent_page
from sandbox.server.pages.layout import problem
from sandbox.server.records import Record

PROVIDER = "google"
CODE_LIFE = timedelta(minutes=10)
_REFUSALS = {
    "client": (401, "invalid_client", "Unauthorized"),
    "code_unknown": (400, "invalid_grant", "Malformed auth code."),
    "code_used": (400, "invalid_grant", "Bad Request"),
    "code_expired": (400, "invalid_grant", "Bad Request"),
    "redirect": (400, "redirect_uri_mismatch", "Bad Request"),
    "verifier": (400, "invalid_grant", "Invalid code verifier."),
    "verifier_missing": (400, "invalid_grant", "Missing code verifier."),
    "refresh_unknown": (400, "invalid_grant", "Token has been expired or revoked."),
    "scope": (400, "invalid_scope", "Some requested scopes were invalid."),
}


def authorize(request: Request) -> Response:
    """Show the consent page, or act on what was decided there."""
    try:
        ask = consent.read_ask(request, PROVIDER)
    except consent.BadAsk as error:
        return problem(request, name="Google", code=error.code, message=error.message)
    if not ask.scopes:
        message = "Missing required parameter: scope"
        return problem(request, name="Google", code="invalid_request", message=message)
    accounts = request.store.where("account", provider=PROVIDER)
    if request.method == "GET":
        return consent_page(request, ask, accounts)
    try:
        decision = consent.read_decision(request, ask)
    except consent.NoChoice:
        return consent_page(request, ask, accounts, "Choose an account or type a new address.")
    if decision is None:
        return redirect(ask.back(error="access_denied"))
    return redirect(_send_back(request, ask, decision))


def _send_back(request: Request, ask: consent.Ask, decision: consent.Decision) -> str:
    store = request.store
    known = tokens.grant_of(
        store, provider=PROVIDER, account=decision.account["id"], client_id=ask.client_id
    )
    scopes = decision.scopes
    if known and ask.options.get("include_granted_scopes") == "true":
        scopes = list(dict.fromkeys([*scopes, *known["scopes"]]))
    asked_again = "consent" in ask.options.get("prompt", "").split()
    offline = ask.options.get("access_type") == "offline" and (known is None or asked_again)
    code = tokens.issue_code(
        store,
        provider=PROVIDER,
        lifetime=CODE_LIFE,
        account=decision.account["id"],
        client_id=ask.client_id,
        redirect_uri=ask.redirect_uri,
        scopes=scopes,
        nonce=ask.nonce,
        challenge=ask.challenge,
        challenge_method=ask.challenge_method,
        offline=offline and "no_refresh" not in decision.troubles,
        withdraw="withdraw" in decision.troubles,
    )
    address = ask.back(code=code, scope=" ".join(scopes), authuser="0", prompt="consent")
    return consent.wrong_state(address) if "wrong_state" in decision.troubles else address


def token(request: Request) -> Response:
    form = {name: values[0] for name, values in request.form().items()}
    try:
        client_id = _client(request, form)
        if form.get("grant_type") == "authorization_code":
            return json_response(_from_code(request, form, client_id))
        if form.get("grant_type") == "refresh_token":
            return json_response(_from_refresh(request, form, client_id))
    except TokenRefused as refused:
        status, error, words = _REFUSALS[refused.kind]
        return json_response({"error": error, "error_description": words}, status)
    words = f"Invalid grant_type: {form.get('grant_type', '')}"
    return json_response({"error": "unsupported_grant_type", "error_description": words}, 400)


def _client(request: Request, form: dict[str, str]) -> str:
    basic = request.basic()
    client_id = unquote_plus(basic[0]) if basic else form.get("client_id", "")
    secret = unquote_plus(basic[1]) if basic else form.get("client_secret", "")
    tokens.check_client(request.store, PROVIDER, client_id, secret)
    return client_id


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
    grant = tokens.open_grant(
        store,
        provider=PROVIDER,
        account=code["account"],
        client_id=client_id,
        scopes=code["scopes"],
    )
    if code["withdraw"]:
        grant["withdraw_at"] = (store.now() + consent.WITHDRAW_AFTER).isoformat()
    access, seconds = tokens.issue_access(store, grant, code["scopes"], "ya29.sandbox-")
    answer: Json = {"access_token": access, "expires_in": seconds}
    if code["offline"]:
        answer["refresh_token"] = tokens.issue_refresh(store, grant, code["scopes"], "1//sandbox-")
    answer |= {"scope": " ".join(code["scopes"]), "token_type": "Bearer"}
    if "openid" in code["scopes"]:
        answer["id_token"] = _id_token(request, grant, code)
    return answer


def _id_token(request: Request, grant: Record, code: Record) -> str:
    account = request.store.get("account", grant["account"]) or {}
    claims = {
        "iss": f"{request.base_url}/google",
        "azp": grant["client_id"],
        "aud": grant["client_id"],
        "sub": account["sub"],
    }
    if "email" in code["scopes"]:
        claims |= {"email": account["email"], "email_verified": True}
    if "profile" in code["scopes"]:
        claims["name"] = account["name"]
    if account["kind"] == "work":
        claims["hd"] = account["email"].partition("@")[2]
    if code["nonce"]:
        claims["nonce"] = code["nonce"]
    return identity.sign(request.store, claims)


def _from_refresh(request: Request, form: dict[str, str], client_id: str) -> Json:
    record, grant = tokens.read_refresh(
        request.store, form.get("refresh_token", ""), provider=PROVIDER, client_id=client_id
    )
    scopes = form.get("scope", "").split() or record["scopes"]
    if not set(scopes) <= set(record["scopes"]):
        raise TokenRefused("scope")
    access, seconds = tokens.issue_access(request.store, grant, scopes, "ya29.sandbox-")
    answer = {"access_token": access, "expires_in": seconds, "token_type": "Bearer"}
    return {**answer, "scope": " ".join(scopes)}


def revoke(request: Request) -> Response:
    """Ends the whole grant, whichever of its tokens is sent."""
    sent = request.form().get("token", [request.arg("token")])[0]
    record = request.store.get("refresh", sent) or request.store.get("access", sent)
    grant = request.store.get("grant", record["grant"]) if record else None
    if grant is None or grant["provider"] != PROVIDER:
        words = "Token expired or revoked"
        return json_response({"error": "invalid_token", "error_description": words}, 400)
    tokens.revoke_grant(request.store, grant)
    return json_response({})


def keys(request: Request) -> Response:
    return json_response(identity.key_set(request.store))


def userinfo(request: Request) -> Response:
    found = tokens.read_access(request.store, request.bearer(), PROVIDER)
    if found is None or "openid" not in found[1]:
        return empty(401, [("WWW-Authenticate", 'Bearer error="invalid_token"')])
    account, scopes = found
    answer: Json = {"sub": account["sub"]}
    if "email" in scopes:
        answer |= {"email": account["email"], "email_verified": True}
    return json_response(answer)
