"""Google's colours and kinds: the table, what is sent, and what is left as it was."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import responses

from calendars.enums import EventKind, Hue
from calendars.hues import nearest_hue
from calendars.providers.account import RemoteAccount
from calendars.providers.base import EventColour, EventDraft
from calendars.providers.google.adapter import GoogleCalendar
from calendars.providers.google.drafting import create_body, update_body
from calendars.providers.google.kinds import COLOUR_IDS
from calendars.providers.google.mapping import read_event
from calendars.providers.reading import Reply
from common.errors import Unsupported
from common.secrets import Secret
from tests.calendars.providers.contract import draft
from tests.calendars.providers.test_google import API, CALENDAR, EVENTS
from tests.fidelity.validate import validate_google_request

# As `colors.get` answers them, and as Google's own pages paint them.
PALETTES = {
    "1": ("#a4bdfc", "#7986cb"),
    "2": ("#7ae7bf", "#33b679"),
    "3": ("#dbadff", "#8e24aa"),
    "4": ("#ff887c", "#e67c73"),
    "5": ("#fbd75b", "#f6bf26"),
    "6": ("#ffb878", "#f4511e"),
    "7": ("#46d6db", "#039be5"),
    "8": ("#e1e1e1", "#616161"),
    "9": ("#5484ed", "#3f51b5"),
    "10": ("#51b749", "#0b8043"),
    "11": ("#dc2127", "#d50000"),
}
TIMES = {
    "start": {"dateTime": "2026-03-02T09:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Berlin"},
}


@pytest.fixture
def google():
    account = RemoteAccount(
        token=Secret("t0ken"), api_url=API + "/", time_limit=timedelta(seconds=5)
    )
    return GoogleCalendar(account)


def event(**fields):
    return read_event(Reply({"id": "e1", **TIMES, **fields}), CALENDAR)


@pytest.mark.parametrize("colour_id", PALETTES)
def test_each_colour_becomes_a_hue_next_to_it(colour_id):
    colour = event(colorId=colour_id).colour
    assert colour.remote == colour_id
    assert colour.hue in {nearest_hue(one) for one in PALETTES[colour_id]}


@pytest.mark.parametrize("hue", Hue)
def test_a_hue_comes_back_as_itself(hue):
    assert event(colorId=COLOUR_IDS[hue]).colour.hue is hue


@pytest.mark.parametrize("colour_id", ["", "0", "12", "label-7"])
def test_a_colour_we_do_not_know_is_none(colour_id):
    assert event(colorId=colour_id).colour is None


def test_a_colour_set_elsewhere_is_not_rewritten():
    """Tomato is shown as clay, and stays tomato whatever else is changed or copied."""
    tomato = event(colorId="11").colour
    assert tomato.hue is Hue.CLAY
    assert "colorId" not in update_body(EventDraft(title="New", busy=True))
    assert create_body(draft(colour=tomato), CALENDAR)["colorId"] == "11"
    assert update_body(EventDraft(colour=EventColour(Hue.CLAY))) == {"colorId": "6"}


def test_cleared_colour_is_null_and_none_is_not_sent():
    assert update_body(EventDraft(colour=None)) == {"colorId": None}
    body = create_body(draft(colour=None), CALENDAR)
    assert "colorId" not in body
    validate_google_request("events.patch", {"colorId": None})


@pytest.mark.parametrize(
    ("kind", "name", "details"),
    [
        (EventKind.OUT_OF_OFFICE, "outOfOffice", "outOfOfficeProperties"),
        (EventKind.FOCUS_TIME, "focusTime", "focusTimeProperties"),
    ],
)
def test_kind_is_said_with_its_properties_and_declines_nothing(kind, name, details):
    body = create_body(draft(kind=kind), CALENDAR)
    assert (body["eventType"], body["transparency"]) == (name, "opaque")
    assert body[details] == {"autoDeclineMode": "declineNone"}
    validate_google_request("events.insert", body)


@pytest.mark.parametrize("kind", [EventKind.BIRTHDAY, EventKind.WORKING_LOCATION])
def test_kinds_that_are_only_shown_are_not_made(kind):
    with pytest.raises(Unsupported):
        create_body(draft(kind=kind), CALENDAR)


@pytest.mark.parametrize(
    ("name", "kind", "is_busy"),
    [
        ("default", EventKind.NORMAL, True),
        ("fromGmail", EventKind.NORMAL, True),
        ("outOfOffice", EventKind.OUT_OF_OFFICE, True),
        ("focusTime", EventKind.FOCUS_TIME, True),
        # They say nothing of transparency at times, and are no time that is taken.
        ("birthday", EventKind.BIRTHDAY, False),
        ("workingLocation", EventKind.WORKING_LOCATION, False),
    ],
)
def test_kinds_are_read_and_busy_or_not(name, kind, is_busy):
    read = event(eventType=name)
    assert (read.kind, read.is_busy) == (kind, is_busy)


@responses.activate
def test_change_of_kind_asks_for_no_change(google):
    responses.get(f"{EVENTS}/e1", json={"id": "e1", "etag": '"1"', **TIMES})
    with pytest.raises(Unsupported, match="does not change what kind"):
        google.update_event(CALENDAR, "e1", EventDraft(kind=EventKind.FOCUS_TIME))
    assert [call.request.method for call in responses.calls] == ["GET"]


@responses.activate
def test_change_of_colour_is_one_request(google):
    responses.patch(f"{EVENTS}/e1", json={"id": "e1", "colorId": "10", **TIMES})
    made = google.update_event(CALENDAR, "e1", EventDraft(colour=EventColour(Hue.MOSS)))
    assert made.colour == EventColour(Hue.MOSS, "10")
    assert [json.loads(call.request.body) for call in responses.calls] == [{"colorId": "10"}]
