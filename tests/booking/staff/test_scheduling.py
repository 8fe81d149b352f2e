"""The scheduling page of a member and of a client: the same cards by the same code."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.models import BookingLink
from tests.factories import make_calendar, make_client, make_connection, make_member, make_user
from workspaces.availability import (
    DEFAULT_AVAILABILITY,
    WEEKDAYS,
    InvalidAvailability,
    parse_availability,
)
from workspaces.enums import OwnerKind, Role
from workspaces.models import Client, UserProfile

pytestmark = pytest.mark.django_db

OFFICE = {
    f"{day}-{part}": value
    for day in WEEKDAYS[:5]
    for part, value in (("enabled", "1"), ("from", "09:00"), ("until", "17:00"))
}
OFF = {
    f"{day}-{part}": value
    for day in WEEKDAYS[5:]
    for part, value in (("from", "09:00"), ("until", "17:00"))
}


def hours(**changes):
    return {"zone": "Europe/Dublin", **OFFICE, **OFF, **changes}


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def address(owner, part="page"):
    names = {
        OwnerKind.CLIENT: {
            "page": "client_info", "hours": "client_hours", "calendars": "client_calendars",
            "new": "client_link_new",
        },
        OwnerKind.USER: {
            "page": "my_scheduling", "hours": "my_hours", "calendars": "my_calendars",
            "new": "my_link_new",
        },
    }  # fmt: skip
    args = [owner.id] if owner.kind == OwnerKind.CLIENT else []
    return reverse(f"booking:{names[owner.kind][part]}", args=args)


def stored(owner):
    if owner.kind == OwnerKind.CLIENT:
        row = Client.objects.get(pk=owner.id)
    else:
        row = UserProfile.objects.get(user_id=owner.id)
    return row.timezone, row.availability_settings


# --- Page ---


def test_addresses_are_those_of_the_source_document(northgate):
    assert reverse("booking:my_scheduling") == "/admin/sales/scheduling"
    info = reverse("booking:client_info", args=[northgate.pk])
    assert info == f"/workspace/{northgate.pk}/client-info"


@pytest.mark.parametrize("path", ["/admin/sales/scheduling/", "client"])
def test_slash_form_redirects_and_keeps_the_query(browser, northgate, path):
    wanted = path if path != "client" else f"/workspace/{northgate.pk}/client-info/"
    answer = browser.get(f"{wanted}?check=1")
    assert (answer.status_code, answer.url) == (302, f"{wanted.rstrip('/')}?check=1")


def test_page_shows_three_cards(browser, owner):
    answer = browser.get(address(owner))
    assert answer.status_code == 200
    for card in ('id="availability"', 'id="calendars"', 'id="links"', 'id="standing"'):
        assert card in answer.text
    assert "style=" not in answer.text


def test_every_working_role_has_a_page_and_an_auditor_has_none(workspace, sign_in):
    statuses = {}
    for role in Role:
        user = make_user(role.label)
        make_member(workspace, user, role=role)
        statuses[role] = sign_in(user).get("/admin/sales/scheduling").status_code
    assert statuses == {Role.OWNER: 200, Role.ADMIN: 200, Role.MEMBER: 200, Role.AUDITOR: 404}


def test_anonymous_visitor_is_sent_to_sign_in(client, northgate):
    for path in ("/admin/sales/scheduling", f"/workspace/{northgate.pk}/client-info"):
        assert client.get(path).url.startswith("/accounts/login/")


def test_client_of_another_workspace_does_not_exist(browser, other_workspace):
    foreign = make_client(other_workspace, "Foreign")
    for name in ("client_info", "client_edit", "client_link_new"):
        assert browser.get(reverse(f"booking:{name}", args=[foreign.pk])).status_code == 404
    for name in ("client_hours", "client_calendars"):
        assert browser.post(reverse(f"booking:{name}", args=[foreign.pk])).status_code == 404


def test_number_of_queries_does_not_grow_with_accounts_and_links(
    browser, owner, django_assert_max_num_queries
):
    def add(number):
        calendar = make_calendar(make_connection(owner), f"Calendar {number}")
        BookingLink.objects.create(
            workspace=owner.workspace,
            slug=f"link-{number}",
            title=f"Link {number}",
            **{f"{owner.kind.value}_id": owner.id},
        )
        return calendar

    add(1)
    with django_assert_max_num_queries(40) as few:
        browser.get(address(owner))
    add(2), add(3)
    with django_assert_max_num_queries(len(few)):
        browser.get(address(owner))


# --- Hours ---


def test_saving_keeps_hours_and_zone(browser, owner):
    monday = {"monday-from": ["09:00", "13:30"], "monday-until": ["12:30", "00:00"]}
    answer = browser.post(address(owner, "hours"), hours(**monday))
    assert (answer.status_code, answer.url) == (302, address(owner))
    zone, settings = stored(owner)
    assert zone == "Europe/Dublin"
    assert settings["monday"]["intervals"] == [["09:00", "12:30"], ["13:30", "24:00"]]
    assert settings["saturday"] == {"enabled": False, "start": "09:00", "end": "17:00"}


def test_what_is_saved_is_shown_as_it_was_typed(browser, owner):
    special = ["2026-12-24/2026-12-26=", "2027-01-04=10:00-14:00,"]
    browser.post(address(owner, "hours"), hours(special=special))
    card = browser.get(address(owner)).context["hours"]
    assert card.days[0].intervals == (("09:00", "17:00"),)
    assert [(one.first, one.last, one.intervals) for one in card.special_days()] == [
        (date(2026, 12, 24), date(2026, 12, 26), ()),
        (date(2027, 1, 4), date(2027, 1, 4), (("10:00", "14:00"),)),
    ]


@pytest.mark.parametrize(
    ("changes", "anchor", "words"),
    [
        ({"monday-until": "08:00"}, "day-monday", "The end has to be after the start."),
        ({"tuesday-from": "9"}, "day-tuesday", "Give a time such as 09:00."),
        (
            {"friday-from": ["09:00", "11:00"], "friday-until": ["12:00", "13:00"]},
            "day-friday",
            "These hours overlap others of the day.",
        ),
        (
            {"monday-from": [], "monday-until": []},
            "day-monday",
            "Add hours, or switch the day off.",
        ),
        ({"zone": "Mars/Olympus"}, "id_zone", "Choose a time zone from the list."),
        ({"special": "yesterday="}, "special-days", "Give a date such as 2026-12-24."),
        (
            {"special": "2026-12-24=14:00-10:00"},
            "special-days",
            "The end has to be after the start.",
        ),
        (
            {"monday-from": ["09:00", "10:00"]},
            "day-monday",
            "Give a start and an end for each of the hours.",
        ),
    ],
)
def test_wrong_hours_are_refused_with_their_row_and_nothing_is_kept(
    browser, owner, changes, anchor, words
):
    before = stored(owner)
    answer = browser.post(address(owner, "hours"), hours(**changes))
    assert answer.status_code == 422
    assert answer.context["faults"] == [(anchor, words)]
    assert f'href="#{anchor}"' in answer.text
    assert f'id="{anchor}"' in answer.text
    assert stored(owner) == before


def test_every_wrong_day_is_named_at_once(browser, owner):
    answer = browser.post(
        address(owner, "hours"), hours(**{"monday-until": "08:00", "friday-until": "07:00"})
    )
    assert [anchor for anchor, _ in answer.context["faults"]] == ["day-monday", "day-friday"]


@pytest.mark.parametrize(
    ("button", "day", "expected"),
    [
        ({"add_hours": "monday"}, 0, (True, (("09:00", "17:00"), ("18:00", "19:00")))),
        ({"add_hours": "saturday"}, 5, (True, (("09:00", "17:00"),))),
        ({"remove_hours": "monday:0"}, 0, (False, ())),
        ({"copy_hours": "monday", "monday-from": "08:00"}, 4, (True, (("08:00", "17:00"),))),
        ({"copy_hours": "monday", "monday-from": "08:00"}, 6, (False, (("09:00", "17:00"),))),
    ],
)
def test_small_button_changes_the_draft_and_saves_nothing(browser, owner, button, day, expected):
    before = stored(owner)
    answer = browser.post(address(owner, "hours"), hours(**button))
    assert answer.status_code == 200
    row = answer.context["hours"].days[day]
    assert (row.enabled, row.intervals) == expected
    assert "Not saved yet." in answer.text
    assert stored(owner) == before


def test_special_day_is_added_and_taken_away_in_the_draft(browser, owner):
    typed = {"add_special": "1", "special-first": "2026-12-24", "special-last": "2026-12-26"}
    added = browser.post(address(owner, "hours"), hours(**typed))
    assert [one.key for one in added.context["hours"].special_days()] == ["2026-12-24/2026-12-26"]
    gone = browser.post(
        address(owner, "hours"),
        hours(special="2026-12-24/2026-12-26=", remove_special="2026-12-25/2026-12-25"),
    )
    assert sorted(gone.context["hours"].dates) == [date(2026, 12, 24), date(2026, 12, 26)]


@pytest.mark.parametrize(
    ("first", "last"), [("2026-13-01", ""), ("2026-12-24", "2026-12-20"), ("", "")]
)
def test_special_day_that_is_none_is_refused(browser, owner, first, last):
    typed = {"add_special": "1", "special-first": first, "special-last": last}
    answer = browser.post(address(owner, "hours"), hours(**typed))
    assert answer.status_code == 422
    assert answer.context["faults"][0][0] == "special-days"


def test_saving_by_htmx_answers_without_a_page(browser, owner):
    answer = browser.post(address(owner, "hours"), hours(), headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert "hours:changed" in answer.headers["HX-Trigger"]


# --- Calendars ---


def test_ticks_say_what_counts_and_where_bookings_go(browser, owner):
    first, second = make_connection(owner, is_booking=True), make_connection(owner)
    counted, other = make_calendar(first, "First"), make_calendar(second, "Second")
    answer = browser.post(
        address(owner, "calendars"),
        {"offered": [counted.pk, other.pk], "busy": [other.pk], "write": other.pk},
    )
    assert answer.url == address(owner)
    counted.refresh_from_db(), other.refresh_from_db()
    first.refresh_from_db(), second.refresh_from_db()
    assert (counted.counts_as_busy, other.counts_as_busy) == (False, True)
    assert (first.is_booking, second.is_booking) == (False, True)


def test_calendar_that_was_not_on_the_page_keeps_its_tick(browser, owner):
    connection = make_connection(owner)
    shown = make_calendar(connection, "Shown")
    later = make_calendar(connection, "Later", is_primary=False)
    browser.post(address(owner, "calendars"), {"offered": [shown.pk]})
    later.refresh_from_db()
    assert later.counts_as_busy


def test_bookings_are_not_written_to_a_calendar_that_cannot_be_written(browser, owner):
    connection = make_connection(owner)
    calendar = make_calendar(connection, "Holidays", is_writable=False)
    browser.post(address(owner, "calendars"), {"offered": [calendar.pk], "write": calendar.pk})
    connection.refresh_from_db()
    assert not connection.is_booking


def test_foreign_calendar_is_not_touched(browser, owner, bob_owner):
    colleagues = make_calendar(make_connection(bob_owner), "Bob's")
    answer = browser.post(
        address(owner, "calendars"), {"offered": [colleagues.pk], "write": colleagues.pk}
    )
    assert answer.status_code == 404
    colleagues.refresh_from_db()
    assert colleagues.counts_as_busy


# --- Can guests book? ---


def test_line_on_top_asks_only_when_told_to(browser, owner):
    assert browser.get(address(owner)).context["standing"] is None
    said = browser.get(f"{address(owner)}?check=1").context["standing"]
    assert (said.is_open, "no link is switched on" in said.words) == (False, True)


def test_line_on_top_names_the_next_open_time(browser, owner):
    BookingLink.objects.create(
        workspace=owner.workspace,
        slug="intro",
        title="Intro",
        **{f"{owner.kind.value}_id": owner.id},
    )
    said = browser.get(f"{address(owner)}?check=1").context["standing"]
    assert said.is_open
    assert "Next open: " in said.words


def test_line_on_top_says_why_no_time_is_shown(browser, owner):
    BookingLink.objects.create(
        workspace=owner.workspace,
        slug="intro",
        title="Intro",
        **{f"{owner.kind.value}_id": owner.id},
    )
    make_calendar(make_connection(owner, state="reconnect_needed"), "Stale", synced_at=None)
    answer = browser.get(f"{address(owner)}?check=1")
    assert answer.status_code == 200
    assert answer.context["standing"].words.startswith("Guests see no times of ")


# --- Hours: special days and public holidays ---


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
    year = timezone.now().year
    asked = {"holiday-country": "IE", "holiday-region": "", "holiday-year": str(year)}
    answer = browser.post(address(owner, "hours"), hours(add_holidays="1", **asked))
    today = timezone.now().astimezone(owner.zone).date().isoformat()
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
