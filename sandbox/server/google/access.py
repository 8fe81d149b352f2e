"""Who calls the Calendar API, with which scopes, and what they may do in a calendar."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.server import accounts
from sandbox.server import oauth as tokens
from sandbox.server.google import meet
from sandbox.server.google.errors import deleted, google_error, not_found, scope_error
from sandbox.server.http import Request
from sandbox.server.records import Record, Records

_AUTH = "https://www.googleapis.com/auth/"


def _scopes(*names: str) -> frozenset[str]:
    return frozenset(_AUTH + name for name in names)


LIST_CALENDARS = _scopes(
    "calendar", "calendar.readonly", "calendar.calendarlist", "calendar.calendarlist.readonly"
)
READ_EVENTS = _scopes(
    "calendar",
    "calendar.readonly",
    "calendar.events",
    "calendar.events.readonly",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
)
WRITE_EVENTS = _scopes("calendar", "calendar.events", "calendar.events.owned")
FREE_BUSY = _scopes(
    "calendar", "calendar.readonly", "calendar.freebusy", "calendar.events.freebusy"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account with a live token, and the request it made."""

    request: Request
    account: Record

    @property
    def store(self) -> Records:
        return self.request.store


@dataclass(frozen=True, slots=True)
class Place(Caller):
    """A caller in a calendar that they see."""

    calendar: Record
    role: str


def caller(request: Request, accepted: frozenset[str]) -> Caller:
    """The account behind the token. Refuses with 401 authError, 403 insufficientPermissions."""
    found = tokens.read_access(request.store, request.bearer(), "google")
    if found is None:
        raise google_error(
            401,
            "authError",
            "Invalid Credentials",
            location="Authorization",
            location_type="header",
        )
    account, scopes = found
    if not accepted & set(scopes):
        raise scope_error()
    return Caller(request, account)


def place(request: Request, accepted: frozenset[str], *, role: str = "freeBusyReader") -> Place:
    """The calendar of the path (`primary` is the account's own), with at least that role."""
    who = caller(request, accepted)
    return enter(who, request.params["calendar"], role=role)


def enter(who: Caller, calendar_id: str, *, role: str = "freeBusyReader") -> Place:
    if calendar_id == "primary":
        calendar: Record | None = accounts.primary_of(who.store, who.account)
    else:
        calendar = who.store.get("calendar", calendar_id)
    held = accounts.role_in(calendar, who.account) if calendar else ""
    if calendar is None or not held or calendar["provider"] != "google":
        raise not_found()
    if not accounts.at_least(held, role):
        raise google_error(
            403,
            "requiredAccessLevel",
            "You need to have writer access to this calendar.",
            domain="calendar",
        )
    meet.settle_calendar(who.store, calendar)
    return Place(who.request, who.account, calendar, held)


def event_key(calendar: Record, event_id: str) -> str:
    return f"{calendar['id']}/{event_id}"


def stored_event(where: Place, event_id: str) -> Record | None:
    return where.store.get("event", event_key(where.calendar, event_id))


def live_event(where: Place, event_id: str) -> Record:
    """The event's record; 404 when there never was one, 410 when it is deleted."""
    record = stored_event(where, event_id)
    if record is None:
        raise not_found()
    if record["body"]["status"] == "cancelled":
        raise deleted()
    return record
