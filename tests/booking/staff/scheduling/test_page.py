"""The scheduling page of a member and of a client: the same cards by the same code."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from booking.models import BookingLink
from tests.booking.staff.scheduling.conftest import address, hours, stored
from tests.factories import make_calendar, make_client, make_connection, make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


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
