"""Colour, kind, a second zone and several days in the dialog, the details and the views."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime

import pytest

from calendars.models import Event
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FORM = {
    "title": "Kick-off",
    "day": "2026-11-23",
    "start": "10:00",
    "end": "11:00",
    "last_day": "2026-11-23",
    "zone": "Europe/Berlin",
    "conference": "none",
    "guests": "",
    "busy": "on",
    "reminders": "default",
    "visibility": "default",
    "kind": "normal",
    "hue": "calendar",
    "idempotency_key": "0123456789abcdef0123456789abcdef",
}
FLIGHT = {"zone": "Europe/Lisbon", "end": "13:20", "end_zone": "Europe/Madrid"}


@pytest.fixture
def browser(sign_in, alice, workspace):
    """Alice's clock is Berlin's."""
    return sign_in(alice)


@pytest.fixture
def google(side, user_owner):
    return side(user_owner)


@pytest.fixture
def outlook(side, user_owner):
    return side(user_owner, "outlook")


def text(response) -> str:
    return html.unescape(response.content.decode())


def create(browser, into, **changes):
    data = {**FORM, "calendar": str(into.calendar.pk), **changes}
    return browser.post("/calendar/events/new", data)


def change(browser, event, **changes):
    """What a browser sends back from the event's own form, with these changes."""
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    fields = dict(re.findall(r'<input type="(?:date|time)" name="(\w+)" value="([^"]*)"', page))
    for name in ("kind", "hue"):
        chosen = re.search(rf'name="{name}" value="([^"]*)" checked', page)
        fields |= {name: chosen[1]} if chosen else {}
    for name in ("zone", "end_zone"):
        select = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)[0]
        chosen = re.search(r'<option value="([^"]*)" selected', select)
        fields[name] = chosen[1] if chosen else ""
    fields["etag"] = html.unescape(re.search(r'name="etag" value="([^"]*)"', page)[1])
    data = {**FORM, "title": event.title, **fields, **changes}
    return browser.post(f"/calendar/events/{event.pk}/edit", data)


def errors(response, field):
    found = re.search(rf'id="id_{field}_error">(.*?)</div>', text(response), re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else ""


# --- Two zones ---


def test_flight_is_made_as_its_ticket_says_and_told_so(browser, google):
    assert create(browser, google, **FLIGHT).status_code == 302
    (held,) = google.held()
    assert (held["start"]["timeZone"], held["end"]["timeZone"]) == (
        "Europe/Lisbon",
        "Europe/Madrid",
    )
    event = Event.objects.get()
    assert (event.start_at, event.end_at) == (
        datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 12, 20, tzinfo=UTC),
    )
    sheet = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "Monday 23 November 2026, 10:00 Lisbon \u2013 13:20 Madrid" in sheet
    assert "11:00\u201313:20 in Berlin" in sheet


def test_both_days_are_said_when_it_lands_on_another_one(browser, google):
    create(
        browser,
        google,
        start="22:00",
        zone="America/New_York",
        end="10:30",
        last_day="2026-11-24",
        end_zone="Europe/Dublin",
    )
    sheet = text(browser.get(f"/calendar/events/{Event.objects.get().pk}"))
    assert "23 November 2026, 22:00 New York \u2013 Tuesday 24 November 2026, 10:30 Dublin" in sheet
    assert "Tuesday 24 November 2026, 04:00\u201311:30 in Berlin" in sheet


def test_form_of_a_flight_shows_its_own_clocks_and_changes_nothing_by_itself(
    browser, google, sandbox
):
    create(browser, google, **FLIGHT)
    event = Event.objects.get()
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    for shown in (
        'name="start" value="10:00"',
        'name="end" value="13:20"',
        '<option value="Europe/Lisbon" selected>',
        '<option value="Europe/Madrid" selected>',
        '<details class="fold" open>',
    ):
        assert shown in page
    sandbox.store.log.clear()
    assert change(browser, event).status_code == 302
    assert [call for call in sandbox.store.log if call["method"] == "PATCH"] == []


def test_end_is_taken_back_into_the_zone_of_the_start(browser, google):
    create(browser, google, **FLIGHT)
    assert change(browser, Event.objects.get(), end_zone="").status_code == 302
    event = Event.objects.get()
    assert (event.end_wall, event.end_timezone) == ("2026-11-23T13:20:00", "")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        # 10:30 in Madrid is half an hour before 10:00 in Lisbon.
        ({"end": "10:30"}, "That is 09:30 in Lisbon, and not after the start, 10:00."),
        ({"end": "11:00"}, "That is 10:00 in Lisbon, and not after the start, 10:00."),
    ],
)
def test_end_before_the_start_is_judged_by_instants(browser, google, typed, words):
    response = create(browser, google, **{**FLIGHT, **typed})
    assert (response.status_code, errors(response, "end")) == (422, words)
    assert google.held() == []


