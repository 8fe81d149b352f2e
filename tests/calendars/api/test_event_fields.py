"""Colour, kind and the zone of the end over the API."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from calendars.models import CalendarShare, Event
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/calendar/events"
FLIGHT = {
    "title": "London to Paris",
    "start": "2026-11-20T10:00:00",
    "timeZone": "Europe/London",
    "end": "2026-11-20T12:20:00",
    "endTimeZone": "Europe/Paris",
}


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def google(connect, user_owner):
    return connect(user_owner, "google").calendars.get()


@pytest.fixture
def outlook(connect, user_owner):
    return connect(user_owner, "outlook").calendars.get()


@pytest.fixture(params=["google", "outlook"])
def calendar(request):
    return request.getfixturevalue(request.param)


def send(api, method, **body):
    return getattr(api, method)(EVENTS, json.dumps(body), content_type="application/json")


def create(api, calendar, **draft):
    return send(api, "post", calendar=str(calendar.pk), draft=draft)


def test_end_is_read_in_its_own_zone_and_told_with_it(api, calendar):
    made = create(api, calendar, **FLIGHT).json()["event"]
    assert (made["start"], made["end"]) == ("2026-11-20T10:00:00Z", "2026-11-20T11:20:00Z")
    assert (made["timeZone"], made["endTimeZone"]) == ("Europe/London", "Europe/Paris")
    back = send(api, "patch", event=made["id"], draft={"endTimeZone": None}).json()["event"]
    assert (back["end"], back["endTimeZone"]) == (made["end"], "Europe/London")


def test_end_before_the_start_is_judged_by_instants(api, google):
    """Half past ten in Paris is before ten in London, whatever the clocks read."""
    refused = create(api, google, **{**FLIGHT, "end": "2026-11-20T10:30:00"})
    assert (refused.status_code, refused.json()["field"]) == (400, "end")
    east = {"timeZone": "Europe/Paris", "endTimeZone": "Europe/London"}
    taken = create(api, google, **{**FLIGHT, **east, "end": "2026-11-20T09:50:00"})
    assert taken.status_code == 201  # it lands before it took off, by the clocks


def test_zone_of_the_end_that_is_none_is_refused_by_name(api, google):
    refused = create(api, google, **{**FLIGHT, "endTimeZone": "Moon/Base"})
    assert (refused.status_code, refused.json()["field"]) == (400, "draft.endTimeZone")


def test_colour_and_kind_are_told_and_changed(api, google):
    made = create(api, google, **FLIGHT).json()["event"]
    assert (made["hue"], made["kind"]) == (None, "normal")
    changed = send(api, "patch", event=made["id"], draft={"hue": "ochre"}).json()["event"]
    assert changed["hue"] == "ochre"
    cleared = send(api, "patch", event=made["id"], draft={"hue": None}).json()["event"]
    assert cleared["hue"] is None


@pytest.mark.parametrize(
    ("draft", "field"), [({"hue": "moss"}, "hue"), ({"kind": "focus_time"}, "kind")]
)
def test_what_outlook_cannot_keep_is_refused_by_name_and_nothing_is_made(
    api, outlook, draft, field
):
    refused = create(api, outlook, **FLIGHT, **draft)
    assert (refused.status_code, refused.json()["field"]) == (400, field)
    assert "Outlook" in refused.json()["message"]
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("draft", "field"),
    [({"hue": "pink"}, "draft.hue"), ({"kind": "birthday"}, "draft.kind")],
)
def test_words_that_are_none_are_refused(api, google, draft, field):
    refused = create(api, google, **FLIGHT, **draft)
    assert (refused.status_code, refused.json()["field"]) == (400, field)


def test_colleague_who_sees_busy_times_only_sees_neither_colour_nor_kind(
    sign_in, bob, alice, user_owner, workspace
):
    calendar = make_calendar(make_connection(user_owner), "Mine", hue="tide")
    start = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    make_event(
        calendar,
        "Clinic",
        start=start,
        hue="plum",
        kind="out_of_office",
        timezone="Europe/London",
        end_timezone="Europe/Paris",
    )
    browser = sign_in(bob)

    def seen():
        asked = "?timeMin=2026-11-23T00:00:00Z&timeMax=2026-11-24T00:00:00Z"
        (event,) = browser.get(f"{EVENTS}{asked}&calendar={calendar.pk}").json()
        return event["hue"], event["kind"], event["endTimeZone"]

    assert seen() == (None, "normal", "Europe/London")
    page = browser.get("/calendar?date=2026-11-23").content.decode()
    assert "hue-plum" not in page
    assert "out of office" not in page.lower()
    CalendarShare.objects.create(calendar=calendar, level="details")
    assert seen() == ("plum", "out_of_office", "Europe/Paris")
