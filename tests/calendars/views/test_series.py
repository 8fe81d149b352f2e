"""The dialog of what repeats: choosing how, and how much of a series is meant."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime

import pytest
import time_machine

from calendars.models import Event
from tests.calendars.views.events.conftest import FORM, HTMX

pytestmark = pytest.mark.django_db

MONDAYS = ["2026-11-23", "2026-11-30", "2026-12-07", "2026-12-14"]


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=UTC), tick=True):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture(params=["google", "outlook"])
def side(request, side, user_owner):
    return side(user_owner, request.param)


def text(response) -> str:
    return html.unescape(response.content.decode())


def create(browser, side, **fields):
    data = {**FORM, "stops": "never", "calendar": str(side.calendar.pk), **fields}
    return browser.post("/calendar/events/new", data)


def live():
    return list(Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at"))


def days():
    return [one.start_wall[:10] for one in live()]


def rule():
    return Event.objects.exclude(recurrence=[]).get(deleted_at=None).recurrence[0]


@pytest.fixture
def four(browser, side):
    create(browser, side, repeats="weekly", stops="after", times="4")
    return live()


def typed(browser, event, **changes):
    """What a browser would send back from the event's form, with these changes."""
    page = browser.get(f"/calendar/events/{event.pk}/edit").content.decode()
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r'name="([^"]*)"', tag)
        if not name or (
            ('type="radio"' in tag or 'type="checkbox"' in tag) and " checked" not in tag
        ):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        fields.setdefault(name[1], []).append(
            html.unescape(value[1]) if value else "on" * ("checkbox" in tag)
        )
    for name, body in re.findall(r'<select name="([^"]*)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', body)
        fields[name] = [html.unescape(one) for one in chosen] or [""]
    fields |= {"guests": [""], "notes": [event.description]}
    return {**fields, **changes}


def change(browser, event, **changes):
    return browser.post(f"/calendar/events/{event.pk}/edit", typed(browser, event, **changes))


# --- Making one ---


