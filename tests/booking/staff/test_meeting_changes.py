"""What staff do with a meeting from its page: the result, the refusals, and what is told of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from booking.booker import Booker
from booking.enums import MeetingState, Party
from booking.models import MeetingChange
from booking.owners import tables_for
from booking.services.changes import Doer, cancel_meeting, move_meeting
from calendars.models import Hold
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.factories import make_client, make_member, make_user
from workspaces.enums import Role
from workspaces.owners import ClientOwner, owner_of_user

pytestmark = pytest.mark.django_db
TEN = NINE + 2 * HALF_HOUR
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def meeting(link):
    return book(link)


@pytest.fixture
def asked(owner, clock):
    """A request."""
    return book(make_link(owner, slug="asked", requires_approval=True))


def url(meeting, name):
    return reverse(f"booking:meeting_{name}", args=[meeting.pk])


def send(browser, meeting, name, *, sequence=None, **fields):
    sequence = meeting.sequence if sequence is None else sequence
    return browser.post(url(meeting, name), {"sequence": sequence, **fields})


def fresh(meeting):
    return type(meeting)._default_manager.get(pk=meeting.pk)


def somebody(actor, by=Party.OWNER, name="Bob"):
    return Doer(by=by, actor=actor, name=name)


def holds(meeting):
    tables = tables_for(meeting)
    rows = Hold.objects.filter(owner_id=getattr(meeting, tables.owner_column))
    return sorted(rows.values_list("held_from", flat=True))


def history(meeting):
    return [(one.kind, one.name) for one in MeetingChange.objects.filter(meeting_id=meeting.pk)]


def stamp(start):
    return f"{start:%Y-%m-%dT%H:%M:%SZ}"


# --- Requests ---


def test_request_is_approved_with_one_press(browser, asked):
    answer = browser.post(url(asked, "approve"), {"sequence": asked.sequence}, headers=HTMX)
    assert answer.status_code == 204
    assert "meetings:changed" in answer["HX-Trigger"]
    assert fresh(asked).state == MeetingState.CONFIRMED
    assert history(asked) == [("approved", "Alice")]


def test_request_is_declined_with_a_message(browser, asked):
    assert "Decline one request" in browser.get(url(asked, "decline")).text
    assert send(browser, asked, "decline", message="We are closed.").url == "/meetings"
    assert fresh(asked).state == MeetingState.DECLINED
    assert MeetingChange.objects.get(meeting_id=asked.pk).message == "We are closed."
    assert holds(asked) == []


# --- Cancelling ---


def test_cancelling_names_who_is_told_and_does_it(browser, meeting):
    page = browser.get(url(meeting, "cancel")).text
    assert "ann@tallship.example" in page
    assert fresh(meeting).state == MeetingState.CONFIRMED
    assert send(browser, meeting, "cancel", message="Ill.").status_code == 302
    assert fresh(meeting).state == MeetingState.CANCELLED
    assert holds(meeting) == []
    detail = browser.get(url(meeting, "detail")).text
    assert "What was changed" in detail
    assert "Ill." in detail


@pytest.mark.parametrize(
    ("guests", "verb"), [([], "is"), ([{"name": "", "email": "d@x.example"}], "are")]
)
@pytest.mark.parametrize("step", ["cancel", "move"])
def test_one_is_told_and_several_are_told(browser, meeting, step, guests, verb):
    type(meeting)._default_manager.filter(pk=meeting.pk).update(guests=guests)
    page = " ".join(browser.get(url(meeting, step)).text.split())
    assert f"{verb} told by mail, with your message." in page


def test_request_says_the_join_link_that_comes_with_the_yes(browser, asked):
    link = asked.link
    for conference, words in (
        ("meet", "Google Meet, once confirmed"),
        ("auto", "Join link, once confirmed"),
        ("none", "No place given"),
    ):
        type(link)._default_manager.filter(pk=link.pk).update(conference=conference)
        assert words in browser.get(url(asked, "detail")).text


def test_cancelling_twice_is_one_cancelling(browser, meeting):
    assert send(browser, meeting, "cancel").status_code == 302
    assert send(browser, meeting, "cancel").status_code == 302
    assert history(meeting) == [("cancelled", "Alice")]


def test_dialogs_of_what_is_over_lead_to_the_meeting(browser, meeting, actor):
    cancel_meeting(meeting=meeting, doer=somebody(actor), now=NOW)
    for name in ("cancel", "decline", "move", "reassign"):
        assert browser.get(url(meeting, name)).url == url(meeting, "detail")


# --- Changed meanwhile ---


def test_form_drawn_before_somebody_moved_the_meeting_is_refused_with_what_changed(
    browser, meeting, actor
):
    move_meeting(meeting=meeting, start=TEN, doer=somebody(actor), now=NOW)
    answer = send(browser, meeting, "cancel", message="Typed")
    assert answer.status_code == 422
    assert "Moved from Thu 19 Nov, 09:00 to Thu 19 Nov, 10:00 by Bob" in answer.text
    assert "Typed" in answer.text
    assert fresh(meeting).state == MeetingState.CONFIRMED
    (drawn,) = re.findall(r'name="sequence" value="(\d+)"', answer.text)
    assert send(browser, meeting, "cancel", sequence=int(drawn)).status_code == 302
    assert fresh(meeting).state == MeetingState.CANCELLED


def test_press_on_a_row_drawn_before_the_guest_cancelled_is_refused(browser, asked, actor):
    doer = somebody(actor, Party.BOOKER, "Ann Other")
    cancel_meeting(meeting=asked, doer=doer, now=NOW)
    answer = browser.post(url(asked, "approve"), {"sequence": asked.sequence}, headers=HTMX)
    assert "Cancelled by Ann Other, the guest" in answer["HX-Trigger"]
    assert fresh(asked).state == MeetingState.CANCELLED


# --- Moving ---


def test_open_times_of_the_link_are_offered_and_taken(browser, meeting):
    page = browser.get(url(meeting, "move"))
    offered = re.findall(r'name="start" value="(2026[^"]+)"', page.text)
    assert stamp(TEN) in offered
    answer = send(browser, meeting, "move", start=stamp(TEN), message="Sorry")
    assert answer.status_code == 302, answer.text
    moved = fresh(meeting)
    assert (moved.start_at, moved.end_at) == (TEN, TEN + HALF_HOUR)
    assert holds(meeting) == [TEN]


def test_time_that_rules_forbid_needs_a_reason(browser, meeting):
    evening = {"start": "other", "day": "2026-11-19", "time": "20:00"}
    answer = send(browser, meeting, "move", **evening)
    assert answer.status_code == 422
    assert "Say why to book it all the same." in answer.text
    assert fresh(meeting).start_at == NINE
    answer = send(browser, meeting, "move", **evening, overriding="She asked for it.")
    assert answer.status_code == 302, answer.text
    assert fresh(meeting).start_at == NINE + timedelta(hours=11)
    detail = browser.get(url(meeting, "detail")).text
    assert "Rules were set aside: She asked for it." in detail


def test_overlap_is_refused_whatever_the_reason(browser, link, meeting):
    book(link, start=TEN)
    answer = send(
        browser, meeting, "move", start="other", day="2026-11-19", time="10:15", overriding="Must"
    )
    assert answer.status_code == 422
    assert "Something is in the calendar at this time." in answer.text
    assert fresh(meeting).start_at == NINE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose one of the open times"),
        ({"start": "x"}, "Give a time with its offset"),
        ({"start": "other"}, "Give the day"),
        ({"start": "other", "day": "2026-11-19"}, "Give the time"),
        ({"start": "other", "day": "2026-11-17", "time": "09:00"}, "has not passed"),
    ],
)
def test_time_that_is_none_is_told(browser, meeting, fields, words):
    answer = send(browser, meeting, "move", **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert fresh(meeting).start_at == NINE


def test_moving_to_where_it_is_changes_nothing(browser, meeting):
    assert send(browser, meeting, "move", start=stamp(NINE)).status_code == 302
    assert history(meeting) == []


# --- No-show ---


def test_no_show_is_noted_and_taken_back_after_the_start(browser, meeting, clock):
    early = browser.post(url(meeting, "no_show"), {"sequence": 0}, headers=HTMX)
    assert "not begun" in early["HX-Trigger"]
    clock.move_to(NINE + HALF_HOUR)
    send(browser, meeting, "no_show", is_no_show=1)
    noted = fresh(meeting)
    assert noted.state == MeetingState.NO_SHOW
    clock.move_to(NINE + 2 * HALF_HOUR)
    send(browser, noted, "no_show", is_no_show=0)
    assert fresh(meeting).state == MeetingState.CONFIRMED
    assert [kind for kind, _name in history(meeting)] == ["no_show", "attended"]


def test_past_meetings_offer_it_in_their_row(browser, meeting, clock):
    clock.move_to(NINE + 2 * HALF_HOUR)
    assert url(meeting, "no_show") in browser.get("/meetings?period=past").text


# --- Handing over ---


@pytest.fixture
def other_owner(owner, workspace, bob):
    """Somebody else of the same kind."""
    if owner.kind == "client":
        return ClientOwner(workspace=workspace, client=make_client(workspace, "Harbour"))
    return owner_of_user(bob, workspace)


def test_meeting_is_handed_over_to_who_is_free(browser, meeting, other_owner):
    page = browser.get(url(meeting, "reassign"))
    assert [(one.owner.id, one.standing) for one in page.context["candidates"]] == [
        (other_owner.id, "Free")
    ]
    assert send(browser, meeting, "reassign", to=other_owner.id).status_code == 302
    handed = fresh(meeting)
    assert getattr(handed, tables_for(handed).owner_column) == other_owner.id
    assert Hold.objects.get().owner_id == other_owner.id


def test_who_has_something_else_is_shown_so_and_refused(browser, meeting, other_owner):
    book(make_link(other_owner, slug="theirs"))
    page = browser.get(url(meeting, "reassign"))
    (one,) = page.context["candidates"]
    assert one.standing == "Something else then"
    answer = send(browser, meeting, "reassign", to=other_owner.id)
    assert answer.status_code == 422
    assert "has something else at this time" in answer.text
    assert getattr(fresh(meeting), tables_for(meeting).owner_column) != other_owner.id


def test_nobody_of_another_workspace_or_without_the_right_to_work_takes_it(
    browser, meeting, other_workspace, charlie, workspace
):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    foreign = make_client(other_workspace, "Foreign")
    for one in (charlie.pk, auditor.pk, foreign.pk):
        assert send(browser, meeting, "reassign", to=one).status_code == 422
    assert history(meeting) == []


def test_queries_of_the_list_of_people_do_not_grow(
    browser, user_link, workspace, django_assert_max_num_queries
):
    meeting = book(user_link)
    make_member(workspace, make_user("One"))
    browser.get(url(meeting, "reassign"))
    with django_assert_max_num_queries(40) as few:
        browser.get(url(meeting, "reassign"))
    make_member(workspace, make_user("Two")), make_member(workspace, make_user("Three"))
    with django_assert_max_num_queries(len(few)):
        browser.get(url(meeting, "reassign"))


# --- Who may ---


def test_colleague_can_change_no_own_meeting_of_somebody_else(sign_in, bob, user_link):
    meeting, browser = book(user_link), sign_in(bob)
    for name in ("approve", "decline", "cancel", "move", "reassign", "no_show"):
        assert send(browser, meeting, name).status_code == 404
    assert history(meeting) == []


@pytest.mark.parametrize("name", ["approve", "no_show"])
def test_get_changes_nothing(browser, asked, name):
    assert browser.get(url(asked, name)).status_code == 405
    assert fresh(asked).state == MeetingState.REQUESTED


def starts_in(page):
    return set(re.findall(r'value="2026-11-19T(\d\d:\d\d):00Z"', page.content.decode()))


def test_times_that_overlap_its_own_present_time_are_offered(browser, owner, clock):
    link = make_link(owner, slug="steps", step_minutes=15, buffer_after_minutes=30)
    meeting, other = book(link, start=TEN), book(link, start=TEN + 4 * HALF_HOUR)
    starts = starts_in(browser.get(url(meeting, "move")))
    assert {"08:30", "08:45", "09:00", "09:15", "09:30", "10:00"} <= starts
    assert {"10:15", "10:30", "11:00"}.isdisjoint(starts)  # the other meeting, with what is free
    answer = send(browser, meeting, "move", start=stamp(TEN + HALF_HOUR / 2))
    assert answer.status_code == 302
    assert fresh(meeting).start_at == TEN + HALF_HOUR / 2
    assert fresh(other).sequence == 0


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_its_own_event_in_the_calendar_is_not_in_its_way(
    browser, owner, clock, sandbox, connect, provider
):
    connect(owner, provider)
    link = make_link(owner, slug="steps", step_minutes=15)
    meeting = book(link, start=TEN)
    deliver_all()
    assert fresh(meeting).calendar_event_id is not None
    assert {"08:45", "09:00", "09:15"} <= starts_in(browser.get(url(meeting, "move")))
    answer = send(browser, meeting, "move", start=stamp(TEN + HALF_HOUR / 2))
    assert answer.status_code == 302
    assert fresh(meeting).start_at == TEN + HALF_HOUR / 2


def test_a_shared_slot_is_in_the_way_as_it_stays_when_one_leaves_it(browser, owner, clock):
    """The times shown are those that can be had: the others in the group keep theirs."""
    link = make_link(owner, slug="group", step_minutes=15, seats=3)
    meeting = book(link, start=TEN)
    book(link, start=TEN, booker=Booker("Ben Low", "ben@tallship.example", "UTC"))
    starts = starts_in(browser.get(url(meeting, "move")))
    assert {"08:45", "09:15"}.isdisjoint(starts)
    assert {"08:30", "09:30"} <= starts
    refused = send(browser, meeting, "move", start=stamp(TEN + HALF_HOUR / 2))
    assert refused.status_code == 422
    assert fresh(meeting).start_at == TEN


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2027-03-15", "Dublin (GMT)"),
        ("2027-04-05", "Dublin (IST, UTC+1)"),
        ("2027-03-24", "Dublin (GMT; IST, UTC+1)"),
    ],
)
def test_the_zone_is_called_as_on_the_days_that_are_shown(browser, alice, owner, clock, day, said):
    """In November the label said GMT beside times of July."""
    meeting = book(make_link(owner, slug="far", horizon_days=365))
    profile = alice.profile
    profile.timezone = "Europe/Dublin"
    profile.save()
    page = browser.post(url(meeting, "move"), {"update": day, "sequence": meeting.sequence})
    assert said in page.content.decode()
    assert page.content.decode().count("Dublin (") == 1