def test_earlier_clock_and_later_instant_is_no_mistake(browser, google):
    west = {"zone": "Europe/Madrid", "end_zone": "Europe/Lisbon", "end": "09:45"}
    assert create(browser, google, **west).status_code == 302
    event = Event.objects.get()
    assert (event.end_at - event.start_at).total_seconds() == 45 * 60


def test_time_that_the_clocks_of_the_other_zone_skip_is_named_there(browser, google):
    skipped = {
        "day": "2026-03-29",
        "last_day": "2026-03-29",
        "zone": "America/New_York",
        "start": "00:10",
        "end_zone": "Atlantic/Azores",
        "end": "00:30",
    }
    response = create(browser, google, **skipped)
    assert errors(response, "end").startswith("The clocks in Azores skip 00:30")


def test_zone_that_is_none_is_refused_beside_its_field(browser, google):
    response = create(browser, google, end_zone="Moon/Base")
    assert errors(response, "end_zone").startswith("Choose a time zone from the list")
    assert '<details class="fold" open>' in text(response)


def test_overlap_counts_in_the_zone_of_the_end(browser, google):
    make_event(google.calendar, "Lunch", start=datetime(2026, 11, 23, 12, 30, tzinfo=UTC))
    asked = {**FORM, **FLIGHT, "calendar": str(google.calendar.pk)}
    headers = {"HX-Request": "true", "HX-Target": "ev-overlap"}

    def overlap(**typed):
        return text(browser.get("/calendar/events/new", {**asked, **typed}, headers=headers))

    assert "Overlaps Lunch" not in overlap()  # 13:20 in Madrid is 12:20 UTC
    assert "Overlaps Lunch" in overlap(end="13:40")
    assert "Overlaps Lunch" in overlap(end_zone="")  # 13:20 in Lisbon


# --- Several days ---


def test_several_days_are_written_as_from_and_to(browser, google):
    create(browser, google, all_day="on", last_day="2026-11-25")
    event = Event.objects.get()
    assert (event.start_wall, event.end_wall) == ("2026-11-23", "2026-11-26")
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert 'name="day" value="2026-11-23"' in page
    assert 'name="last_day" value="2026-11-25"' in page


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ({"day": "2026-11-27"}, date(2026, 11, 29)),  # left standing: it goes along
        ({"day": "2026-11-24"}, date(2026, 11, 25)),
        ({"day": "2026-11-27", "last_day": "2026-11-27"}, date(2026, 11, 27)),
        ({"last_day": ""}, date(2026, 11, 23)),
    ],
)
def test_last_day_follows_a_first_day_beyond_it(browser, google, typed, last):
    create(browser, google, all_day="on", last_day="2026-11-25")
    assert change(browser, Event.objects.get(), all_day="on", **typed).status_code == 302
    event = Event.objects.get()
    assert date.fromisoformat(event.end_wall).toordinal() - 1 == last.toordinal()


def test_last_day_before_the_first_is_said(browser, google):
    response = create(browser, google, all_day="on", last_day="2026-11-10")
    assert errors(response, "last_day") == "This is before the first day, 23 November."


def test_event_of_one_day_has_no_news_when_no_last_day_is_sent(browser, google, sandbox):
    create(browser, google)
    sandbox.store.log.clear()
    assert change(browser, Event.objects.get(), last_day="").status_code == 302
    assert [call for call in sandbox.store.log if call["method"] == "PATCH"] == []


# --- Colour and kind ---


def test_colour_is_chosen_shown_and_taken_away(browser, google):
    create(browser, google, hue="plum")
    event = Event.objects.get()
    assert (google.held()[0]["colorId"], event.hue) == ("3", "plum")
    for view in ("week", "day", "month", "agenda"):
        page = text(browser.get(f"/calendar?view={view}&date=2026-11-23"))
        block = re.search(rf'[^<]*<[^<]*<[^<]*id="ev-{event.pk}"[^>]*>', page)[0]
        assert "hue-plum" in block, view
    sheet = text(browser.get(f"/calendar/events/{event.pk}"))
    assert "Plum, its own colour" in sheet
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert 'name="hue" value="plum" checked' in page
    assert change(browser, event, hue="calendar").status_code == 302
    assert Event.objects.get().hue == ""
    assert "colorId" not in google.held()[0]


def test_form_without_colour_and_kind_leaves_them(browser, google):
    """A browser sends nothing of radios that are all refused."""
    create(browser, google, hue="plum")
    event = Event.objects.get()
    assert change(browser, event, hue="", kind="", title="Other").status_code == 302
    assert google.held()[0]["colorId"] == "3"


def test_dialog_says_why_outlook_keeps_no_colour_and_no_focus_time(browser, outlook):
    page = text(browser.get("/calendar/events/new"))
    assert "Outlook keeps no colour of a single event" in page
    assert re.search(r'name="hue" value="moss" disabled', page)
    assert re.search(r'name="hue" value="calendar" checked', page)
    assert re.search(r'value="focus_time" disabled', page)
    assert "Outlook has no focus time events." in page
    assert not re.search(r'value="out_of_office"[^>]* disabled', page)


