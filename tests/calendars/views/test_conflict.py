"""Two people change one event: what one typed meets what the other did."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
import time_machine

from calendars.models import CalendarShare, Event
from tests.calendars.views.test_events import FORM, HTMX

pytestmark = pytest.mark.django_db

TEN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # 10:00 in Berlin, alice's zone
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=True):
        yield


class Fields(HTMLParser):
    """What a browser would send of the form in a page."""

    def __init__(self, page):
        super().__init__()
        self.sent, self.inside, self.action, self.is_ours = {}, None, "", False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type", "text")
        if tag == "form":
            self.is_ours = "/calendar/events/" in (given.get("action") or "")
            self.action = given["action"] if self.is_ours else self.action
        elif not self.is_ours:
            return
        elif tag == "input" and name and kind not in ("radio", "checkbox"):
            self.sent.setdefault(name, []).append(given.get("value", ""))
        elif tag == "input" and name and "checked" in given:
            self.sent.setdefault(name, []).append(given.get("value", "on"))
        elif tag in ("select", "textarea"):
            self.inside = name
            if tag == "textarea":
                self.sent[name] = [""]
        elif tag == "option" and self.inside and "selected" in given:
            self.sent[self.inside] = [given.get("value", "")]

    def handle_endtag(self, tag):
        if tag in ("select", "textarea"):
            self.inside = None

    def handle_data(self, data):
        if self.inside and self.lasttag == "textarea":
            self.sent[self.inside] = [self.sent[self.inside][0] + data.lstrip("\n")]


def text(response):
    return html.unescape(response.content.decode())


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


class Colleague:
    """Somebody who changes events at the provider, as another device would."""

    def __init__(self, side):
        self.side = side
        self.is_google = side.calendar.connection.provider == "google"

    def id_of(self, event):
        event.refresh_from_db()
        return event.remote_id

    def change(self, event_id, google, graph):
        self.side.store.change_event(
            self.side.remote, event_id, google if self.is_google else graph
        )

    def rename(self, event, title):
        self.change(self.id_of(event), {"summary": title}, {"subject": title})

    def place(self, event, place):
        self.change(self.id_of(event), {"location": place}, {"location": {"displayName": place}})

    def move(self, event_id, start, end):
        def at(moment):
            wall = moment.astimezone(BERLIN).replace(tzinfo=None).isoformat()
            return {"dateTime": wall, "timeZone": "Europe/Berlin"}

        times = {"start": at(start), "end": at(end)}
        self.change(event_id, times, times)

    def delete(self, event):
        self.side.store.delete_event(self.side.remote, self.id_of(event))


@pytest.fixture(params=["google", "outlook"])
def side(request, side, user_owner):
    return side(user_owner, request.param)


@pytest.fixture
def colleague(side):
    return Colleague(side)


def create(browser, side, **fields):
    browser.post(
        "/calendar/events/new",
        {**FORM, "calendar": str(side.calendar.pk), "stops": "never"} | fields,
    )
    return Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at").first()


@pytest.fixture
def event(browser, side):
    return create(browser, side, place="Room 1")


def form_of(browser, event):
    return Fields(browser.get(f"/calendar/events/{event.pk}/edit").content.decode()).sent


def save(browser, event, fields, **changes):
    return browser.post(f"/calendar/events/{event.pk}/edit", {**fields, **changes})


def answer(browser, page, **choices):
    """Press Save on the question, with these choices."""
    form = Fields(page.content.decode())
    return browser.post(form.action, {**form.sent, **choices})


def now(event):
    event.refresh_from_db()
    return event


# --- One event ---


def test_both_changed_the_time_and_both_times_are_shown(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.move(colleague.id_of(event), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, event, fields, start="10:30", end="11:30")
    assert asked.status_code == 422
    page = text(asked)
    assert "Changed meanwhile" in page
    assert "10:30\u201311:30" in page
    assert "11:00\u201312:00" in page
    assert now(event).start_at == TEN + HOUR
    assert Fields(asked.content.decode()).sent["keep-when"] == ["mine"]
    assert answer(browser, asked).status_code == 302
    assert now(event).start_at == TEN + HOUR / 2


def test_theirs_is_taken_and_the_rest_of_mine_is_kept(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    asked = save(browser, event, fields, title="Mine", place="Room 9")
    done = answer(browser, asked, **{"keep-title": "theirs"})
    assert done.status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_what_only_they_changed_stays_and_is_mentioned(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    done = browser.post(
        f"/calendar/events/{event.pk}/edit", {**fields, "place": "Room 9"}, headers=HTMX
    )
    assert done.status_code == 204
    said = json.loads(done["HX-Trigger"])["toast"]["message"]
    assert "Their change of the title stays" in said
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_the_copy_caught_up_before_the_form_was_sent(browser, event, colleague, side, copy_events):
    """The week behind the dialog syncs every few seconds: the copy no longer shows what was."""
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    copy_events(side.calendar.connection)
    done = save(browser, event, fields, place="Room 9")
    assert done.status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")
    fields["title"] = ["Mine"]
    assert "Keep mine" in text(save(browser, event, fields))


def test_both_made_the_same_change(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Same")
    assert save(browser, event, fields, title="Same").status_code == 302
    assert now(event).title == "Same"


def test_another_change_while_the_question_is_open_asks_again(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Second")
    asked = save(browser, event, fields, title="Mine")
    colleague.rename(event, "Third")
    again = answer(browser, asked)
    assert again.status_code == 422
    assert "Third" in text(again)
    assert "Second" not in text(again).split("<main")[-1].split('name="base"')[0]
    assert answer(browser, again).status_code == 302
    assert now(event).title == "Mine"


def test_back_to_the_form_keeps_everything_typed(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    asked = save(
        browser, event, fields, title="Mine", notes="Bring the plans", guests="k@x.example"
    )
    page = answer(browser, asked, again="1")
    assert page.status_code == 200
    sent = Fields(page.content.decode()).sent
    assert (sent["title"], sent["notes"], sent["guests"]) == (
        ["Mine"], ["Bring the plans"], ["k@x.example"],
    )  # fmt: skip
    assert save(browser, event, sent).status_code == 302
    assert (now(event).title, event.description.strip()) == ("Mine", "Bring the plans")


def test_guests_of_both_lists(browser, event, colleague):
    fields = form_of(browser, event)
    address = {"email": "lee@x.example"}
    colleague.change(
        colleague.id_of(event),
        {"attendees": [address]},
        {"attendees": [{"emailAddress": {"address": "lee@x.example"}, "type": "required"}]},
    )
    asked = save(browser, event, fields, guests="kim@x.example")
    assert "lee@x.example" in text(asked)
    answer(browser, asked, **{"keep-guests": "both"})
    guests = {one["email"] for one in now(event).attendees if not one["is_organizer"]}
    assert {"kim@x.example", "lee@x.example"} <= guests


def test_wrong_field_is_said_before_anything_is_asked(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.rename(event, "Theirs")
    page = save(browser, event, fields, title="Mine", start="10:30", end="09:00")
    assert page.status_code == 422
    assert "This is before the start" in text(page)


def test_form_without_its_beginning_asks_about_all_that_differs(
    browser, event, colleague, side, copy_events
):
    """A form from before this was built tells only its etag."""
    fields = form_of(browser, event)
    fields["base"] = ["[not ours"]
    colleague.rename(event, "Theirs")
    copy_events(side.calendar.connection)
    asked = save(browser, event, fields, place="Room 9")
    sent = Fields(asked.content.decode()).sent
    assert (sent["keep-title"], sent["keep-place"]) == (["theirs"], ["theirs"])
    answer(browser, asked, **{"keep-place": "mine"})
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_what_became_private_is_not_shown(sign_in, bob, browser, event, colleague, side):
    CalendarShare.objects.create(calendar=side.calendar, level="edit")
    other = sign_in(bob)
    fields = form_of(other, event)
    colleague.change(
        colleague.id_of(event),
        {"visibility": "private", "summary": "Secret"},
        {"sensitivity": "private", "subject": "Secret"},
    )
    answered = save(other, event, fields, title="Mine")
    assert answered.status_code == 404
    assert "Secret" not in text(answered)
    assert now(event).title == "Secret"


# --- Deleted meanwhile ---


@pytest.mark.parametrize("is_copied", [False, True], ids=["not yet known", "known"])
def test_deleted_event_can_be_created_again(
    browser, event, colleague, side, copy_events, is_copied
):
    fields = form_of(browser, event)
    colleague.delete(event)
    if is_copied:
        copy_events(side.calendar.connection)
    gone = save(browser, event, fields, title="Mine", start="10:30", end="11:30")
    assert gone.status_code == 422
    page = text(gone)
    assert "This event was deleted meanwhile" in page
    assert "10:30\u201311:30" in page
    assert side.held() == []
    made = answer(browser, gone)
    assert made.status_code == 302
    fresh = Event.objects.get(deleted_at=None)
    assert fresh.pk != event.pk
    assert (fresh.title, fresh.start_at, fresh.location) == ("Mine", TEN + HOUR / 2, "Room 1")
    assert len(side.held()) == 1


def test_form_of_a_deleted_event_does_not_open(browser, event, colleague, side, copy_events):
    colleague.delete(event)
    copy_events(side.calendar.connection)
    assert browser.get(f"/calendar/events/{event.pk}/edit").status_code == 404


# --- Of a series ---


@pytest.fixture
def four(browser, side):
    create(browser, side, repeats="weekly", stops="after", times="4")
    return list(Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at"))


def series():
    return Event.objects.exclude(recurrence=[]).get(deleted_at=None)


def starts():
    rows = Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at")
    return [one.start_at.astimezone(BERLIN).strftime("%d %H:%M") for one in rows]


def test_occurrence_changed_alone_by_both(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.rename(four[1], "Theirs")
    asked = save(browser, four[1], fields, title="Mine", scope="this")
    assert "Theirs" in text(asked)
    assert answer(browser, asked).status_code == 302
    assert [now(one).title for one in four] == ["Kick-off", "Mine", "Kick-off", "Kick-off"]


def test_all_of_a_series_renamed_by_both(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.rename(series(), "Theirs")
    asked = save(browser, four[1], fields, title="Mine", scope="all")
    assert asked.status_code == 422
    assert "Theirs" in text(asked)
    assert Fields(asked.content.decode()).sent["scope"] == ["all"]
    assert answer(browser, asked).status_code == 302
    assert {now(one).title for one in four} == {"Mine"}


@pytest.mark.parametrize("is_copied", [False, True], ids=["not yet known", "known"])
def test_series_moved_by_them_is_renamed_by_me_where_it_is_now(
    browser, four, colleague, side, copy_events, is_copied
):
    fields = form_of(browser, four[1])
    colleague.move(colleague.id_of(series()), TEN + HOUR, TEN + 2 * HOUR)
    if is_copied:
        copy_events(side.calendar.connection)
    done = browser.post(
        f"/calendar/events/{four[1].pk}/edit",
        {**fields, "title": "Mine", "scope": "all"},
        headers=HTMX,
    )
    assert done.status_code == 204
    assert "Their change of the time stays" in done["HX-Trigger"]
    assert starts() == ["23 11:00", "30 11:00", "07 11:00", "14 11:00"]
    assert series().title == "Mine"


def test_series_moved_by_both_asks_and_moves_once(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.move(colleague.id_of(series()), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, four[1], fields, start="15:00", end="16:00", scope="all")
    page = text(asked)
    assert "15:00\u201316:00" in page
    assert "11:00\u201312:00" in page
    assert answer(browser, asked).status_code == 302
    assert starts() == ["23 15:00", "30 15:00", "07 15:00", "14 15:00"]


def test_series_that_moved_and_became_private_is_not_shown(
    sign_in, bob, browser, four, colleague, side
):
    CalendarShare.objects.create(calendar=side.calendar, level="edit")
    other = sign_in(bob)
    fields = form_of(other, four[1])
    whole = colleague.id_of(series())
    colleague.change(
        whole,
        {"visibility": "private", "summary": "Secret"},
        {"sensitivity": "private", "subject": "Secret"},
    )
    colleague.move(whole, TEN + HOUR, TEN + 2 * HOUR)
    answered = save(other, four[1], fields, title="Mine", scope="this")
    assert answered.status_code == 404
    assert "Secret" not in text(answered)


def test_deleted_occurrence_becomes_an_event_of_its_own(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.delete(four[1])
    gone = save(browser, four[1], fields, title="Mine", scope="this")
    assert "deleted meanwhile" in text(gone)
    assert answer(browser, gone).status_code == 302
    mine = Event.objects.get(title="Mine")
    assert (mine.series_remote_id, mine.start_at) == ("", four[1].start_at)
    assert Event.objects.filter(deleted_at=None, title="Kick-off", recurrence=[]).count() == 3


def test_colour_and_kind_that_the_form_could_not_send_are_no_change(browser, event, colleague):
    fields = form_of(browser, event)
    fields.pop("hue", None)
    fields.pop("kind", None)
    colleague.rename(event, "Theirs")
    assert save(browser, event, fields, place="Room 9").status_code == 302
    assert (now(event).title, event.location) == ("Theirs", "Room 9")


def test_end_in_another_zone_is_told_with_both_cities(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.move(colleague.id_of(event), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, event, fields, end_zone="Europe/Lisbon", end="12:00")
    assert "10:00 Berlin\u201312:00 Lisbon" in text(asked).replace(" \u2013 ", "\u2013")
    assert "Monday 23 November 2026, 11:00\u201312:00" in text(asked)


def test_notes_that_both_wrote_are_shown_without_their_markup(browser, event, colleague):
    fields = form_of(browser, event)
    colleague.change(
        colleague.id_of(event),
        {"description": "<b>Theirs</b>"},
        {"body": {"contentType": "html", "content": "<b>Theirs</b>"}},
    )
    asked = save(browser, event, fields, notes_html="<p>Mine, <b>bold</b></p>")
    page = text(asked)
    assert "Mine, bold" in page
    assert "Theirs" in page
    assert answer(browser, asked).status_code == 302
    assert "bold</b>" in now(event).description