@pytest.mark.parametrize(
    ("fields", "line", "sentence"),
    [
        ({"repeats": "daily"}, "FREQ=DAILY", "Every day"),
        ({"repeats": "weekdays"}, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Every weekday"),
        ({"repeats": "weekly"}, "FREQ=WEEKLY;BYDAY=MO", "Weekly on Monday"),
        ({"repeats": "month_day"}, "FREQ=MONTHLY;BYMONTHDAY=23", "Monthly on day 23"),
        ({"repeats": "month_nth"}, "FREQ=MONTHLY;BYDAY=4MO", "Monthly on the fourth Monday"),
        ({"repeats": "yearly"}, "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=23", "Yearly on 23 November"),
        ({"repeats": "weekly", "stops": "after", "times": "3"},
         "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "Weekly on Monday, 3 times"),
        ({"repeats": "weekly", "stops": "on", "stops_on": "2026-12-07"},
         "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261207T225959Z",
         "Weekly on Monday until 7 December 2026"),
        ({"repeats": "custom", "every": "2", "unit": "WEEKLY", "on_days": ["0", "3"]},
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "Every 2 weeks on Mon and Thu"),
        ({"repeats": "custom", "every": "3", "unit": "MONTHLY", "by": "nth"},
         "FREQ=MONTHLY;INTERVAL=3;BYDAY=4MO", "Every 3 months on the fourth Monday"),
        ({"repeats": "custom", "every": "1", "unit": "DAILY"}, "FREQ=DAILY", "Every day"),
    ],
)  # fmt: skip
def test_what_is_chosen_is_made_and_said(browser, side, fields, line, sentence):
    assert create(browser, side, **fields).status_code == 302
    made = re.sub(r";?WKST=\w\w", "", rule().removeprefix("RRULE:"))
    if side.calendar.connection.provider == "google":
        assert made == line
    page = text(browser.get(f"/calendar/events/{live()[0].pk}"))
    assert sentence in page
    assert "Repeats" in page


def test_event_that_does_not_repeat_is_single(browser, side):
    create(browser, side, repeats="")
    assert [one.recurrence for one in Event.objects.all()] == [[]]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"repeats": "weekly", "stops": "on"}, "Give the last day."),
        ({"repeats": "weekly", "stops": "on", "stops_on": "2026-11-20"},
         "This is before the first day, 23 November."),
        ({"repeats": "weekly", "stops": "after"}, "Say how many times."),
        ({"repeats": "weekly", "stops": "after", "times": "731"}, "Give a number from 1 to 730."),
        ({"repeats": "custom", "every": "0"}, "Give a number from 1 to 99."),
        ({"repeats": "custom", "unit": "WEEKLY", "on_days": ["3"]},
         "Monday 23 November is not one of the days of this rule. The first one is Thursday "
         "26 November."),
        ({"repeats": "hourly"}, "Choose how it repeats."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_kept(browser, side, fields, words):
    response = create(browser, side, **fields)
    assert response.status_code == 422
    assert words in text(response)
    assert live() == []


def test_what_outlook_cannot_hold_is_said(browser, side):
    response = create(browser, side, repeats="month_day", day="2026-12-31")
    if side.calendar.connection.provider == "outlook":
        assert response.status_code == 422
        assert "Outlook cannot repeat an event like this" in text(response)
    else:
        assert response.status_code == 302
    assert create(browser, side, repeats="month_last", day="2026-12-31").status_code == 302


def test_choices_and_sentence_follow_the_day(browser, side):
    asked = {"day": "2026-12-31", "start": "10:00", "end": "11:00", "zone": "Europe/Berlin",
             "repeats": "month_last", "stops": "after", "times": "5"}  # fmt: skip
    headers = {**HTMX, "HX-Target": "ev-repeats-said"}
    page = text(browser.get("/calendar/events/new", asked, headers=headers))
    assert '<option value="month_last" selected>Monthly on the last day</option>' in page
    assert "Yearly on 31 December" in page
    assert re.search(r'id="ev-repeats-said"[^>]*>Monthly on the last day, 5 times<', page)


# --- Changing it ---


def test_form_asks_how_much_is_meant_and_shows_the_rule(browser, four):
    page = text(browser.get(f"/calendar/events/{four[1].pk}/edit"))
    for words in ("This event", "This and the following", "All events"):
        assert f"<span>{words}</span>" in page
    assert '<option value="weekly" selected>Weekly on Monday</option>' in page
    assert re.search(r'name="times" value="4"', page)


def test_single_event_is_not_asked(browser, side):
    create(browser, side)
    assert "This and the following" not in text(
        browser.get(f"/calendar/events/{live()[0].pk}/edit")
    )


@pytest.mark.parametrize(
    ("scope", "titles"),
    [
        ("this", ["Kick-off", "New", "Kick-off", "Kick-off"]),
        ("following", ["Kick-off", "New", "New", "New"]),
        ("all", ["New"] * 4),
    ],
)
def test_title_changes_for_what_is_meant(browser, four, scope, titles):
    response = change(browser, four[1], title="New", scope=scope)
    assert (response.status_code, response["Location"]) == (302, "/calendar?date=2026-11-30")
    assert [one.title for one in live()] == titles
    assert days() == MONDAYS


def test_nothing_chosen_means_this_one(browser, four):
    data = typed(browser, four[1], title="New")
    del data["scope"]
    browser.post(f"/calendar/events/{four[1].pk}/edit", data)
    assert [one.title for one in live()] == ["Kick-off", "New", "Kick-off", "Kick-off"]


def test_all_move_and_stay_in_their_own_zone(browser, four, alice):
    alice.profile.timezone = "America/New_York"
    alice.profile.save()
    data = typed(browser, four[1], start="05:00", end="06:00", scope="all")
    assert data["day"] == ["2026-11-30"]
    browser.post(f"/calendar/events/{four[1].pk}/edit", data)
    assert [one.start_wall[11:16] for one in live()] == ["11:00"] * 4
    assert {one.timezone for one in live()} == {"Europe/Berlin"}


def test_another_rule_from_here_on(browser, four):
    response = change(
        browser, four[2], repeats="daily", stops="after", times="3", scope="following"
    )
    assert response.status_code == 302
    assert days() == [*MONDAYS[:2], "2026-12-07", "2026-12-08", "2026-12-09"]


def test_another_rule_for_one_is_refused_beside_the_field(browser, four):
    response = change(browser, four[2], repeats="daily", scope="this")
    assert response.status_code == 422
    assert "How it repeats is changed for all, or from one on." in text(response)


def test_no_rule_for_all_leaves_the_first(browser, four):
    change(browser, four[2], repeats="", scope="all")
    assert days() == MONDAYS[:1]


def test_nothing_changed_asks_nobody(browser, four, sandbox):
    before = len(sandbox.calls())
    assert change(browser, four[1], scope="all").status_code == 302
    assert len(sandbox.calls()) == before


def test_single_event_is_made_to_repeat(browser, side):
    create(browser, side)
    change(browser, live()[0], repeats="weekly", stops="after", times="2")
    assert days() == MONDAYS[:2]


def test_rule_that_the_form_has_no_fields_for_stays(browser, side, copy_events):
    if side.calendar.connection.provider == "outlook":
        return
    side.store.add_event(
        side.remote, title="Twice", start=datetime(2026, 11, 23, 9, tzinfo=UTC),
        end=datetime(2026, 11, 23, 10, tzinfo=UTC),
        recurrence=["RRULE:FREQ=MONTHLY;BYMONTHDAY=5,23;COUNT=4"], timezone="Europe/Berlin",
    )  # fmt: skip
    copy_events(side.calendar.connection)
    event = live()[0]
    page = text(browser.get(f"/calendar/events/{event.pk}/edit"))
    assert '<option value="kept" selected>Repeats by a rule that cannot be shown' in page
    assert change(browser, event, title="New", scope="all").status_code == 302
    assert {one.title for one in live()} == {"New"}
    assert days() == ["2026-11-23", "2026-12-05", "2026-12-23", "2027-01-05"]


def test_changed_occurrence_is_shown_as_such(browser, four):
    change(browser, four[1], start="15:00", end="16:00", scope="this")
    page = text(browser.get(f"/calendar/events/{four[1].pk}"))
    assert "Changed occurrence" in page
    assert "Moved here from Monday 30 November, 10:00" in page
    assert "Weekly on Monday, 4 times" in page


def test_title_that_both_gave_the_series_is_asked_about(browser, four, side):
    data = typed(browser, four[1], title="New", scope="all")
    key = "summary" if side.calendar.connection.provider == "google" else "subject"
    master = next(one for one in side.held() if one.get("recurrence"))
    side.store.change_event(side.remote, master["id"], {key: "Theirs"})
    response = browser.post(f"/calendar/events/{four[1].pk}/edit", data)
    assert response.status_code == 422
    assert "Somebody changed this event while you were at it." in text(response)
    assert {one.title for one in live()} == {"Theirs"}


# --- Deleting it ---


def test_question_names_what_can_be_deleted(browser, four):
    page = text(browser.get(f"/calendar/events/{four[1].pk}/delete"))
    assert "Delete “Kick-off”?" in page
    assert "Weekly on Monday, 4 times" in page
    for value, words in (("this", "This event"), ("following", "This and the following"),
                         ("all", "All events")):  # fmt: skip
        assert re.search(rf'value="{value}"[^>]*> <span>{words}</span>', page)


@pytest.mark.parametrize(
    ("scope", "left"), [("this", [0, 2, 3]), ("following", [0]), ("all", []), ("", [0, 2, 3])]
)
def test_delete_of_what_is_meant(browser, four, scope, left):
    response = browser.post(f"/calendar/events/{four[1].pk}/delete", {"scope": scope})
    assert response.status_code == 302
    assert days() == [MONDAYS[one] for one in left]


def test_unknown_scope_deletes_nothing(browser, four):
    response = browser.post(f"/calendar/events/{four[1].pk}/delete", {"scope": "some"})
    assert response.status_code == 422
    assert days() == MONDAYS


def test_delete_names_the_series_when_its_rule_cannot_be_read(browser, four, sandbox):
    Event.objects.exclude(recurrence=[]).delete()
    sandbox.fault("*.events.get", status=503, count=None)
    page = text(browser.get(f"/calendar/events/{four[1].pk}/delete"))
    assert "This and the following" in page
    page = text(browser.get(f"/calendar/events/{four[1].pk}"))
    assert "Repeats" in page


def test_rule_that_the_mirror_has_not_is_read(browser, four):
    Event.objects.exclude(recurrence=[]).delete()
    assert "Weekly on Monday, 4 times" in text(browser.get(f"/calendar/events/{four[1].pk}"))
    assert date.fromisoformat(days()[0]) == date(2026, 11, 23)
