"""/control: make accounts and events, set faults, read everything back; asks no credentials."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sandbox.server import accounts, faults, push
from sandbox.server.accounts import BadSeed
from sandbox.server.http import Handler, Json, Refusal, Request, Response, json_response, route
from sandbox.server.records import Record

HIDDEN_KINDS = ("access", "refresh", "code")


def _store(request: Request) -> Any:
    """The store with its seeding methods; only `sandbox.server.store.Store` has them."""
    return request.store


def _bad(message: str, status: int = 400) -> Refusal:
    return Refusal(json_response({"error": message}, status))


def guarded(handler: Handler) -> Handler:
    """JSON only, so that no web page can post here unasked; errors of ours become 400."""

    def guarded(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if request.method != "GET" and kind != "application/json":
            raise _bad("send application/json", 415)
        try:
            return handler(request)
        except (BadSeed, faults.BadFault) as error:
            raise _bad(str(error)) from error
        except (TypeError, KeyError, ValueError) as error:
            raise _bad(f"{type(error).__name__}: {error}") from error

    return guarded


def _account(request: Request, sent: Json) -> Record:
    record = request.store.get("account", str(sent.get("account", "")))
    if record is None:
        raise _bad("no such account: provider:e-mail is its id", 404)
    return record


def _calendar(request: Request, sent: Json) -> Record:
    """The calendar named by `calendar`, else the default one of `account`."""
    if not sent.get("calendar"):
        return accounts.primary_of(request.store, _account(request, sent))
    record = request.store.get("calendar", str(sent["calendar"]))
    if record is None:
        raise _bad("no such calendar", 404)
    return record


def _moment(text: str) -> datetime | date:
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def state(request: Request) -> Response:
    """Everything but tokens, codes and the signing key."""
    names = ["account", "calendar", "event", "meeting", "channel", "subscription", "mail", "fault"]
    names += ["close_lead", "close_contact", "close_note"]
    shown: Json = {f"{name}s": request.store.all(name) for name in names}
    shown["grants"] = request.store.all("grant")
    settings = {r["name"]: r["value"] for r in request.store.all("setting")}
    settings.pop("signing_key", None)
    shown["settings"] = {k: v for k, v in settings.items() if not k.endswith(".clients")}
    shown["now"] = request.store.now().isoformat()
    return json_response(shown)


def create_account(request: Request) -> Response:
    sent = request.json()
    return json_response(_store(request).add_account(sent.pop("provider", ""), **sent), 201)


def create_calendar(request: Request) -> Response:
    sent = request.json()
    account = _account(request, sent)
    sent.pop("account")
    return json_response(_store(request).add_calendar(account, **sent), 201)


def change_calendar(request: Request) -> Response:
    calendar = _calendar(request, {"calendar": request.params["calendar"]})
    return json_response(_store(request).change_calendar(calendar, **request.json()))


def create_event(request: Request) -> Response:
    sent = request.json()
    calendar = _calendar(request, sent)
    fields = {k: v for k, v in sent.items() if k not in {"account", "calendar"}}
    for name in ("start", "end"):
        fields[name] = _moment(fields[name])
    return json_response(_store(request).add_event(calendar, **fields), 201)


def change_event(request: Request) -> Response:
    """`sent` is a patch in the provider's own JSON; an occurrence's id will do."""
    sent = request.json()
    calendar = _calendar(request, sent)
    return json_response(
        _store(request).change_event(calendar, request.params["event"], sent["patch"])
    )


def delete_event(request: Request) -> Response:
    sent = request.json()
    _store(request).delete_event(_calendar(request, sent), request.params["event"])
    return json_response({"ok": True})


def create_fault(request: Request) -> Response:
    return json_response(faults.add_fault(request.store, **request.json()), 201)


def list_faults(request: Request) -> Response:
    return json_response({"faults": request.store.all("fault")})


def clear_faults(request: Request) -> Response:
    faults.clear_faults(request.store)
    return json_response({"ok": True})


def revoke(request: Request) -> Response:
    """Withdraw all consents of an account."""
    return json_response({"revoked": _store(request).revoke(_account(request, request.json()))})


def token(request: Request) -> Response:
    """An access token, to act as the account on the provider's own API."""
    sent = request.json()
    account = _account(request, sent)
    return json_response({"access_token": _store(request).token_for(account, sent.get("scopes"))})


def forget_sync(request: Request) -> Response:
    _store(request).forget_sync(_calendar(request, request.json()))
    return json_response({"ok": True})


def lifecycle(request: Request) -> Response:
    """Tell a subscription's owner: missed, reauthorizationRequired or subscriptionRemoved."""
    sent = request.json()
    found = request.store.get("subscription", str(sent.get("subscription")))
    if found is None:
        raise _bad("no such subscription", 404)
    push.tell_lifecycle(request.store, found, str(sent["event"]))
    return json_response({"ok": True})


def change_settings(request: Request) -> Response:
    """For example `push` (on or off), `meet`, `access_token_seconds`, `google.clients`."""
    for name, value in request.json().items():
        if name in {"signing_key", "revision", "clock_offset"}:
            raise _bad(f"{name} is not a setting")
        request.store.set_setting(name, value)
    return json_response({"ok": True})


def advance(request: Request) -> Response:
    request.store.advance(float(request.json()["seconds"]))
    return json_response({"now": request.store.now().isoformat()})


def read_log(request: Request) -> Response:
    return json_response({"requests": list(request.store.log)})


def clear_log(request: Request) -> Response:
    request.store.log.clear()
    return json_response({"ok": True})


def reset(request: Request) -> Response:
    request.store.clear()
    return json_response({"ok": True})


_TABLE: list[tuple[str, str, Callable[[Request], Response]]] = [
    ("GET", "/control/state", state),
    ("POST", "/control/accounts", create_account),
    ("POST", "/control/calendars", create_calendar),
    ("PATCH", "/control/calendars/{calendar}", change_calendar),
    ("POST", "/control/events", create_event),
    ("PATCH", "/control/events/{event}", change_event),
    ("DELETE", "/control/events/{event}", delete_event),
    ("GET", "/control/faults", list_faults),
    ("POST", "/control/faults", create_fault),
    ("DELETE", "/control/faults", clear_faults),
    ("POST", "/control/revoke", revoke),
    ("POST", "/control/token", token),
    ("POST", "/control/forget-sync", forget_sync),
    ("POST", "/control/lifecycle", lifecycle),
    ("POST", "/control/settings", change_settings),
    ("POST", "/control/advance", advance),
    ("GET", "/control/log", read_log),
    ("DELETE", "/control/log", clear_log),
    ("POST", "/control/reset", reset),
]
ROUTES = [
    route(method, path, guarded(handler), f"control.{handler.__name__}")
    for method, path, handler in _TABLE
]
