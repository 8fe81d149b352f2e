"""What a client asks for at the authorize address, and what the person decides about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from sandbox.server import accounts
from sandbox.server.http import Request
from sandbox.server.records import Record, Records

NAMES = {"google": "Google", "microsoft": "Microsoft", "zoom": "Zoom"}
FIXED_SCOPES = frozenset({"openid", "email", "profile", "offline_access"})
_GOOGLE = "https://www.googleapis.com/auth/"
SCOPE_WORDS = {
    f"{_GOOGLE}calendar": "See, edit and share your calendars",
    f"{_GOOGLE}calendar.readonly": "See your calendars",
    f"{_GOOGLE}calendar.events": "See and edit events",
    f"{_GOOGLE}calendar.events.readonly": "See events",
    f"{_GOOGLE}calendar.calendarlist.readonly": "See the list of your calendars",
    f"{_GOOGLE}calendar.freebusy": "See when you are busy",
    "Calendars.ReadWrite": "See and edit your calendars",
    "Calendars.Read": "See your calendars",
    "User.Read": "See your name and e-mail address",
    "meeting:write:meeting": "Create meetings",
    "meeting:update:meeting": "Change meetings",
    "meeting:delete:meeting": "Delete meetings",
    "meeting:read:meeting": "See meetings",
    "user:read:user": "See your name and e-mail address",
}
TROUBLES = {
    "no_refresh": "Give no refresh token",
    "wrong_state": "Answer with a wrong state",
    "withdraw": "Withdraw the consent after one minute",
}
WITHDRAW_AFTER = timedelta(minutes=1)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


class BadAsk(Exception):
    """The authorize request is not in order; the person cannot be sent back."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code, self.message = code, message


class NoChoice(Exception):
    """The person chose no account that could exist."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One authorize request."""

    provider: str
    query: str
    client_id: str
    redirect_uri: str
    state: str
    scopes: list[str]
    nonce: str
    challenge: str
    challenge_method: str
    login_hint: str
    options: dict[str, str]

    @property
    def name(self) -> str:
        return NAMES[self.provider]

    def back(self, **answer: str) -> str:
        """The redirect address with the answer and the state added to its query."""
        sent = {**answer, **({"state": self.state} if self.state else {})}
        mark = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{mark}{urlencode(sent)}"


@dataclass(frozen=True, slots=True)
class Decision:
    account: Record
    scopes: list[str]
    troubles: frozenset[str]


def read_ask(request: Request, provider: str, *, default_scopes: str = "") -> Ask:
    """The authorize request of a GET, or the one a posted form carries. Raises BadAsk."""
    query = urlencode(request.query)
    if request.method == "POST":
        query = request.form().get("ask", [query])[0]
    given = dict(parse_qsl(query, keep_blank_values=True))
    _check(request.store, provider, given)
    return Ask(
        provider=provider,
        query=query,
        client_id=given["client_id"],
        redirect_uri=given["redirect_uri"],
        state=given.get("state", ""),
        scopes=list(dict.fromkeys(given.get("scope", default_scopes).split())),
        nonce=given.get("nonce", ""),
        challenge=given.get("code_challenge", ""),
        challenge_method=given.get("code_challenge_method", "plain"),
        login_hint=given.get("login_hint", "").lower(),
        options=given,
    )


def _check(store: Records, provider: str, given: dict[str, str]) -> None:
    known: dict[str, str] = store.setting(f"{provider}.clients", {})
    client = given.get("client_id", "")
    if not client or (known and client not in known):
        raise BadAsk("invalid_client", "The OAuth client was not found.")
    address = given.get("redirect_uri", "")
    allowed: list[str] = store.setting(f"{provider}.redirect_uris", [])
    if urlsplit(address).scheme not in {"http", "https"} or (allowed and address not in allowed):
        raise BadAsk(
            "redirect_uri_mismatch", f"The redirect address {address!r} is not registered."
        )
    if given.get("response_type") != "code":
        raise BadAsk("unsupported_response_type", "The response_type has to be code.")
    if given.get("code_challenge_method", "plain") not in {"S256", "plain"}:
        raise BadAsk("invalid_request", "The code_challenge_method has to be S256 or plain.")


def read_decision(request: Request, ask: Ask) -> Decision | None:
    """What the person chose, or None when they denied. Raises NoChoice."""
    form = request.form()
    if "deny" in form:
        return None
    typed = form.get("new_email", [""])[0].strip().lower()
    email = form.get("account", [""])[0].strip().lower()
    if not email or (typed and typed != ask.login_hint):
        # Who types an address means it, even when another account is still marked.
        email = typed
    account = accounts.find_account(request.store, ask.provider, email)
    if account is None:
        if not _EMAIL.match(email):
            raise NoChoice
        kind = form.get("new_kind", ["work"])[0]
        account = accounts.add_account(request.store, ask.provider, email=email, kind=kind)
    ticked = set(form.get("scope", [])) | FIXED_SCOPES
    scopes = [scope for scope in ask.scopes if scope in ticked]
    return Decision(account, scopes, frozenset(form.get("trouble", [])))


def wrong_state(address: str) -> str:
    """The same address with a state that nobody sent."""
    head, _, query = address.partition("?")
    fields = [(k, "not-the-state" if k == "state" else v) for k, v in parse_qsl(query)]
    return f"{head}?{urlencode(fields)}"
