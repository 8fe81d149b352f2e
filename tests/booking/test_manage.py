"""The booker's own page of a meeting, as a browser without scripts and cookies sees it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse

from booking.enums import MeetingState, Party
from booking.models import MeetingChange
from booking.owners import tables_for
from booking.services import limits
from booking.services.changes import (
    Doer,
    approve_meeting,
    cancel_meeting,
    decline_meeting,
    move_meeting,
)
from booking.tokens import manage_token
from calendars.models import Hold
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.booking.pages import read

pytestmark = pytest.mark.django_db

TEN = NINE + 2 * HALF_HOUR


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def meeting(link):
    return book(link)


def url_of(meeting, name="manage", **query):
    token = manage_token(meeting.id, meeting.manage_token_hash)
    page = reverse(f"booking:{name}", args=["intro", token])
    return f"{page}?{'&'.join(f'{key}={value}' for key, value in query.items())}"


def at(start):
    return f"{start:%Y-%m-%dT%H:%M:%SZ}"


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(text).replace("\N{EN DASH}", "-").split())


def fresh(meeting):
    return tables_for(meeting).meeting.objects.get(pk=meeting.pk)


def owner_doer():
    from audit.actors import task_actor

    return Doer(by=Party.OWNER, actor=task_actor("tests"), name="Amara")


def untouched(meeting, was):
    """Nothing of the meeting, its hold or its history has changed."""
    now = fresh(meeting)
    assert (now.start_at, now.state, now.sequence) == (was.start_at, was.state, was.sequence)
    assert now.updated_at == was.updated_at
    assert Hold.objects.count() == 1
    assert MeetingChange.objects.filter(meeting_id=meeting.pk).exclude(kind="booked").count() == 0


def test_the_page_shows_the_meeting_and_the_ways_to_change_it(link, meeting, browser):
    page = browser.get(url_of(meeting))
    text = words(page)
    assert page.status_code == 200
    assert "Confirmed Thursday 19 November 2026 03:00 - 03:30 New York (EST, UTC" in text
    assert text.index("Move it") < text.index("Cancel it")
    assert "You keep 03:00 until the new time is confirmed." in text
    slots = read(page).slots()
    assert slots
    assert all(at(NINE) not in slot for slot in slots)
    for secret in (str(meeting.id), str(link.id), str(link.owner_id)):
        assert secret not in page.content.decode()


def test_no_get_changes_anything(meeting, browser):
    was = fresh(meeting)
    urls = [
        url_of(meeting),
        url_of(meeting, "manage_cancel", message="x"),
        url_of(meeting, "manage_times"),
        url_of(meeting, "manage_move", start=at(TEN)),
        url_of(meeting, did="cancelled"),
    ]
    for url in urls:
        for answer in (browser.get(url), browser.head(url)):
            assert answer.status_code == 200
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "noindex" in answer.headers["X-Robots-Tag"]
            assert "no-store" in answer.headers["Cache-Control"]
            assert answer.cookies == {}
    untouched(meeting, was)


def test_a_booker_moves_a_meeting_without_scripts(link, meeting, browser):
    times = browser.get(unescape(read(browser.get(url_of(meeting))).links[-1]["href"]))
    times = browser.get(url_of(meeting, "manage_times", tz="Europe/Berlin", date="2026-11-20"))
    assert "You keep Thursday 19 November, 09:00 until a new time is confirmed." in words(times)
    slot = next(one for one in read(times).slots() if "2026-11-20T09:00:00Z" in one)
    here = browser.get(url_of(meeting, "manage_times", tz="Europe/Berlin", date="2026-11-19"))
    assert "09:00 now 09:30" in words(here)
    assert all(at(NINE) not in one for one in read(here).slots())
    ask = browser.get(unescape(slot))
    assert "Move to Friday at 10:00" in words(ask)
    form = read(ask)
    answer = browser.post(form.forms[-1]["action"], {**form.fields, "message": "Sorry"})
    assert answer.status_code == 303
    moved = fresh(meeting)
    assert moved.start_at == NINE + timedelta(days=1, hours=1)
    assert moved.end_at - moved.start_at == HALF_HOUR
    done = browser.get(answer.headers["Location"])
    assert "Moved to Friday 20 November 2026, 04:00." in words(done)
    change = MeetingChange.objects.get(meeting_id=meeting.pk, kind="moved")
    assert (change.by, change.name, change.message) == (Party.BOOKER, "Ann Other", "Sorry")
    again = browser.post(form.forms[-1]["action"], form.fields)
    assert again.status_code == 303
    assert fresh(meeting).sequence == moved.sequence
    assert Hold.objects.count() == 1


@pytest.mark.parametrize("typed", ["0", "x", "-1", "9" * 40])
def test_a_move_is_made_of_the_meeting_that_the_page_showed(link, meeting, browser, typed):
    """The host moves it while the booker reads; what is typed for a number is none."""
    page = read(browser.get(url_of(meeting, "manage_move", start=at(TEN))))
    assert page.fields["sequence"] == "0"
    noon = NINE + 6 * HALF_HOUR
    move_meeting(meeting=meeting, start=noon, doer=owner_doer(), now=NOW)
    answer = browser.post(page.forms[-1]["action"], {**page.fields, "sequence": typed})
    if typed == "0":
        assert answer.status_code == 409
        assert "This changed meanwhile." in words(answer)
        assert fresh(meeting).start_at == noon
    else:
        assert (answer.status_code, fresh(meeting).start_at) == (303, TEN)


def test_times_that_overlap_its_own_old_time_are_offered(owner, clock, browser):
    link = make_link(owner, step_minutes=15, buffer_after_minutes=30)
    meeting = book(link, start=TEN)
    times = browser.get(url_of(meeting, "manage_times", date="2026-11-19", tz="UTC"))
    starts = re.findall(r"start=2026-11-19T(\d\d:\d\d)", " ".join(read(times).slots()))
    assert {"08:30", "08:45", "09:15", "09:30"} <= set(starts)
    assert "09:00 now" in words(times)
    move = url_of(meeting, "manage_move")
    answer = browser.post(move, {"start": at(TEN + timedelta(minutes=15)), "tz": "UTC"})
    assert answer.status_code == 303
    assert fresh(meeting).start_at == TEN + timedelta(minutes=15)


def test_a_taken_time_keeps_the_old_one_and_offers_the_nearest(link, meeting, browser):
    book(link, start=TEN)
    was = fresh(meeting)
    sent = {"start": at(TEN), "tz": "Europe/Berlin", "message": "Sorry"}
    answer = browser.post(url_of(meeting, "manage_move"), sent)
    assert answer.status_code == 409
    assert "Your meeting on Thursday 19 November, 09:00 stands." in words(answer)
    assert "Sorry</textarea>" in answer.content.decode()
    assert (fresh(meeting).start_at, fresh(meeting).updated_at) == (NINE, was.updated_at)
    page = read(answer)
    name, value = page.buttons[0]
    second = browser.post(page.forms[-1]["action"], {**page.fields, name: value})
    assert second.status_code == 303
    assert at(fresh(meeting).start_at) == value


def test_a_booker_cancels_and_the_same_press_twice_is_one(link, meeting, browser):
    ask = browser.get(url_of(meeting, "manage_cancel"))
    assert "Cancel this meeting?" in words(ask)
    form = read(ask)
    sent = {**form.fields, "message": "Something came up"}
    answers = [browser.post(form.forms[-1]["action"], sent) for _press in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    cancelled = fresh(meeting)
    assert (cancelled.state, cancelled.cancelled_by) == (MeetingState.CANCELLED, Party.BOOKER)
    assert Hold.objects.count() == 0
    assert MeetingChange.objects.filter(meeting_id=meeting.pk, kind="cancelled").count() == 1
    page = browser.get(answers[1].headers["Location"])
    assert "Cancelled. Nothing else is to be done." in words(page)
    assert read(page).slots() == []


@pytest.mark.parametrize("name", ["manage", "manage_times", "manage_move", "manage_cancel"])
def test_a_wrong_token_opens_nothing(link, meeting, browser, name):
    right = url_of(meeting, name)
    token = manage_token(meeting.id, meeting.manage_token_hash)
    for wrong in ("A" * 43, token[:-1], token + "A", str(meeting.id)):
        answer = browser.get(right.replace(token, wrong))
        assert answer.status_code == 404
        assert "Thursday" not in words(answer)
        assert browser.post(right.replace(token, wrong), {"start": at(TEN)}).status_code in {
            403, 404, 405,
        }  # fmt: skip
    untouched(meeting, fresh(meeting))


def test_a_paused_link_stops_moves_but_not_cancelling(link, meeting, browser):
    link.is_active = False
    link.save()
    page = browser.get(url_of(meeting))
    assert page.status_code == 200
    assert "this booking link is closed" in words(page)
    assert browser.get(url_of(meeting, "manage_times")).status_code == 409
    sent = {"start": at(TEN), "tz": "UTC"}
    assert browser.post(url_of(meeting, "manage_move"), sent).status_code == 409
    assert fresh(meeting).start_at == NINE
    assert browser.post(url_of(meeting, "manage_cancel"), {}).status_code == 303
    assert fresh(meeting).state == MeetingState.CANCELLED


def test_a_deleted_link_still_opens_its_meetings(link, meeting, browser):
    link.delete()
    assert "this booking link is closed" in words(browser.get(url_of(meeting)))
    assert browser.post(url_of(meeting, "manage_cancel"), {}).status_code == 303


def test_states_are_told_as_they_are(owner, clock, browser):
    link = make_link(owner, requires_approval=True)
    meeting = book(link)
    assert "Waiting for an answer" in words(browser.get(url_of(meeting)))
    approve_meeting(meeting=meeting, doer=owner_doer(), now=NOW)
    assert "Confirmed" in words(browser.get(url_of(meeting)))
    cancel_meeting(meeting=meeting, doer=owner_doer(), now=NOW, message="I am ill <b>")
    page = browser.get(url_of(meeting))
    assert "This meeting was cancelled." in words(page)
    assert "I am ill &lt;b&gt;" in page.content.decode()
    declined = book(link, start=TEN)
    decline_meeting(meeting=declined, doer=owner_doer(), now=NOW, message="Not then")
    assert "This request was declined." in words(browser.get(url_of(declined)))
    over = book(link, start=TEN + timedelta(hours=2))
    approve_meeting(meeting=over, doer=owner_doer(), now=NOW)
    clock.shift(timedelta(days=3))
    page = browser.get(url_of(over))
    assert "This meeting is over." in words(page)
    answer = browser.post(url_of(over, "manage_cancel"), {})
    assert answer.status_code == 409
    assert fresh(over).state == MeetingState.CONFIRMED


def test_a_moved_meeting_of_a_link_with_approval_is_a_request_again(owner, clock, browser):
    link = make_link(owner, requires_approval=True)
    meeting = book(link)
    approve_meeting(meeting=meeting, doer=owner_doer(), now=NOW)
    answer = browser.post(url_of(meeting, "manage_move"), {"start": at(TEN), "tz": "UTC"})
    page = browser.get(answer.headers["Location"])
    assert "The new time is asked for." in words(page)
    assert fresh(meeting).state == MeetingState.REQUESTED


def test_an_unreadable_calendar_leaves_the_old_time_and_a_way_on(
    sandbox, clock, connect, owner, browser
):
    connect(owner, "google")
    meeting = book(make_link(owner))
    deliver_all()
    was = fresh(meeting)
    sandbox.fault("google.freebusy.query", status=503, reason="backendError", count=None)
    sandbox.fault("google.events.list", status=503, reason="backendError", count=None)
    sent = {"start": at(TEN), "tz": "Europe/Berlin", "message": "Sorry"}
    answer = browser.post(url_of(meeting, "manage_move"), sent)
    assert answer.status_code == 503
    assert "nothing was moved" in words(answer)
    assert "Your meeting on Thursday 19 November, 09:00 stands." in words(answer)
    assert (fresh(meeting).start_at, fresh(meeting).sequence) == (NINE, was.sequence)
    clock.shift(timedelta(minutes=2))
    page = browser.get(url_of(meeting))
    assert page.status_code == 200
    assert "Thursday 19 November 2026" in words(page)
    sandbox.store.clear_faults()
    form = read(answer)
    assert browser.post(form.forms[-1]["action"], form.fields).status_code == 303


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"start": "tomorrow"}, {"start": "\x00"}, {"start": at(TEN), "tz": "Mars/Olympus"},
        {"start": at(NINE + timedelta(minutes=7))}, {"start": at(NINE - timedelta(days=9))},
        {"start": at(TEN), "message": "x" * 5000}, {"start": at(TEN), "message": "bell\x07"},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_the_meeting_stands(link, meeting, browser, sent):
    was = fresh(meeting)
    answer = browser.post(url_of(meeting, "manage_move"), sent)
    assert answer.status_code in {400, 409, 422}
    untouched(meeting, was)


def test_changes_are_limited_by_token(link, meeting, browser, monkeypatch):
    few = limits.Limit("managed-token", 1, timedelta(hours=1))
    monkeypatch.setattr(limits, "MANAGED_PER_TOKEN", few)
    first = browser.post(url_of(meeting, "manage_move"), {"start": at(TEN), "tz": "UTC"})
    second = browser.post(url_of(meeting, "manage_move"), {"start": at(NINE), "tz": "UTC"})
    assert (first.status_code, second.status_code) == (303, 429)
    assert fresh(meeting).start_at == TEN


def test_the_done_page_leads_on_only_to_safe_places(owner, clock, browser):
    link = make_link(owner, redirect_url="https://thanks.example/a?b=1")
    meeting = book(link)
    done = url_of(meeting, "book_done", next="1")
    page = browser.get(done)
    assert 'http-equiv="refresh" content="20;url=https://thanks.example/a?b=1"' in (
        page.content.decode()
    )
    assert "Stay here" in words(page)
    assert (
        "refresh"
        not in browser.get(url_of(meeting, "book_done")).content.decode().split("</head>")[0]
    )
    framed = browser.get(url_of(meeting, "book_done", next="1", embed="1")).content.decode()
    assert "http-equiv" not in framed
    assert 'href="https://thanks.example/a?b=1" rel="noopener noreferrer" target="_top"' in framed
    for unsafe in (
        "javascript:alert(1)", "http://thanks.example/", "https://user@thanks.example/", "//x",
        "https://", "data:text/html,x",
    ):  # fmt: skip
        type(link).objects.filter(pk=link.pk).update(redirect_url=unsafe)
        html = browser.get(done).content.decode()
        assert "http-equiv" not in html
        assert f'href="{unsafe}"' not in html
        assert "has more for you" not in html


def test_the_done_page_offers_calendars_and_changes(link, meeting, browser):
    page = read(browser.get(url_of(meeting, "book_done", embed="1", lang="de")))
    by_host = {a["href"].split("/")[2]: a for a in page.links if a["href"].startswith("https://")}
    assert set(by_host) == {
        "calendar.google.com", "outlook.live.com", "outlook.office.com", "calendar.yahoo.com",
    }  # fmt: skip
    assert all(a.get("target") == "_blank" for a in by_host.values())
    managing = [a for a in page.links if "/m/" in a["href"]]
    assert len(managing) == 2
    assert all(a["target"] == "_blank" and "embed" not in a["href"] for a in managing)


BEFOREHAND = {
    "en": ("is given up at once", "This gives up", "Ask for Thursday at 04:00"),
    "de": ("sofort aufgegeben", "Damit geben Sie", "Donnerstag um 04:00 anfragen"),
    "fr": ("aussitôt abandonné", "Vous abandonnez ainsi", "Demander jeudi à 04:00"),
    "es": ("se abandona al momento", "Con esto abandona", "Solicitar jueves a las 04:00"),
}


@pytest.mark.parametrize("lang", BEFOREHAND)
def test_a_move_that_has_to_be_approved_says_beforehand_what_it_gives_up(owner, browser, lang):
    """ "You keep 09:00 until the new time is confirmed" stood there, and it was not true."""
    with time_machine.travel(NOW, tick=False):
        link = make_link(owner, requires_approval=True)
        meeting = approve_meeting(meeting=book(link), doer=owner_doer(), now=NOW)
        shown, given_up, button = BEFOREHAND[lang]
        manage = words(browser.get(url_of(meeting, lang=lang)))
        assert shown in manage
        times = words(browser.get(url_of(meeting, "manage_times", lang=lang)))
        assert shown in times
        ask = browser.get(url_of(meeting, "manage_move", start=at(TEN), lang=lang))
        text = words(ask)
        assert text.index(given_up) < text.index(button)
        for page in (manage, times, text):
            assert "You keep" not in page
        browser.post(url_of(meeting, "manage_move"), {"start": at(TEN)})
        moved = fresh(meeting)
        assert (moved.state, moved.start_at) == (MeetingState.REQUESTED, TEN)
        assert [hold.held_from for hold in Hold.objects.all()] == [TEN]


def test_a_request_says_the_same_before_it_is_moved(owner, clock, browser):
    meeting = book(make_link(owner, requires_approval=True))
    assert "is given up at once" in words(browser.get(url_of(meeting)))


def test_what_is_no_web_address_is_shown_and_never_a_link(link, meeting, browser):
    tables_for(meeting).meeting.objects.update(
        conference_url="javascript:alert(1)", conference_state="ready"
    )
    token = manage_token(meeting.id, meeting.manage_token_hash)
    done = reverse("booking:book_done", args=["intro", token])
    for url in (url_of(meeting), url_of(meeting, "manage_cancel"), done):
        page = browser.get(url)
        assert "javascript:alert(1)" in words(page)
        assert not re.search(r'href="\s*javascript', page.content.decode())
    tables_for(meeting).meeting.objects.update(conference_url="https://meet.example/abc")
    for url in (url_of(meeting), done):
        assert 'href="https://meet.example/abc"' in browser.get(url).content.decode()