def test_refused_colour_is_said_beside_the_choice(browser, outlook):
    response = create(browser, outlook, hue="moss")
    assert response.status_code == 422
    assert errors(response, "hue").startswith("Outlook keeps no colour")
    assert '<details class="more" open>' in text(response)
    assert outlook.held() == []


def test_choices_follow_the_calendar(browser, google, outlook):
    headers = {"HX-Request": "true", "HX-Target": "ev-choices"}
    for one, refused in ((google, False), (outlook, True)):
        asked = {**FORM, "calendar": str(one.calendar.pk), "kind": "focus_time", "hue": "moss"}
        page = text(browser.get("/calendar/events/new", asked, headers=headers))
        assert ("keeps no colour" in page) is refused
        assert bool(re.search(r'value="focus_time" checked', page)) is not refused
        assert bool(re.search(r'name="hue" value="moss" checked', page)) is not refused


def test_out_of_office_is_made_and_says_what_it_is(browser, google):
    create(browser, google, kind="out_of_office", title="", conference="auto")
    event = Event.objects.get()
    assert (event.title, event.kind, event.conference) == ("Out of office", "out_of_office", "")
    assert google.held()[0]["eventType"] == "outOfOffice"
    week = text(browser.get("/calendar?view=week&date=2026-11-23"))
    block = re.search(rf'id="ev-{event.pk}".*?</a>', week, re.DOTALL)[0]
    assert "#i-away" in block
    assert "out of office" in block
    sheet = text(browser.get(f"/calendar/events/{event.pk}"))
    assert re.search(r'class="badge info">.*?Out of office</span>', sheet)


def test_kind_is_a_word_in_the_week_and_in_the_agenda(browser, google):
    create(browser, google, kind="focus_time", title="Write the brief")
    event = Event.objects.get()
    week = text(browser.get("/calendar?view=week&date=2026-11-23"))
    assert "Focus time" in re.search(rf'id="ev-{event.pk}".*?</a>', week, re.DOTALL)[0]
    agenda = text(browser.get("/calendar?view=agenda&date=2026-11-23"))
    line = re.search(rf'id="ev-{event.pk}".*?</a>', agenda, re.DOTALL)[0]
    assert re.search(r"<small>Focus time</small>", line)


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"guests": "kim@osprey.example"}, "guests", "invites nobody to out of office"),
        ({"all_day": "on"}, "all_day", "with a start and an end time only"),
        ({"notes": "Call Ann"}, "notes", "keeps no notes with out of office"),
        ({"busy": ""}, "busy", "always shows as busy"),
    ],
)
def test_what_cannot_be_out_of_office_is_said_beside_its_field(
    browser, google, typed, field, words
):
    response = create(browser, google, kind="out_of_office", **typed)
    assert response.status_code == 422
    page = text(response)
    assert words in page
    assert f"#id_{field}" in page  # the summary leads to it
    assert google.held() == []


def test_kind_stays_at_google_and_changes_at_outlook(browser, google, outlook):
    for one in (google, outlook):
        create(browser, one, title=one.calendar.connection.provider, idempotency_key="")
    there = {event.title: event for event in Event.objects.all()}
    page = text(browser.get(f"/calendar/events/{there['google'].pk}/edit"))
    assert re.search(r'value="out_of_office" disabled', page)
    assert "keeps an event as what it was made" in page
    assert change(browser, there["google"], kind="out_of_office").status_code == 422
    assert change(browser, there["outlook"], kind="out_of_office").status_code == 302
    assert outlook.held()[0]["showAs"] == "oof"


@pytest.mark.parametrize(
    ("kind", "icon", "label"),
    [("working_location", "desk", "Working location"), ("birthday", "cake", "Birthday")],
)
def test_kinds_made_elsewhere_are_shown_and_free(browser, user_owner, kind, icon, label):
    calendar = make_calendar(make_connection(user_owner), "Mine")
    event = make_event(calendar, "Home", start=NINE, kind=kind, is_busy=False)
    week = text(browser.get("/calendar?view=week&date=2026-11-23"))
    block = re.search(rf'<[^<]*<[^<]*id="ev-{event.pk}".*?</a>', week, re.DOTALL)[0]
    assert f"#i-{icon}" in block
    assert label in block
    assert "is-free" in block
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert re.search(rf'value="{kind}" checked', page)


def test_copies_keep_all_their_colours(browser, user_owner):
    first = make_calendar(make_connection(user_owner), "Studio", hue="moss")
    second = make_calendar(make_connection(user_owner, provider="outlook"), "Board", hue="plum")
    make_event(first, "Review", start=NINE, ical_uid="one@x.example", hue="ochre")
    make_event(second, "Review", start=NINE, ical_uid="one@x.example")
    week = text(browser.get("/calendar?view=week&date=2026-11-23"))
    bars = re.search(r'class="bars"[^>]*>(.*?)</span>', week, re.DOTALL)[1]
    assert sorted(re.findall(r"hue-(\w+)", bars)) == ["ochre", "plum"]
