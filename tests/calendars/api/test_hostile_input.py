"""What nobody sends by mistake: each is refused in words, and none is an error of ours."""

from __future__ import annotations

import json

import pytest
from django.test import override_settings

from tests.calendars.api.events.conftest import EVENTS, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(sign_in, alice, workspace):
    return sign_in(alice, raise_request_exception=False)


@pytest.fixture(params=["google", "outlook"])
def calendar(request, connect, user_owner):
    return connect(user_owner, request.param).calendars.get()


def post(api, body):
    return api.post(EVENTS, body, content_type="application/json")


def create(api, calendar, **draft):
    draft = {"title": "x", "start": at(9), "end": at(10), "timeZone": "Europe/Berlin", **draft}
    return post(api, json.dumps({"calendar": str(calendar.pk), "draft": draft}))


def refused(response):
    body = response.json()
    assert (response.status_code, body["ok"], body["code"]) == (400, False, "invalid"), body
    return body.get("field", "")


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 5_000 + "1" + "}" * 5_000])
def test_json_nested_too_deep(api, body):
    refused(post(api, body))


@pytest.mark.parametrize("body", ["NaN", '{"calendar": NaN}', "9" * 5_000, "\x00", "{", "null"])
def test_json_that_is_none_or_no_object(api, body):
    refused(post(api, body))


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000)
def test_more_than_a_request_may_hold(api):
    response = post(api, json.dumps({"calendar": "x" * 1_000}))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("name", ["title", "conference", "visibility", "timeZone", "\ud800"])
def test_half_of_a_surrogate_pair(api, calendar, name):
    assert refused(create(api, calendar, **{name: "\ud800"})).startswith("draft.")


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"]
)
def test_the_ends_of_the_calendar(api, calendar, name, moment):
    assert refused(create(api, calendar, **{name: moment})) in {f"draft.{name}", name, "end"}


def test_a_guest_that_is_nobody(api, calendar):
    refused(create(api, calendar, attendees=[None]))
    assert create(api, calendar, attendees=None).status_code == 201


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY;COUNT=999999999",
        "FREQ=MINUTELY",
        "FREQ=HOURLY;INTERVAL=7;BYHOUR=5",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-5",
        "FREQ=DAILY;COUNT=\u0665",
        "FREQ=DAILY;COUNT=1;COUNT=2",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=DAILY;UNTIL=00010101",
        "FREQ=DAILY;UNTIL=soon",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=",
        "",
    ],
)
def test_rules_that_repeat_too_often_never_or_for_ever(api, calendar, rule):
    field = refused(create(api, calendar, recurrence=[f"RRULE:{rule}"]))
    assert field == "draft.recurrence[0]"


def test_null_clears_the_link_and_the_visibility(api, calendar):
    link = "meet" if calendar.connection.provider == "google" else "none"
    made = create(api, calendar, visibility="private", conference=link).json()["event"]
    body = {"event": made["id"], "draft": {"conference": None, "visibility": None}}
    changed = api.patch(EVENTS, json.dumps(body), content_type="application/json")
    assert changed.status_code == 200
    assert changed.json()["event"]["conference"] is None
    assert changed.json()["event"]["visibility"] == "default"
