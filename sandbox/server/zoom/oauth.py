"""Zoom's authorization server: refresh tokens rotate, and a new consent ends the old one."""

from __future__ import annotations

from datetime import timedelta

from sandbox.server import consent
from sandbox.server import oauth as tokens
from sandbox.server.http import Json, Request, Response, json_response, redirect
from sandbox.server.oauth import TokenRefused
from sandbox.server.pages.consent import consent_page
from sandbox.server.pages.layout import problem
from sandbox.server.records import Record

PROVIDER = "zoom"
CODE_LIFE = timedelta(minutes=5)
SCOPES = (
    "meeting:write:meeting meeting:update:meeting meeting:delete:meeting meeting:read:meeting "
    "meeting:read:list_meetings user:read:user"
)
_REFUSALS = {
    "client": (401, "invalid_client", "Invalid client_id or client_secret"),
    "code_unknown": (400, "invalid_grant", "Invalid authorization code"),
    "code_used": (400, "invalid_grant", "Invalid authorization code"),
    "code_expired": (400, "invalid_grant", "Authorization code expired"),
    "redirect": (400, "invalid_request", "Redirect URI mismatch."),
    "verifier": (400, "invalid_grant", "Code verifier is invalid"),
    "verifier_missing": (400, "invalid_grant", "Code verifier is missing"),
    "refresh_unknown": (400, "invalid_grant", "Invalid Token!"),
    "account": (400, "invalid_request", "Bad Request"),
}


def authorize(request: Request) -> Response:
    """Show the consent page, or act on what was decided there."""
    try:
        ask = consent.read_ask(request, PROVIDER, default_scopes=SCOPES)
    except consent.BadAsk as error:
        code = "4709" if error.code == "redirect_uri_mismatch" else "4702"
        return problem(request, name="Zoom", code=code, message=error.message)
    accounts = request.store.where("account", provider=PROVIDER)
    if request.method == "GET":
        return consent_page(request, ask, accounts)
    try:
        decision = consent.read_decision(request, ask)
    except consent.NoChoice:
        return consent_page(request, ask, accounts, "Choose an account or type a new address.")
    if decision is None:
        return redirect(ask.back(error="access_denied"))
    code = tokens.issue_code(
        request.store,
        provider=PROVIDER,
        lifetime=CODE_LIFE,
        account=decision.account["id"],
        client_id=ask.client_id,
        redirect_uri=ask.redirect_uri,
        scopes=decision.scopes,
        challenge=ask.challenge,
        challenge_method=ask.challenge_method,
        no_refresh="no_refresh" in decision.troubles,
        withdraw="withdraw" in decision.troubles,
    )
    address = ask.back(code=code)
    return redirect(consent.wrong_state(address) if "wrong_state" in decision.troubles else address)


def token(request: Request) -> Response:
    form = {name: values[0] for name, values in request.form().items()}
    kind = form.get("grant_type", request.arg("grant_type"))
    try:
        client_id = _client(request)
        if kind == "authorization_code":
            return json_response(_from_code(request, form, client_id))
        if kind == "refresh_token":
            return json_response(_from_refresh(request, form, client_id))
        if kind == "account_credentials":
            account = form.get("account_id", request.arg("account_id"))
            return json_response(_from_account(request, account, client_id))
    except TokenRefused as refused:
        status, error, words = _REFUSALS[refused.kind]
        return json_response({"reason": words, "error": error}, status)
    return json_response(
        {"reason": "unsupported grant type", "error": "unsupported_grant_type"}, 400
    )


def _client(request: Request) -> str:
    """Zoom takes client and secret as Basic alone."""
    client_id, secret = request.basic() or ("", "")
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
    tokens.drop_tokens(store, grant)
    if code["withdraw"]:
        grant["withdraw_at"] = (store.now() + consent.WITHDRAW_AFTER).isoformat()
    return _tokens(request, grant, code["scopes"], refresh=not code["no_refresh"])


def _from_refresh(request: Request, form: dict[str, str], client_id: str) -> Json:
    """A new pair; the refresh token that was sent is dead from now on."""
    sent = form.get("refresh_token", "")
    record, grant = tokens.read_refresh(request.store, sent, provider=PROVIDER, client_id=client_id)
    request.store.drop("refresh", sent)
    return _tokens(request, grant, record["scopes"], refresh=True)


def _from_account(request: Request, account_id: str, client_id: str) -> Json:
    """Server-to-server: no consent and no refresh token; the app has the scopes it was given.

    The setting `zoom.server_scopes` names them, without `:admin`.
    """
    accounts = request.store.where("account", provider=PROVIDER, tid=account_id)
    if not accounts:
        raise TokenRefused("account")
    allowed = str(request.store.setting("zoom.server_scopes", SCOPES))
    scopes = [f"{scope}:admin" for scope in allowed.split()]
    grant = tokens.open_grant(
        request.store,
        provider=PROVIDER,
        account=accounts[0]["id"],
        client_id=client_id,
        scopes=scopes,
    )
    return _tokens(request, grant, scopes, refresh=False)


def _tokens(request: Request, grant: Record, scopes: list[str], *, refresh: bool) -> Json:
    access, seconds = tokens.issue_access(request.store, grant, scopes, "zoom-sandbox-")
    answer: Json = {"access_token": access, "token_type": "bearer"}
    if refresh:
        answer["refresh_token"] = tokens.issue_refresh(request.store, grant, scopes, "zr-sandbox-")
    answer |= {"expires_in": seconds, "scope": " ".join(scopes), "api_url": request.base_url}
    return answer


def revoke(request: Request) -> Response:
    try:
        client_id = _client(request)
    except TokenRefused:
        status, error, words = _REFUSALS["client"]
        return json_response({"reason": words, "error": error}, status)
    sent = request.form().get("token", [request.arg("token")])[0]
    record = request.store.get("access", sent) or request.store.get("refresh", sent)
    grant = request.store.get("grant", record["grant"]) if record else None
    if grant is None or grant["provider"] != PROVIDER or grant["client_id"] != client_id:
        return json_response({"reason": "Invalid Token!", "error": "invalid_request"}, 400)
    tokens.revoke_grant(request.store, grant)
    return json_response({"status": "success"})
