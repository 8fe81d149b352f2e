"""What the three authorization servers share: codes, grants, tokens, PKCE and withdrawal."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from sandbox.server.http import Request
from sandbox.server.records import Record, Records, random_text

ACCESS_SECONDS = 3599


class TokenRefused(Exception):
    """Why no token is given; each provider words it in its own way."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def check_client(store: Records, provider: str, client_id: str, secret: str) -> None:
    """Any non-empty pair will do, unless the store names this provider's clients.

    Raises TokenRefused("client").
    """
    known: dict[str, str] = store.setting(f"{provider}.clients", {})
    good = bool(client_id and secret)
    if known and good:
        good = hmac.compare_digest(known.get(client_id, "").encode(), secret.encode())
    if not good:
        raise TokenRefused("client")


def issue_code(store: Records, *, provider: str, lifetime: timedelta, **kept: Any) -> str:
    """A code for what was consented to; it works once, within its lifetime."""
    code = f"{provider[0]}code-{random_text(40)}"
    expires_at = (store.now() + lifetime).isoformat()
    store.put("code", code, {"provider": provider, "expires_at": expires_at, "used": False, **kept})
    return code


def redeem_code(
    store: Records, *, provider: str, code: str, client_id: str, redirect_uri: str, verifier: str
) -> Record:
    """Spend the code. Raises TokenRefused with the first thing that does not fit."""
    record = store.get("code", code)
    if record is None or record["provider"] != provider or record["client_id"] != client_id:
        raise TokenRefused("code_unknown")
    if record["used"]:
        raise TokenRefused("code_used")
    if datetime.fromisoformat(record["expires_at"]) <= store.now():
        raise TokenRefused("code_expired")
    if record["redirect_uri"] != redirect_uri:
        raise TokenRefused("redirect")
    _check_verifier(record, verifier)
    record["used"] = True
    return store.put("code", code, record)


def _check_verifier(record: Record, verifier: str) -> None:
    challenge = record.get("challenge", "")
    if not challenge:
        return
    if not verifier:
        raise TokenRefused("verifier_missing")
    made = verifier
    if record.get("challenge_method", "plain") == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not 43 <= len(verifier) <= 128 or not hmac.compare_digest(made, challenge):
        raise TokenRefused("verifier")


def grant_of(store: Records, *, provider: str, account: str, client_id: str) -> Record | None:
    """The live grant of this account to this client."""
    key = f"{provider}|{account}|{client_id}"
    grant = store.get("grant", key)
    return grant if grant and not grant["revoked"] else None


def open_grant(
    store: Records, *, provider: str, account: str, client_id: str, scopes: list[str]
) -> Record:
    """The account's grant to the client, with these scopes from now on."""
    key = f"{provider}|{account}|{client_id}"
    grant = store.get("grant", key) or {"id": key, "withdraw_at": None}
    grant |= {
        "provider": provider,
        "account": account,
        "client_id": client_id,
        "scopes": scopes,
        "revoked": False,
    }
    return store.put("grant", key, grant)


def issue_access(store: Records, grant: Record, scopes: list[str], prefix: str) -> tuple[str, int]:
    """A new access token and its lifetime in seconds."""
    seconds = int(store.setting("access_token_seconds", ACCESS_SECONDS))
    token = f"{prefix}{random_text(64)}"
    expires_at = (store.now() + timedelta(seconds=seconds)).isoformat()
    kept = {"grant": grant["id"], "scopes": scopes, "expires_at": expires_at}
    store.put("access", token, kept)
    return token, seconds


def issue_refresh(store: Records, grant: Record, scopes: list[str], prefix: str) -> str:
    token = f"{prefix}{random_text(64)}"
    store.put("refresh", token, {"grant": grant["id"], "scopes": scopes})
    return token


def read_refresh(
    store: Records, token: str, *, provider: str, client_id: str
) -> tuple[Record, Record]:
    """The refresh token's record and its grant. Raises TokenRefused."""
    record = store.get("refresh", token)
    grant = store.get("grant", record["grant"]) if record else None
    if record is None or grant is None or grant["provider"] != provider:
        raise TokenRefused("refresh_unknown")
    if grant["client_id"] != client_id:
        raise TokenRefused("refresh_unknown")
    return record, grant


def read_access(store: Records, token: str, provider: str) -> tuple[Record, list[str]] | None:
    """The account and the scopes behind an access token that still holds, else None."""
    record = store.get("access", token)
    grant = store.get("grant", record["grant"]) if record else None
    if record is None or grant is None or grant["revoked"] or grant["provider"] != provider:
        return None
    if datetime.fromisoformat(record["expires_at"]) <= store.now():
        return None
    account = store.get("account", grant["account"])
    return (account, list(record["scopes"])) if account else None


def revoke_grant(store: Records, grant: Record) -> None:
    """End the grant and every token that came of it."""
    grant["revoked"] = True
    grant["withdraw_at"] = None
    store.put("grant", grant["id"], grant)
    drop_tokens(store, grant)


def drop_tokens(store: Records, grant: Record) -> None:
    for kind in ("access", "refresh"):
        for token, record in store.items(kind):
            if record["grant"] == grant["id"]:
                store.drop(kind, token)


def carry_out_withdrawals(store: Records) -> None:
    """Revoke the grants whose person asked for it on the consent page, once it is time."""
    for grant in store.all("grant"):
        due = grant.get("withdraw_at")
        if due and datetime.fromisoformat(due) <= store.now():
            revoke_grant(store, grant)


def account_email_of(request: Request) -> str:
    """Whose token the request carries, for the log and for faults of one account; "" if none."""
    token = request.bearer()
    record = request.store.get("access", token) if token else None
    if record is None and "form-urlencoded" in request.headers.get("content-type", ""):
        fields = request.form()
        sent = [value for name in ("refresh_token", "token") for value in fields.get(name, [])]
        found = (request.store.get("refresh", text) for text in sent)
        record = next((kept for kept in found if kept), None)
    grant = request.store.get("grant", record["grant"]) if record else None
    account = request.store.get("account", grant["account"]) if grant else None
    return str(account["email"]) if account else ""
