"""Booking on behalf of a guest: with oneself or a client, through a link or without."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest

from booking.models import Contact, Meeting, MeetingChange, SalesMeeting, SalesProspect
from booking.owners import tables_of
from tests.booking.conftest import HALF_HOUR, NINE, book, make_link
from tests.factories import make_client

pytestmark = pytest.mark.django_db
PAGE = "/meetings/new"
TEN = NINE + 2 * HALF_HOUR


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def stamp(start):
    return f"{start:%Y-%m-%dT%H:%M:%SZ}"


def wish(owner, link=None, **fields):
    return {
        "owner": owner.id,
        "link": link.pk if link else "",
        "minutes": 30,
        "who": "ann@tallship.example",
        "name": "Ann Other",
        "start": stamp(NINE),
        "submit_key": uuid.uuid4().hex,
        "conference": "none",
        **fields,
    }


def made(owner):
    return list(tables_of(owner.kind).meetings())


def test_slot_of_a_link_is_booked_for_a_new_person(browser, link, owner):
    answer = browser.post(PAGE, wish(owner, link, guests="Bo Low <bo@x.example>, cy@x.example"))
    assert answer.status_code == 302, answer.text
    (meeting,) = made(owner)
    assert (meeting.start_at, meeting.state, meeting.title) == (NINE, "confirmed", "Intro call")
    assert meeting.guests == [
        {"name": "Bo Low", "email": "bo@x.example"},
        {"name": "", "email": "cy@x.example"},
    ]
    (change,) = MeetingChange.objects.filter(meeting_id=meeting.pk)
    assert (change.kind, change.name) == ("booked", "Alice")


def test_meeting_without_a_link_needs_words(browser, owner, clock):
    answer = browser.post(PAGE, wish(owner))
    assert answer.status_code == 422
    assert "Say what the meeting is about." in answer.text
    assert browser.post(PAGE, wish(owner, title="Review", minutes=40)).status_code == 302
    (meeting,) = made(owner)
    assert (meeting.title, meeting.link) == ("Review", None)
    assert meeting.end_at - meeting.start_at == timedelta(minutes=40)


def test_known_person_needs_no_name_and_stays_as_they_are(browser, link, owner):
    book(link, start=TEN)
    answer = browser.post(PAGE, wish(owner, link, who="ANN@tallship.example", name=""))
    assert answer.status_code == 302, answer.text
    assert {one.booker_name for one in made(owner)} == {"Ann Other"}
    assert {one.booker_timezone for one in made(owner)} == {"America/New_York"}
    assert Contact.objects.count() + SalesProspect.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"who": ""}, "Name the guest by their address."),
        ({"who": "ann"}, "Give a whole address"),
        ({"who": "a@x.example, b@x.example"}, "Name one guest here"),
        ({"name": ""}, "nobody has this address yet"),
        ({"minutes": "x"}, "Give the length in minutes"),
        ({"start": ""}, "Choose one of the open times"),
        ({"start": "other", "day": "2026-11-19", "time": "20:00"}, "Say why to book it"),
        ({"guests": "x@"}, "Give a whole address"),
        ({"submit_key": "guessed"}, "Open the form again."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_kept(browser, link, owner, fields, words):
    answer = browser.post(PAGE, wish(owner, link, message="Typed", **fields))
    assert answer.status_code == 422
    assert words in answer.text
    assert "Typed" in answer.text
    assert made(owner) == []


def test_form_sent_twice_is_one_meeting(browser, link, owner):
    fields = wish(owner, link)
    assert browser.post(PAGE, fields).status_code == 302
    assert browser.post(PAGE, fields).status_code == 302
    assert len(made(owner)) == 1


def test_overlap_is_refused_with_the_nearest_times(browser, link, owner):
    book(link)
    answer = browser.post(PAGE, wish(owner, link, overriding="Must"))
    assert answer.status_code == 422
    assert "The nearest open times are" in answer.text
    assert len(made(owner)) == 1


def test_evening_is_booked_with_a_reason(browser, link, owner):
    evening = {"start": "other", "day": "2026-11-19", "time": "20:00", "overriding": "Asked for"}
    assert browser.post(PAGE, wish(owner, link, **evening)).status_code == 302
    (meeting,) = made(owner)
    assert meeting.start_at == NINE + timedelta(hours=11)
    assert MeetingChange.objects.get(meeting_id=meeting.pk).reason == "Asked for"


def test_other_open_times_are_drawn_without_booking(browser, link, owner):
    fields = wish(owner, link, update="2026-11-26", message="Typed", drawn_link=link.pk)
    answer = browser.post(PAGE, fields)
    assert answer.status_code == 200
    assert "Typed" in answer.text
    offered = re.findall(r'name="start" value="(2026[^"]+)"', answer.text)
    assert offered[0] == "2026-11-26T08:00:00Z"
    assert made(owner) == []


def test_another_link_brings_its_own_length(browser, link, owner):
    link.durations = [45, 30]
    link.save()
    fields = wish(owner, link, update="times", drawn_link="")
    assert browser.post(PAGE, fields).context["minutes"] == 45


def test_time_typed_in_the_week_is_taken_along(browser, workspace, clock):
    typed = {"from_week": "1", "title": "Review", "day": "2026-11-19", "start": "15:00",
             "end": "15:45", "zone": "Europe/London", "guests": "ann@tallship.example"}  # fmt: skip
    answer = browser.post(PAGE, typed)
    assert answer.status_code == 200
    values = {name: answer.context["form"][name].value() for name in ("day", "time", "who")}
    assert values == {"day": "2026-11-19", "time": "16:00", "who": "ann@tallship.example"}
    assert answer.context["minutes"] == 45
    chosen = re.findall(r'name="start" value="([^"]+)" checked', answer.text)
    assert chosen == ["2026-11-19T15:00:00Z"]
    evening = browser.post(PAGE, {**typed, "start": "20:00", "end": "20:45"})
    assert re.findall(r'name="start" value="([^"]+)" checked', evening.text) == ["other"]


def test_nobody_elses_time_is_booked(
    browser, bob, bob_owner, other_workspace, user_link, charlie, client_owner
):
    foreign = make_client(other_workspace, "Foreign")
    for owner_id in (bob.pk, charlie.pk, foreign.pk):
        fields = {**wish(bob_owner), "owner": owner_id, "title": "x"}
        answer = browser.post(PAGE, fields)
        assert answer.status_code == 422
        assert "Choose yourself or one of the clients." in answer.text
    crossed = browser.post(PAGE, wish(client_owner, user_link))
    assert crossed.status_code == 422
    assert (Meeting.objects.count(), SalesMeeting.objects.count()) == (0, 0)


def test_colleague_is_not_drawn_as_an_owner(browser, bob):
    owners = browser.get(f"{PAGE}?owner={bob.pk}").context["owners"]
    assert [(name, chosen) for _id, name, chosen in owners] == [("You", True)]


QUESTIONS = [
    {"key": "topic", "label": "What is it about?", "kind": "text", "required": True},
    {"key": "size", "label": "How big?", "kind": "choice", "required": False,
     "choices": ["Small", "Large"]},
    {"key": "call", "label": "Which number?", "kind": "phone", "required": False},
]  # fmt: skip


@pytest.fixture
def asking(owner, clock):
    return make_link(owner, slug="asking", questions=QUESTIONS)


def test_the_links_questions_are_asked_and_the_answers_kept_like_a_bookers(browser, asking, owner):
    drawn = browser.post(PAGE, wish(owner, asking, update="times", q_topic="Half typed"))
    for words in ("What is it about?", "How big?", "Which number?", "Bookers have to answer it."):
        assert words in drawn.text
    assert "Half typed" in drawn.text
    answer = browser.post(PAGE, wish(owner, asking, q_topic=" A  bridge ", q_size="Large"))
    assert answer.status_code == 302, answer.text
    (meeting,) = made(owner)
    assert meeting.answers == [
        {"key": "topic", "label": "What is it about?", "answer": "A bridge"},
        {"key": "size", "label": "How big?", "answer": "Large"},
    ]
    details = browser.get(f"/meetings/{meeting.pk}").text
    assert "A bridge" in details
    assert "Rules were set aside" not in details


def test_a_needed_answer_may_stay_empty_for_a_reason_that_is_kept(browser, asking, owner):
    refused = browser.post(PAGE, wish(owner, asking, q_size="Small"))
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["unanswered"]
    assert "has no answer. Say why to book it all the same." in refused.text
    assert '<option value="Small" selected>' in refused.text
    assert made(owner) == []
    sent = wish(owner, asking, q_size="Small", unanswered="She tells me on the phone.")
    assert browser.post(PAGE, sent).status_code == 302
    (meeting,) = made(owner)
    assert [one["key"] for one in meeting.answers] == ["size"]
    assert meeting.receipt["overridden"]["reason"] == "She tells me on the phone."
    (change,) = MeetingChange.objects.filter(meeting_id=meeting.pk)
    assert change.reason == "She tells me on the phone."
    assert "She tells me on the phone." in browser.get(f"/meetings/{meeting.pk}").text


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"q_size": "Huge"}, "q_size"),
        ({"q_call": "soon"}, "q_call"),
        ({"q_topic": "x" * 5000}, "q_topic"),
    ],
)
def test_a_wrong_answer_is_refused_at_its_question(browser, asking, owner, fields, field):
    answer = browser.post(PAGE, wish(owner, asking, **{"q_topic": "A bridge", **fields}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert made(owner) == []


def test_without_a_link_and_with_one_that_asks_nothing_no_answers_are_wanted(browser, link, owner):
    for drawn in (browser.get(PAGE), browser.post(PAGE, wish(owner, link, update="times"))):
        assert "What the link asks" not in drawn.text
    assert browser.post(PAGE, wish(owner, link, q_topic="x", unanswered="y")).status_code == 302
    (meeting,) = made(owner)
    assert (meeting.answers, "overridden" in meeting.receipt) == ([], False)
