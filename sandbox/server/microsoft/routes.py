"""Microsoft's addresses."""

from __future__ import annotations

from sandbox.server.http import Handler, Route, route
from sandbox.server.microsoft import (
    calendars,
    delta,
    listing,
    oauth,
    schedule,
    subscriptions,
    writing,
)

IDENTITY = "/microsoft/{tenant}/oauth2/v2.0"
ME = "/microsoft/graph/v1.0/me"
SUBSCRIPTIONS = "/microsoft/graph/v1.0/subscriptions"
EVENT = ME + "/events/{event}"


def _per_calendar(method: str, rest: str, handler: Handler, operation: str) -> list[Route]:
    """The same under a named calendar and under the default one, in both of its spellings."""
    places = ["/calendars/{calendar}" + rest, "/calendar" + rest, rest]
    return [route(method, ME + path, handler, operation) for path in places]


def _event(method: str, handler: Handler, operation: str) -> list[Route]:
    """An event by its id alone, and by the calendar that it has to be in."""
    places = ["", "/calendars/{calendar}", "/calendar"]
    return [route(method, f"{ME}{place}/events/{{event}}", handler, operation) for place in places]


ROUTES = [
    route("GET", IDENTITY + "/authorize", oauth.authorize, "microsoft.authorize"),
    route("POST", IDENTITY + "/authorize", oauth.authorize, "microsoft.authorize"),
    route("POST", IDENTITY + "/token", oauth.token, "microsoft.token"),
    route(
        "GET",
        "/microsoft/{tenant}/v2.0/.well-known/openid-configuration",
        oauth.metadata,
        "microsoft.metadata",
    ),
    route("GET", "/microsoft/{tenant}/discovery/v2.0/keys", oauth.keys, "microsoft.keys"),
    route("GET", ME, calendars.me, "microsoft.me"),
    route("GET", ME + "/calendars", calendars.list_calendars, "microsoft.calendars.list"),
    route("GET", ME + "/calendar", calendars.get_calendar, "microsoft.calendars.get"),
    route("GET", ME + "/calendars/{calendar}", calendars.get_calendar, "microsoft.calendars.get"),
    *_per_calendar("GET", "/calendarView", listing.calendar_view, "microsoft.calendarView.list"),
    *_per_calendar("GET", "/calendarView/delta", delta.delta, "microsoft.calendarView.delta"),
    *_per_calendar("GET", "/events", listing.list_events, "microsoft.events.list"),
    *_per_calendar("POST", "/events", writing.create_event, "microsoft.events.create"),
    route("POST", ME + "/calendar/getSchedule", schedule.get_schedule, "microsoft.getSchedule"),
    *_event("GET", listing.get_event, "microsoft.events.get"),
    *_event("PATCH", writing.update_event, "microsoft.events.update"),
    *_event("DELETE", writing.delete_event, "microsoft.events.delete"),
    route("POST", EVENT + "/cancel", writing.cancel_event, "microsoft.events.cancel"),
    route("POST", EVENT + "/accept", writing.respond, "microsoft.events.respond"),
    route("POST", EVENT + "/decline", writing.respond, "microsoft.events.respond"),
    route("POST", EVENT + "/tentativelyAccept", writing.respond, "microsoft.events.respond"),
    route("GET", EVENT + "/instances", listing.instances, "microsoft.events.instances"),
    route("POST", SUBSCRIPTIONS, subscriptions.create, "microsoft.subscriptions.create"),
    route("GET", SUBSCRIPTIONS, subscriptions.list_all, "microsoft.subscriptions.list"),
    route(
        "GET", SUBSCRIPTIONS + "/{subscription}", subscriptions.get, "microsoft.subscriptions.get"
    ),
    route(
        "PATCH",
        SUBSCRIPTIONS + "/{subscription}",
        subscriptions.renew,
        "microsoft.subscriptions.renew",
    ),
    route(
        "DELETE",
        SUBSCRIPTIONS + "/{subscription}",
        subscriptions.delete,
        "microsoft.subscriptions.delete",
    ),
]
