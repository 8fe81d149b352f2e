"""Why is this time not offered? Every reason in words, and nothing that the asker may not know."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from audit.actors import task_actor
from audit.enums import ConnectionState
from booking.services.availability import open_slots_for
from booking.services.explaining import explain
from calendars.models import Hold
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.factories import make_calendar, make_connection, make_event
from workspaces.availability import parse_availability
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def ask(browser, link, day="2026-11-19", at="09:00", **more):
    query = {"date": day, "time": at, **more}
    return browser.get(reverse("booking:link_why", args=[link.pk]), query)


def reasons(answer):
    return [one.words for one in answer.context["answer"]["reasons"]]


def mirrored(owner, title="Board meeting", **fields):
    """An event from nine to ten on the day that is asked about, in a fresh copy."""
    calendar = make_calendar(
        make_connection(owner),
        "Work",
        synced_at=NOW,
        window_from=NOW - timedelta(days=30),
        window_until=NOW + timedelta(days=200),
    )
    return make_event(calendar, title, start=NINE, end=NINE + timedelta(hours=1), **fields)


def test_an_offered_time_says_so_and_leads_to_its_form(browser, link):
    answer = ask(browser, link)
    assert answer.status_code == 200
    assert "Guests can book it now." in answer.text
    assert f"/book/{link.slug}/new?start=2026-11-19T08:00:00Z" in answer.text.replace("&amp;", "&")


def test_without_a_time_there_is_the_question_alone(browser, link):
    answer = browser.get(reverse("booking:link_why", args=[link.pk]))
    assert answer.status_code == 200
    assert "answer" not in answer.context
    assert "By the clock of" in answer.text


@pytest.mark.parametrize(
    ("changes", "day", "at", "expected"),
    [
        ({"is_active": False}, "2026-11-19", "09:00", ["The link is switched off."]),
        ({}, "2026-11-18", "09:00", ["This time has passed."]),
        (
            {"notice_minutes": 2880},
            "2026-11-19",
            "09:00",
            [
                "The link asks for 2 days of notice: bookings start Friday 20 November, 10:00.",
            ],
        ),
        (
            {"horizon_days": 10},
            "2026-12-01",
            "09:00",
            ["The link is open until Saturday 28 November 2026, no further ahead."],
        ),
        ({}, "2026-11-21", "09:00", ["Saturdays are off."]),
        ({}, "2026-11-19", "07:00", ["On Thursdays the hours are 09:00 - 17:00."]),
        (
            {},
            "2026-11-19",
            "16:45",
            [
                "The meeting would last until 17:15. On Thursdays the hours are 09:00 - 17:00.",
            ],
        ),
        (
            {},
            "2026-11-19",
            "09:10",
            [
                "The link starts a meeting every 30 minutes from the start of the hours; "
                "09:10 is not one.",
            ],
        ),
        (
            {"is_active": False, "notice_minutes": 2880},
            "2026-11-19",
            "07:00",
            [
                "The link is switched off.",
                "The link asks for 2 days of notice: bookings start Friday 20 November, 10:00.",
                "On Thursdays the hours are 09:00 - 17:00.",
            ],
        ),
    ],
)
def test_each_rule_says_what_it_wants(browser, owner, clock, changes, day, at, expected):
    answer = ask(browser, make_link(owner, **changes), day, at)
    assert [words.replace("\N{EN DASH}", "-") for words in reasons(answer)] == expected
    assert "Not offered" in answer.text


def test_a_special_day_is_named_with_the_way_to_it(browser, owner, clock):
    hours = owner.availability.to_json()
    hours["overrides"] = {"2026-12-24": [], "2026-12-23": [["10:00", "12:00"]]}
    owner.save_hours(
        zone_name="Europe/Berlin",
        availability=parse_availability(hours),
    )
    link = make_link(owner)
    closed = ask(browser, link, "2026-12-24")
    assert reasons(closed) == ["Thursday 24 December is closed."]
    assert "#special-days" in closed.text
    short = ask(browser, link, "2026-12-23", "13:00")
    assert [words.replace("\N{EN DASH}", "-") for words in reasons(short)] == [
        "Wednesday 23 December is a special day with the hours 10:00 - 12:00."
    ]


def test_a_meeting_in_the_way_is_named_and_can_be_opened(browser, link):
    meeting = book(link)
    answer = ask(browser, link)
    (words,) = reasons(answer)
    assert words.startswith("Intro call with Ann Other, 09:00")
    assert reverse("booking:meeting_detail", args=[meeting.pk]) in answer.text
    assert [near for near, _ in answer.context["answer"]["nearest"]][:2] == ["09:30", "10:00"]


def test_a_buffer_is_told_from_an_overlap(browser, owner, clock):
    link = make_link(owner, buffer_after_minutes=15)
    book(make_link(owner, slug="other"), start=NINE + HALF_HOUR)
    (words,) = reasons(ask(browser, link))
    assert words.endswith("It lies within the time that the link keeps free around a meeting.")


def test_limits_are_told(browser, owner, clock):
    link = make_link(owner, max_per_day=1, max_per_week=1)
    book(link)
    assert reasons(ask(browser, link, at="11:00")) == [
        "The link takes 1 a day at most, and Thursday 19 November has them."
    ]
    assert reasons(ask(browser, link, day="2026-11-20")) == [
        "The link takes 1 a week at most, and this week has them."
    ]


def test_an_event_is_named_with_its_calendar(browser, owner, link):
    event = mirrored(owner)
    answer = ask(browser, link)
    (words,) = reasons(answer)
    assert words.replace("\N{EN DASH}", "-") == "Board meeting, 09:00 - 10:00, in Work."
    assert reverse("calendars:event_detail", args=[event.pk]) in answer.text


@pytest.mark.parametrize("visibility", ["default", "private"])
def test_of_a_colleagues_event_only_the_time_is_told(
    sign_in, bob, user_owner, user_link, visibility
):
    event = mirrored(user_owner, visibility=visibility)
    answer = ask(sign_in(bob), user_link)
    (words,) = reasons(answer)
    assert words.replace("\N{EN DASH}", "-") == "Busy, 09:00 - 10:00, in Work."
    assert "Board" not in answer.text
    assert str(event.pk) not in answer.text
    # And nothing that only the owner can change.
    assert f'href="{reverse("booking:link_edit", args=[user_link.pk])}"' not in answer.text


def test_of_a_colleagues_meeting_only_the_time_is_told(sign_in, bob, user_link):
    book(user_link)
    answer = ask(sign_in(bob), user_link)
    assert reasons(answer)[0].startswith("Another meeting, 09:00")
    assert "Ann Other" not in answer.text


def test_of_another_workspace_only_the_time_is_told(membership, user_link, alice, other_workspace):
    other_workspace.memberships.create(user=alice, role="member")
    elsewhere = make_link(owner_of_user(alice, other_workspace), slug="elsewhere", title="Secret")
    book(elsewhere)
    said = explain(
        link=user_link,
        membership=membership,
        wall=datetime(2026, 11, 19, 9),
        duration=HALF_HOUR,
        now=NOW,
        actor=task_actor("tests"),
    )
    (reason,) = said.against
    assert reason.words.startswith("Busy elsewhere, 09:00")
    assert reason.row_id is None


def test_an_unreadable_calendar_is_named(browser, owner, link):
    mirrored(owner)
    connection = make_connection(owner, state=ConnectionState.RECONNECT_NEEDED, email="x@y.example")
    make_calendar(connection)
    words = reasons(ask(browser, link, at="13:00"))
    assert words == [
        "A calendar cannot be read, so no time can be promised: "
        "x@y.example has to be connected again."
    ]


def test_an_hour_that_does_not_exist_and_one_that_comes_twice(sign_in, alice, owner, clock):
    clock.move_to(datetime(2027, 3, 1, 9, tzinfo=UTC))
    browser = sign_in(alice)
    hours = owner.availability.to_json()
    hours["sunday"] = {"enabled": True, "start": "00:00", "end": "24:00"}
    link = make_link(owner, availability_settings=hours, horizon_days=365)
    gap = ask(browser, link, "2027-03-28", "02:30")
    assert reasons(gap) == [
        "02:30 does not exist on Sunday 28 March in Berlin: the clocks go forward, and 03:00 "
        "comes next."
    ]
    twice = ask(browser, link, "2027-10-31", "02:30")
    assert "02:30 comes twice on this day" in twice.text
    assert "Berlin (CEST, UTC+2)" in twice.text
    assert "Guests can book it now." in twice.text


@pytest.mark.parametrize(
    ("day", "said"), [("2027-03-15", "Berlin (CET, UTC+1)"), ("2027-07-01", "Berlin (CEST, UTC+2)")]
)
def test_the_owners_clock_is_called_as_on_the_day_asked_about(browser, owner, link, day, said):
    page = ask(browser, link, day).text
    assert f"By the clock of {owner.name}: {said}." in page


def test_a_holiday_is_called_by_its_name(browser, owner, link):
    raw = owner.availability.to_json()
    raw |= {"overrides": {"2026-11-19": []}, "override_names": {"2026-11-19": "Garden Day"}}
    owner.save_hours(zone_name="Europe/Berlin", availability=parse_availability(raw))
    assert reasons(ask(browser, link)) == ["Thursday 19 November (Garden Day) is closed."]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"day": "tomorrow"}, "date"),
        ({"day": "9999-12-31"}, "date"),
        ({"at": "25:00"}, "time"),
        ({"at": "09:00+01:00"}, "time"),
        ({"duration": "31"}, "duration"),
    ],
)
def test_what_cannot_be_read_is_named(browser, link, query, field):
    answer = ask(browser, link, **query)
    assert answer.status_code == 422
    assert list(answer.context["problems"]) == [field]


def test_a_colleague_may_ask_and_a_stranger_may_not(sign_in, bob, charlie, other_workspace, link):
    assert ask(sign_in(bob), link).status_code == 200
    assert ask(sign_in(charlie), link).status_code == 404


def test_it_says_of_every_start_what_the_public_page_says(owner, membership, clock):
    """One answer for both: of each quarter of two days, busy and free."""
    link = make_link(owner, buffer_before_minutes=10, notice_minutes=600, max_per_day=3)
    book(link, start=NINE + timedelta(hours=3))
    mirrored(owner)
    actor, day = task_actor("tests"), NINE.date()
    offered = {
        slot.start
        for slot in open_slots_for(
            link=link, duration=HALF_HOUR, first_day=day, last_day=day, zone=owner.zone, now=NOW,
            actor=actor,
        ).slots
    }  # fmt: skip
    assert offered
    for quarter in range(96):
        wall = datetime(2026, 11, 19) + timedelta(minutes=15 * quarter)
        said = explain(
            link=link, membership=membership, wall=wall, duration=HALF_HOUR, now=NOW, actor=actor
        )
        assert said.is_offered is (said.start in offered), wall
        assert said.is_offered is not bool(said.against), wall
        assert not any("its copy here" in one.words for one in said.against), wall


def test_asking_changes_nothing(browser, link):
    before = Hold.objects.count()
    ask(browser, link)
    assert Hold.objects.count() == before
    assert browser.post(reverse("booking:link_why", args=[link.pk])).status_code == 405
    assert not re.search(r"style=", ask(browser, link).text)
