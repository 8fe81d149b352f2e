"""The one route for events, with its four methods, through the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from audit.models import OAuthTokenAccessLog

EVENTS = "/api/v1/calendar/events"


def at(hours, *, days=1):
    """A whole hour of a day near today, as the API writes it."""
    moment = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{moment + timedelta(days=days, hours=hours):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def connection(connect, user_owner, provider):
    return connect(user_owner, provider)


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


def send(api, method, body, **options):
    return getattr(api, method)(
        EVENTS, json.dumps(body), content_type="application/json", **options
    )


def listed(api, **query):
    query = {"timeMin": at(0), "timeMax": at(24), **query}
    return api.get(f"{EVENTS}?{urlencode(query)}")


def create(api, calendar, **draft):
    draft = {"title": "Board", "start": at(9), "end": at(10), **draft}
    return send(api, "post", {"calendar": str(calendar.pk), "draft": draft})


def change(api, event_id, draft, **more):
    return send(api, "patch", {"event": event_id, "draft": draft, **more})


def remove(api, event_id, **query):
    return api.delete(f"{EVENTS}?{urlencode({'event': event_id, **query})}")


def reasons():
    return list(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome"))


def since(count):
    """The log rows after the first so many."""
    return reasons()[count:]


@pytest.fixture
def event_id(api, calendar):
    return create(api, calendar, description="Bring numbers", location="Room 4").json()["eventId"]
