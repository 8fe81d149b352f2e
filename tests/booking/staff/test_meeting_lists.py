"""Tabs and filters of the meetings page, and the same rows as CSV."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from booking.models import BookingLink
from tests.booking.staff.test_meetings import PAGE, make_meeting, names
from tests.factories import make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db
EXPORT = "/meetings/export.csv"
DAY = timedelta(days=1)


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def exported(answer):
    """The rows of the file by column."""
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def guests(answer):
    return [row["guest"] for row in exported(answer)]


# --- Tabs ---


@pytest.fixture
def every_state(owner):
    now = timezone.now()
    make_meeting(owner, "Soon", start=now + DAY)
    make_meeting(owner, "Asked", start=now + 2 * DAY, state="requested")
    make_meeting(owner, "Called off", start=now + 3 * DAY, state="cancelled", hold=None)
    make_meeting(owner, "Held", start=now - 2 * DAY)
    make_meeting(owner, "Missed", start=now - DAY, state="no_show")
    make_meeting(owner, "Turned down", start=now - 3 * DAY, state="declined", hold=None)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["Soon", "Asked"]),
        ("period=needs", ["Asked"]),
        ("period=past", ["Missed", "Held"]),
        ("period=cancelled", ["Called off", "Turned down"]),
        ("period=all", ["Turned down", "Held", "Missed", "Soon", "Asked", "Called off"]),
        ("state=requested", ["Asked"]),
        ("period=past&state=no_show", ["Missed"]),
        ("period=all&state=declined", ["Turned down"]),
    ],
)
def test_each_tab_and_state_shows_its_own_in_list_and_file(browser, every_state, query, wanted):
    assert names(browser.get(f"{PAGE}?{query}")) == wanted
    assert guests(browser.get(f"{EXPORT}?{query}")) == wanted


def test_tabs_keep_the_other_filters_and_drop_a_state_they_cannot_have(browser, northgate):
    query = f"q=ann&from=2031-01-01&state=confirmed&owner={northgate.pk}"
    tabs = {tab.label: tab.url for tab in browser.get(f"{PAGE}?{query}").context["tabs"]}
    assert tabs["Past"] == (
        f"/meetings?period=past&q=ann&from=2031-01-01&state=confirmed&owner={northgate.pk}"
    )
    assert tabs["Cancelled"] == (
        f"/meetings?period=cancelled&q=ann&from=2031-01-01&owner={northgate.pk}"
    )


# --- Dates ---


def test_days_are_the_readers_and_both_count(browser, alice, owner):
    """22:30 UTC on 1 July is 2 July in Berlin, where alice reads."""
    make_meeting(owner, "Late", start=datetime(2031, 7, 1, 22, 30, tzinfo=UTC))
    make_meeting(owner, "Next day", start=datetime(2031, 7, 3, 21, 0, tzinfo=UTC))
    make_meeting(owner, "After", start=datetime(2031, 7, 3, 22, 0, tzinfo=UTC))
    answer = browser.get(f"{PAGE}?from=2031-07-02&to=2031-07-03")
    assert names(answer) == ["Late", "Next day"]


@pytest.mark.parametrize("query", ["from=2031-7-1", "to=x", "from=9999-01-01",
                                   "from=2031-07-03&to=2031-07-02"])  # fmt: skip
def test_day_that_is_none_is_told_and_narrows_nothing(browser, owner, query):
    make_meeting(owner, "Late", start=datetime(2031, 7, 3, 22, 30, tzinfo=UTC))
    for address in (PAGE, EXPORT):
        answer = browser.get(f"{address}?{query}")
        assert answer.status_code == 422
        assert len(answer.context["problems"]) == 1
        assert names(answer) == ["Late"]


# --- Lifting ---


def test_empty_list_says_what_each_filter_hides(browser, client_owner, user_owner, northgate):
    make_meeting(client_owner, "Dev Patel")
    make_meeting(user_owner, "Hanna Weiss")
    make_meeting(user_owner, "Hanna Brandt", start=timezone.now() + 3 * DAY)
    answer = browser.get(f"{PAGE}?q=hanna&owner={northgate.pk}")
    lifts = [(lift.label, lift.count, lift.url) for lift in answer.context["lifts"]]
    assert lifts == [
        ("“hanna”", 1, f"/meetings?owner={northgate.pk}"),
        ("Northgate", 2, "/meetings?q=hanna"),
    ]
    assert ">Lift “hanna”</a>" in answer.text
    assert ">Lift the owner Northgate</a>" in answer.text


def test_filters_that_leave_something_are_lifted_one_by_one_without_counting(browser, owner):
    make_meeting(owner, "Dev Patel")
    answer = browser.get(f"{PAGE}?q=dev&from=2020-01-01")
    assert [(lift.label, lift.count) for lift in answer.context["lifts"]] == [
        ("“dev”", None),
        ("from Wednesday 1 January 2020", None),
    ]


# --- The file ---


def test_file_holds_the_order_of_the_pages_over_both_tables(browser, client_owner, user_owner):
    now = timezone.now()
    for number in range(55):
        owner = (client_owner, user_owner)[number % 2]
        make_meeting(owner, f"Guest {number}", start=now + DAY + timedelta(hours=2 * number))
    listed = names(browser.get(PAGE)) + names(browser.get(f"{PAGE}?page=2"))
    assert guests(browser.get(EXPORT)) == listed == [f"Guest {number}" for number in range(55)]


def test_times_are_utc_and_on_the_readers_clock_with_its_zone(browser, owner):
    make_meeting(owner, start=datetime(2031, 7, 1, 22, 30, tzinfo=UTC))
    (row,) = exported(browser.get(EXPORT))
    assert row["start_utc"] == "2031-07-01T22:30:00Z"
    assert row["end_utc"] == "2031-07-01T23:30:00Z"
    assert row["start Europe/Berlin"] == "2031-07-02 00:30"
    assert row["minutes"] == "60"
    assert row["owner_kind"] == owner.kind.value


def test_guests_text_is_no_program_for_a_spreadsheet(browser, owner):
    make_meeting(
        owner, "=cmd|' /C calc'!A0", title="@SUM(1)", cancel_reason="+1", booker_phone="-1",
        guests=[{"name": "", "email": "=x@y.example"}],
    )  # fmt: skip
    (row,) = exported(browser.get(EXPORT))
    cells = [row[name] for name in ("guest", "title", "reason", "guest_phone", "more_guests")]
    assert cells == ["'=cmd|' /C calc'!A0", "'@SUM(1)", "'+1", "'-1", "'=x@y.example"]


def test_file_is_streamed_and_named_by_workspace(browser, workspace):
    answer = browser.get(EXPORT)
    assert answer.streaming
    assert workspace.slug in answer["Content-Disposition"]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_file_holds_no_colleagues_own_meetings_and_nothing_of_another_workspace(
    browser, sign_in, bob, bob_owner, client_owner, charlie, other_workspace
):
    make_meeting(bob_owner, "Bob's guest")
    make_meeting(client_owner, "Client's guest")
    assert guests(browser.get(EXPORT)) == ["Client's guest"]
    assert guests(browser.get(f"{EXPORT}?owner={bob.pk}")) == []
    assert sorted(guests(sign_in(bob).get(EXPORT))) == ["Bob's guest", "Client's guest"]
    assert guests(sign_in(charlie).get(f"{EXPORT}?period=all")) == []


@pytest.mark.parametrize("address", [EXPORT, "/meetings/figures"])
def test_auditor_gets_neither_file_nor_figures(workspace, sign_in, address):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get(address).status_code == 404


def test_queries_of_the_file_do_not_grow_with_meetings(
    browser, client_owner, user_owner, django_assert_max_num_queries
):
    def add(day):
        for owner in (client_owner, user_owner):
            make_meeting(owner, start=timezone.now() + timedelta(days=day))

    add(1)
    with django_assert_max_num_queries(12) as few:
        assert len(exported(browser.get(EXPORT))) == 2
    add(2), add(3)
    with django_assert_max_num_queries(len(few)):
        assert len(exported(browser.get(EXPORT))) == 6


# --- Figures ---


def figures(browser, query):
    answer = browser.get(f"/meetings/figures?{query}")
    assert answer.status_code == 200, answer.text
    return answer.context["figures"]


def counts(tally):
    return (tally.booked, tally.cancelled, tally.no_show)


def test_figures_count_by_week_and_link(browser, owner):
    monday = datetime(2031, 7, 7, 8, 0, tzinfo=UTC)
    first = make_meeting(owner, start=monday)
    make_meeting(owner, start=monday + 2 * timedelta(hours=1), state="no_show")
    make_meeting(owner, start=monday + DAY, state="cancelled", hold=None)
    make_meeting(owner, start=monday + 2 * DAY, state="declined", hold=None)
    make_meeting(owner, start=monday + 7 * DAY, link=None)
    found = figures(browser, "from=2031-07-07&to=2031-07-20")
    weeks = {week.name: [(one.title, counts(one.tally)) for one in week.links]
             for week in found.weeks}  # fmt: skip
    assert weeks == {
        "2031-W29": [("Without a link", (1, 0, 0))],
        "2031-W28": [("Intro call", (3, 1, 1))],
    }
    assert counts(found.tally) == (4, 1, 1)
    assert (found.tally.cancelled_share, found.tally.no_show_share) == (25, 33)
    only = figures(browser, f"from=2031-07-07&to=2031-07-20&link={first.link_id}")
    assert counts(only.tally) == (3, 1, 1)


def test_weeks_begin_on_the_workspaces_clock_and_carry_the_iso_year(
    browser, workspace, alice, owner
):
    """In Auckland, whatever clock the reader has: 2026 has a week 53, which ends in 2027."""
    workspace.timezone = "Pacific/Auckland"
    workspace.save()
    sunday_night = datetime(2027, 1, 3, 10, 59, tzinfo=UTC)  # 23:59 there
    make_meeting(owner, start=sunday_night)
    make_meeting(owner, start=sunday_night + timedelta(minutes=1, hours=1))
    make_meeting(owner, start=datetime(2026, 12, 27, 10, 59, tzinfo=UTC))
    found = figures(browser, "from=2026-12-23&to=2027-01-04")
    weeks = {week.name: week.tally.booked for week in found.weeks}
    assert weeks == {"2027-W01": 1, "2026-W53": 1, "2026-W52": 1}


def test_week_in_which_the_clocks_change_has_its_own_hours(browser, owner):
    """Berlin, 29 March 2026: the week is an hour shorter."""
    make_meeting(owner, start=datetime(2026, 3, 29, 21, 59, tzinfo=UTC))
    make_meeting(owner, start=datetime(2026, 3, 29, 23, 0, tzinfo=UTC))
    found = figures(browser, "from=2026-03-23&to=2026-04-05")
    assert {week.name: week.tally.booked for week in found.weeks} == {
        "2026-W14": 1,
        "2026-W13": 1,
    }


def test_figures_hold_what_the_member_may_see(browser, bob_owner, client_owner, northgate):
    monday = datetime(2031, 7, 7, 8, 0, tzinfo=UTC)
    make_meeting(bob_owner, start=monday)
    make_meeting(client_owner, start=monday)
    assert counts(figures(browser, "from=2031-07-07&to=2031-07-07").tally) == (1, 0, 0)
    query = f"from=2031-07-07&to=2031-07-07&owner={bob_owner.id}"
    assert counts(figures(browser, query).tally) == (0, 0, 0)


def test_links_of_one_title_stay_apart(browser, client_owner, workspace):
    monday = datetime(2031, 7, 7, 8, 0, tzinfo=UTC)
    make_meeting(client_owner, start=monday)
    twin = BookingLink.objects.create(
        workspace=workspace, client_id=client_owner.id, slug="twin", title="Intro call"
    )
    make_meeting(client_owner, start=monday + DAY, link=twin)
    found = figures(browser, "from=2031-07-07&to=2031-07-07")
    assert [(one.title, one.tally.booked) for one in found.links] == [
        ("Intro call", 1),
        ("Intro call", 1),
    ]


@pytest.mark.parametrize(
    ("query", "status"),
    [("from=x", 422), ("from=2031-02-01&to=2031-01-01", 422), ("from=2001-01-01", 422),
     ("owner=x", 404), ("link=x", 404)],
)  # fmt: skip
def test_span_that_cannot_be_is_told(browser, workspace, query, status):
    assert browser.get(f"/meetings/figures?{query}").status_code == status


def test_queries_of_figures_do_not_grow(
    browser, client_owner, user_owner, django_assert_max_num_queries
):
    def add(number):
        start = datetime(2031, 7, 7, 8, 0, tzinfo=UTC) + number * 7 * DAY
        for owner in (client_owner, user_owner):
            make_meeting(owner, start=start)

    address = "/meetings/figures?from=2031-07-01&to=2031-08-30"
    add(1)
    with django_assert_max_num_queries(16) as few:
        browser.get(address)
    add(2), add(3)
    with django_assert_max_num_queries(len(few)):
        browser.get(address)
