"""Special days and public holidays on the scheduling page."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.utils import timezone

from tests.booking.staff.scheduling.conftest import address, hours, stored
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    InvalidAvailability,
    parse_availability,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine):
    """The week that its dates are written for."""
    time_machine.move_to("2026-11-20T12:00:00Z", tick=True)


def special_days(answer):
    return {day.isoformat(): typed for day, typed in answer.context["hours"].dates.items()}


def test_public_holidays_are_added_as_closed_days_and_nothing_is_saved(browser, owner):
    before = stored(owner)
    asked = {"holiday-country": "IE", "holiday-region": "", "holiday-year": "2027"}
    answer = browser.post(address(owner, "hours"), hours(add_holidays="1", **asked))
    assert answer.status_code == 200
    found = special_days(answer)
    assert found["2027-03-17"] == found["2027-12-25"] == ()
    assert {day[:4] for day in found} == {"2027"}
    assert "17 Mar Saint Patrick&#x27;s Day" in answer.text
    assert f"{len(found)} public holidays of Ireland 2027 are closed." in answer.text
    assert stored(owner) == before


def test_holidays_keep_their_names_when_they_are_saved_and_lose_them_when_removed(browser, owner):
    asked = {"holiday-country": "IE", "holiday-region": "", "holiday-year": "2027"}
    own = {"special": ["2027-03-17=10:00-12:00,", "2027-07-05="]}
    drawn = browser.post(address(owner, "hours"), hours(add_holidays="1", **asked, **own))
    assert "25 Dec" in drawn.text
    card = re.findall(r'name="(special(?:-name)?)" value="([^"]*)"', drawn.text)
    sent = {"special": [], "special-name": []}
    for name, value in card:
        sent[name].append(unescape(value))
    assert "2027-12-25=Christmas Day" in sent["special-name"]
    assert not any(one.startswith("2027-03-17") for one in sent["special-name"])  # own hours
    assert browser.post(address(owner, "hours"), hours(**sent)).status_code == 302
    kept = stored(owner)[1]["override_names"]
    assert kept["2027-12-25"] == "Christmas Day"
    assert set(kept) < set(stored(owner)[1]["overrides"])
    page = browser.get(address(owner)).text
    assert "closed: Christmas Day, Saint Stephen&#x27;s Day" in page.replace("St. ", "Saint ")
    gone = {"remove_special": "2027-12-25/2027-12-25"}
    assert "=Christmas Day" not in browser.post(address(owner, "hours"), hours(**sent, **gone)).text
    assert (
        browser.post(address(owner, "hours"), hours(**{"special-name": "2027-12-25=X"})).status_code
        == 302
    )
    assert "override_names" not in stored(owner)[1]


@pytest.mark.parametrize("name", ["x" * 121, "a bell\x07", 7])
def test_a_name_that_is_none_is_refused_by_the_stored_form(name):
    raw = {**DEFAULT_AVAILABILITY.to_json(), "overrides": {"2027-12-25": []}}
    with pytest.raises(InvalidAvailability) as refused:
        parse_availability({**raw, "override_names": {"2027-12-25": name}})
    assert refused.value.path == "override_names.2027-12-25"


def test_holidays_that_are_over_are_left_out(browser, owner):
    now = timezone.now()
    year, today = now.year, now.astimezone(owner.zone).date().isoformat()
    asked = {"holiday-country": "IE", "holiday-region": "", "holiday-year": str(year)}
    answer = browser.post(address(owner, "hours"), hours(add_holidays="1", **asked))
    assert all(day >= today for day in special_days(answer))


def test_a_region_has_holidays_of_its_own_and_a_special_day_keeps_its_hours(browser, owner):
    asked = {"holiday-country": "DE", "holiday-year": "2027"}
    kept = {"special": "2027-01-06=10:00-12:00,"}
    whole = browser.post(address(owner, "hours"), hours(add_holidays="1", **asked))
    assert "2027-01-06" not in special_days(whole)
    bavaria = browser.post(
        address(owner, "hours"),
        hours(add_holidays="1", **asked, **{"holiday-region": "BY"}, **kept),
    )
    assert special_days(bavaria)["2027-01-06"] == (("10:00", "12:00"),)
    assert special_days(bavaria)["2027-05-01"] == ()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"holiday-country": ""}, "Choose a country from the list."),
        ({"holiday-country": "../x"}, "Choose a country from the list."),
        ({"holiday-country": "IE", "holiday-region": "BY"}, "Choose a region of Ireland"),
        ({"holiday-country": "IE", "holiday-year": "1066"}, "Choose a year from the list."),
        ({"holiday-country": "IE", "holiday-year": "²"}, "Choose a year from the list."),
    ],
)
def test_holidays_that_are_unknown_are_refused(browser, owner, asked, words):
    said = {"holiday-region": "", "holiday-year": "2027", **asked}
    answer = browser.post(address(owner, "hours"), hours(add_holidays="1", **said))
    assert answer.status_code == 422
    assert words in answer.text


def test_regions_are_those_of_the_chosen_country(browser, owner):
    first = browser.get(address(owner))
    assert '<option value="DE" selected>Germany</option>' in first.text  # of the owner's zone
    assert "Bayern" in first.text
    other = browser.post(
        address(owner, "hours"), hours(pick_country="1", **{"holiday-country": "US"})
    )
    assert "Bayern" not in other.text
    assert 'id="holiday-region" name="holiday-region" autofocus' in other.text


def test_a_single_day_of_a_run_is_taken_away(browser, owner):
    run = {"special": "2026-12-24/2026-12-26="}
    shown = browser.post(address(owner, "hours"), hours(pick_country="1", **run))
    assert 'value="2026-12-25/2026-12-25"' in shown.text
    answer = browser.post(
        address(owner, "hours"), hours(remove_special="2026-12-25/2026-12-25", **run)
    )
    assert sorted(special_days(answer)) == ["2026-12-24", "2026-12-26"]


def test_a_special_day_can_have_several_hours(browser, owner):
    typed = {
        "special-first": "2026-12-24",
        "special-from": ["09:00"],
        "special-until": ["11:00"],
    }
    more = browser.post(address(owner, "hours"), hours(more_special="1", **typed))
    assert 'id="special-from-2" name="special-from" value="" autofocus' in more.text
    assert 'name="special-first" value="2026-12-24"' in more.text
    typed |= {"special-from": ["09:00", "13:00"], "special-until": ["11:00", "15:00"]}
    added = browser.post(address(owner, "hours"), hours(add_special="1", **typed))
    assert special_days(added) == {"2026-12-24": (("09:00", "11:00"), ("13:00", "15:00"))}
    saved = browser.post(
        address(owner, "hours"), hours(special="2026-12-24/2026-12-24=09:00-11:00,13:00-15:00,")
    )
    assert saved.status_code == 302
    assert stored(owner)[1]["overrides"] == {"2026-12-24": [["09:00", "11:00"], ["13:00", "15:00"]]}


@pytest.mark.parametrize(
    ("pressed", "focused"),
    [
        ({"add_hours": "monday"}, 'id="from-monday-1" autofocus'),
        ({"remove_hours": "monday:0"}, 'id="add-monday" autofocus'),
        ({"add_special": "1", "special-first": "2026-12-24"}, 'value="" autofocus'),
        ({"remove_special": "2026-12-24/2026-12-24"}, 'id="add-a-day" autofocus'),
        ({"monday-until": "08:00"}, 'class="error-summary" role="alert" tabindex="-1"'),
    ],
)
def test_the_focus_goes_to_what_the_press_made(browser, owner, pressed, focused):
    answer = browser.post(address(owner, "hours"), hours(**pressed))
    assert focused in answer.text
    assert answer.text.count(" autofocus") == 1


def test_only_hours_that_differ_from_the_saved_are_called_unsaved(browser, owner):
    browser.post(address(owner, "hours"), hours())
    same = browser.post(address(owner, "hours"), hours(pick_country="1"))
    assert "Not saved yet." not in same.text
    assert "data-unsaved" not in same.text
    changed = browser.post(address(owner, "hours"), hours(add_hours="monday"))
    assert "data-unsaved" in changed.text
