"""Google's addresses."""

from __future__ import annotations

from sandbox.server.google import calendars, channels, freebusy, listing, oauth, writing
from sandbox.server.http import route

API = "/google/calendar/v3"
EVENTS = API + "/calendars/{calendar}/events"

ROUTES = [
    route("GET", "/google/o/oauth2/v2/auth", oauth.authorize, "google.authorize"),
    route("POST", "/google/o/oauth2/v2/auth", oauth.authorize, "google.authorize"),
    route("POST", "/google/token", oauth.token, "google.token"),
    route("POST", "/google/revoke", oauth.revoke, "google.revoke"),
    route("GET", "/google/oauth2/v3/certs", oauth.keys, "google.keys"),
    route("GET", "/google/v1/userinfo", oauth.userinfo, "google.userinfo"),
    route(
        "GET", API + "/users/me/calendarList", calendars.list_calendars, "google.calendarList.list"
    ),
    route(
        "GET",
        API + "/users/me/calendarList/{calendar}",
        calendars.get_entry,
        "google.calendarList.get",
    ),
    route("GET", API + "/calendars/{calendar}", calendars.get_calendar, "google.calendars.get"),
    route("GET", EVENTS, listing.list_events, "google.events.list"),
    route("POST", EVENTS, writing.insert, "google.events.insert"),
    route("POST", EVENTS + "/import", writing.import_, "google.events.import"),
    route("POST", EVENTS + "/watch", channels.watch, "google.events.watch"),
    route("GET", EVENTS + "/{event}", listing.get, "google.events.get"),
    route("PATCH", EVENTS + "/{event}", writing.patch, "google.events.patch"),
    route("PUT", EVENTS + "/{event}", writing.update, "google.events.update"),
    route("DELETE", EVENTS + "/{event}", writing.delete, "google.events.delete"),
    route("GET", EVENTS + "/{event}/instances", listing.instances, "google.events.instances"),
    route("POST", EVENTS + "/{event}/move", writing.move, "google.events.move"),
    route("POST", API + "/freeBusy", freebusy.query, "google.freebusy.query"),
    route("POST", API + "/channels/stop", channels.stop, "google.channels.stop"),
]
