"""Reminders and follow-ups: at their time, to whom they are of use, and true when they come."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser

import pytest
from django.core import mail
from django.urls import reverse

from booking.addresses import manage_url
from booking.enums import Ahead, MeetingState
from booking.models import MailStop, Meeting
from booking.services import changes, reminding
from booking.services.links import LinkData, delete_link, save_link
from booking.services.stopping import has_stopped
from booking.services.wiping import wipe_meeting
from common.enums import OutboxState
from tests.booking import flaky_mail
from tests.booking.conftest import ANN, NINE, book, deliver_all, make_link, messages
from tests.booking.test_changes import GUEST, STAFF
from tests.factories import make_client
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CY = {"name": "Cy Guest", "email": "cy@tallship.example"}
# A week after the clock of the fixtures.
NEXT_WEEK = NINE + timedelta(days=7)


@pytest.fixture
def post(clock):
    """Go to an instant and do what beat and worker do; the mails that came of it."""

    def went(at):
        mail.outbox.clear()
        clock.move_to(at)
        reminding.look_ahead(now=at)
        deliver_all()
        return list(mail.outbox)

    return went


def booked(link, start=NEXT_WEEK, **more):
    meeting = book(link, start=start, **more)
    deliver_all()
    meeting.refresh_from_db()
    return meeting


def reminding_link(owner, *minutes, **more):
    return make_link(owner, reminders=list(minutes), **more)


def data_of(link, **more):
    known = {"title": link.title, "slug": link.slug, "conference": "none", "notice_minutes": 0}
    return LinkData(**{**known, "reminders": tuple(link.reminders), **more})


def to_whom(letters):
    return sorted(letter.to[0] for letter in letters)


def now():
    return datetime.now(UTC)


# --- When ---


def test_booker_and_guests_are_reminded_at_each_time_and_once(owner, clock, post):
    meeting = booked(reminding_link(owner, 1440, 60), guests=[CY])
    assert post(NEXT_WEEK - DAY - timedelta(seconds=1)) == []
    for at in (NEXT_WEEK - DAY, NEXT_WEEK - HOUR):
        letters = post(at)
        assert to_whom(letters) == [ANN.email, CY["email"]]
        assert post(at + timedelta(minutes=1)) == []
    (to_ann,) = [one for one in letters if one.to == [ANN.email]]
    assert to_ann.subject == "Reminder: Thu 26 Nov, 03:00 New York: Intro call with " + (
        "Northgate" if owner.kind == "client" else owner.name
    )
    assert "Thursday 26 November 2026, 03:00" in to_ann.body
    assert "New York (EST, UTC\N{MINUS SIGN}5)" in to_ann.body
    assert manage_url(meeting) in to_ann.body
    assert [one for one in post(NEXT_WEEK + 30 * DAY) if one.to != [owner.notice_email]] == []
    meeting.refresh_from_db()
    assert meeting.look_at is None


def test_whoever_it_is_with_is_reminded_where_the_link_says_so(owner, clock, post):
    booked(reminding_link(owner, 60, reminders_to_owner=True))
    letters = post(NEXT_WEEK - HOUR)
    assert to_whom(letters) == sorted([ANN.email, owner.notice_email])
    (to_host,) = [one for one in letters if one.to == [owner.notice_email]]
    assert "09:00" in to_host.body
    assert "A reminder of Intro call with Ann Other." in to_host.body
    assert "List-Unsubscribe" not in to_host.extra_headers


def test_a_day_before_is_24_hours_before_over_a_clock_change(client_owner, clock, post):
    """Berlin leaves summer time on 25 October 2026, New York on 1 November: instants decide."""
    clock.move_to(datetime(2026, 10, 19, 9, tzinfo=UTC))
    start = datetime(2026, 10, 26, 8, tzinfo=UTC)
    booked(reminding_link(client_owner, 1440), start=start)
    assert post(start - DAY - timedelta(seconds=1)) == []
    assert to_whom(post(start - DAY)) == [ANN.email]


def test_booked_shortly_before_brings_no_reminder_of_earlier_times(client_link, clock, post):
    client_link.reminders = [1440, 60]
    client_link.save()
    meeting = booked(client_link, start=NINE, now=now())
    assert post(NINE - HOUR - timedelta(minutes=1)) == []
    assert to_whom(post(NINE - HOUR)) == [ANN.email]
    assert meeting.start_at == NINE


def test_told_a_moment_ago_is_not_told_again(client_owner, clock, post):
    """A reminder of an hour is left out within a quarter of an hour after another mail."""
    link = reminding_link(client_owner, 60)
    start = NEXT_WEEK
    clock.move_to(start - HOUR - timedelta(minutes=10))
    booked(link, start=start)
    assert post(start - HOUR) == []
    assert post(start - timedelta(minutes=30)) == []


def test_moved_a_minute_ago_is_reminded_by_the_mail_of_the_move(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 1440))
    clock.move_to(NEXT_WEEK - 2 * DAY)
    to = NEXT_WEEK - DAY + HOUR
    changes.move_meeting(meeting=meeting, start=to, doer=GUEST, now=now())
    deliver_all()
    assert post(to - DAY) == []  # an hour later
    assert post(NEXT_WEEK - DAY) == []  # its former time
    assert post(NEXT_WEEK) == []


def test_a_move_that_is_still_to_be_told_is_not_reminded_of(
    client_owner, clock, post, monkeypatch, settings
):
    meeting = booked(reminding_link(client_owner, 1440))
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    monkeypatch.setattr(flaky_mail, "refuse", [ANN.email])
    changes.move_meeting(meeting=meeting, start=NEXT_WEEK + HOUR, doer=GUEST, now=now())
    deliver_all()
    at = NEXT_WEEK + HOUR - DAY
    clock.move_to(at)
    reminding.look_ahead(now=at)
    monkeypatch.setattr(flaky_mail, "refuse", [])
    mail.outbox.clear()
    deliver_all()
    assert [one.subject.partition(":")[0] for one in mail.outbox if one.to == [ANN.email]] == [
        "Moved"
    ]


def test_a_moved_meeting_is_reminded_of_at_its_new_time(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]
    clock.move_to(NEXT_WEEK - timedelta(minutes=30))
    to = NEXT_WEEK + DAY
    changes.move_meeting(meeting=meeting, start=to, doer=STAFF, now=now(), overriding="Late")
    deliver_all()
    assert to_whom(post(to - HOUR)) == [ANN.email]


def test_what_is_off_or_asked_for_is_not_reminded_of(client_owner, clock, post):
    link = reminding_link(client_owner, 60)
    cancelled = booked(link)
    changes.cancel_meeting(meeting=cancelled, doer=GUEST, now=now())
    waiting = make_link(client_owner, slug="asks", requires_approval=True, reminders=[60])
    request = booked(waiting)
    deliver_all()
    assert request.state == MeetingState.REQUESTED
    assert [one.subject for one in post(NEXT_WEEK - HOUR)] == []


def test_an_approved_request_is_reminded_of(client_owner, clock, post):
    request = booked(make_link(client_owner, requires_approval=True, reminders=[60]))
    reminding.look_ahead(now=now())
    changes.approve_meeting(meeting=request, doer=STAFF, now=now())
    deliver_all()
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]


def test_a_meeting_given_to_another_names_whom_it_is_with_now(client_owner, workspace, clock, post):
    other = ClientOwner(workspace, make_client(workspace, name="Southgate"))
    meeting = booked(reminding_link(client_owner, 60))
    changes.reassign_meeting(
        meeting=meeting, to=other, doer=STAFF, now=now(), overriding="Handed over"
    )
    deliver_all()
    (letter,) = post(NEXT_WEEK - HOUR)
    assert "Southgate" in letter.subject
    assert "Northgate" not in letter.body


@pytest.fixture
def mail_is_down(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"

    def set_down(*addresses):
        monkeypatch.setattr(flaky_mail, "refuse", list(addresses))

    return set_down


def test_what_could_not_be_sent_before_the_start_is_not_sent_after_it(
    client_owner, clock, post, mail_is_down
):
    booked(reminding_link(client_owner, 60))
    mail_is_down(ANN.email)
    assert post(NEXT_WEEK - HOUR) == []
    mail_is_down()
    assert post(NEXT_WEEK) == []
    assert {one.state for one in messages(kind="booking.reminder")} == {OutboxState.SENT}


def test_after_an_outage_only_the_latest_reminder_comes(client_owner, clock, post, mail_is_down):
    booked(reminding_link(client_owner, 1440, 60))
    mail_is_down(ANN.email)
    assert post(NEXT_WEEK - DAY) == []
    mail_is_down()
    assert len(post(NEXT_WEEK - HOUR)) == 1
    assert post(NEXT_WEEK - HOUR + timedelta(minutes=40)) == []


def test_an_address_that_takes_no_mail_keeps_none_from_the_others(
    client_owner, clock, post, mail_is_down
):
    booked(reminding_link(client_owner, 60), guests=[CY])
    mail_is_down(ANN.email)
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]
    mail_is_down()
    assert to_whom(post(NEXT_WEEK - HOUR + timedelta(minutes=10))) == [ANN.email]


# --- What the link says ---


def test_meetings_follow_their_link_as_it_is_then(client_owner, clock, post):
    link = reminding_link(client_owner, 1440)
    booked(link)
    reminding.look_ahead(now=now())
    save_link(owner=client_owner, link=link, data=data_of(link, reminders=(60, 2880)))
    assert to_whom(post(NEXT_WEEK - 2 * DAY)) == [ANN.email]
    assert post(NEXT_WEEK - DAY) == []
    assert to_whom(post(NEXT_WEEK - HOUR)) == [ANN.email]


def test_a_reminder_added_after_its_time_is_not_sent(client_owner, clock, post):
    link = reminding_link(client_owner)
    booked(link)
    clock.move_to(NEXT_WEEK - HOUR)
    save_link(owner=client_owner, link=link, data=data_of(link, reminders=(1440,)))
    assert post(NEXT_WEEK - HOUR + timedelta(minutes=1)) == []


def test_a_deleted_link_reminds_of_nothing(client_owner, clock, post):
    link = reminding_link(client_owner, 60)
    booked(link)
    delete_link(link=link)
    assert post(NEXT_WEEK - HOUR) == []


def test_an_erased_booker_is_reminded_of_nothing(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    wipe_meeting(meeting, now())
    assert post(NEXT_WEEK - HOUR) == []


# --- Follow-ups ---


def thanks(owner, **more):
    text = "Thank you, {{ name }}.\nNotes of {{ title }}: https://finch.example/notes."
    more = {"follow_up_text": text, "follow_up_minutes": 120, **more}
    return make_link(owner, reminders=[], **more)


def test_a_follow_up_is_sent_to_the_booker_after_the_end(owner, clock, post):
    meeting = booked(thanks(owner), guests=[CY])
    after = meeting.end_at + 2 * HOUR
    assert post(after - timedelta(seconds=1)) == []
    (letter,) = post(after)
    assert letter.to == [ANN.email]
    assert "Thank you, Ann Other.\nNotes of Intro call: https://finch.example/notes." in letter.body
    ((html, _kind),) = letter.alternatives
    assert '<a href="https://finch.example/notes" ' in html
    assert post(after + DAY) == []


def test_a_follow_up_escapes_what_a_booker_typed(client_owner, clock, post):
    meeting = booked(thanks(client_owner), booker=replace(ANN, name="Ann <b>Other</b>"))
    (letter,) = post(meeting.end_at + 2 * HOUR)
    ((html, _kind),) = letter.alternatives
    assert "Thank you, Ann &lt;b&gt;Other&lt;/b&gt;." in html
    assert "Thank you, Ann <b>Other</b>." in letter.body


def test_no_follow_up_after_a_no_show_until_that_is_taken_back(client_owner, clock, post):
    meeting = booked(thanks(client_owner))
    clock.move_to(meeting.end_at)
    changes.mark_no_show(meeting=meeting, doer=STAFF, now=now())
    assert post(meeting.end_at + 2 * HOUR) == []
    meeting.refresh_from_db()
    changes.mark_no_show(meeting=meeting, doer=STAFF, now=now(), is_no_show=False)
    assert to_whom(post(meeting.end_at + 3 * HOUR)) == [ANN.email]


def test_a_cancelled_meeting_has_no_follow_up(client_owner, clock, post):
    meeting = booked(thanks(client_owner))
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=now())
    deliver_all()
    assert post(meeting.end_at + 2 * HOUR) == []


def test_a_follow_up_switched_on_later_is_not_sent_to_everybody_before(client_owner, clock, post):
    link = make_link(client_owner, reminders=[])
    meeting = booked(link)
    clock.move_to(meeting.end_at + DAY)
    data = data_of(link, follow_up_text="Thank you.", follow_up_minutes=60)
    save_link(owner=client_owner, link=link, data=data)
    assert post(meeting.end_at + DAY + HOUR) == []


def test_a_follow_up_that_is_days_late_is_not_sent(client_owner, clock, post, mail_is_down):
    meeting = booked(thanks(client_owner))
    mail_is_down(ANN.email)
    assert post(meeting.end_at + 2 * HOUR) == []
    mail_is_down()
    assert post(meeting.end_at + 4 * DAY) == []


# --- Stopping ---


@pytest.fixture
def stop_page(client_owner, clock, post):
    booked(reminding_link(client_owner, 1440, 60), guests=[CY])
    (letter,) = [one for one in post(NEXT_WEEK - DAY) if one.to == [ANN.email]]
    (url,) = re.findall(r"<(.+)>", letter.extra_headers["List-Unsubscribe"])
    assert url in letter.body
    assert ANN.email not in url
    return "/" + url.split("/", 3)[3]


def test_looking_at_the_page_stops_nothing(client, stop_page, post):
    page = client.get(stop_page)
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert ANN.email not in page.text
    assert MailStop.objects.count() == 0
    assert len(post(NEXT_WEEK - HOUR)) == 2


def test_stopped_by_the_page_and_sent_again_by_it(client, stop_page, post, client_owner):
    answer = client.post(stop_page, {"do": "stop"})
    assert (answer.status_code, answer.url) == (303, stop_page)
    assert "You get no more reminders" in client.get(stop_page).text
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]
    client.post(stop_page, {"do": "resume"})
    assert not has_stopped(client_owner.workspace.pk, ANN.email)


def test_a_mail_programs_one_click_stops_them(client, stop_page, post, client_owner):
    answer = client.post(stop_page, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert has_stopped(client_owner.workspace.pk, ANN.email.upper())
    assert not has_stopped(client_owner.workspace.pk, CY["email"])
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]


def test_what_was_stopped_holds_after_the_key_was_changed(
    client, stop_page, client_owner, settings
):
    client.post(stop_page, {"do": "stop"})
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one that is long enough for anybody"
    assert has_stopped(client_owner.workspace.pk, ANN.email)
    assert "You get no more reminders" in client.get(stop_page).text


def test_confirmations_are_sent_all_the_same(client, stop_page, client_owner, clock):
    client.post(stop_page, {"do": "stop"})
    mail.outbox.clear()
    booked(make_link(client_owner, slug="again"), start=NEXT_WEEK + DAY)
    assert ANN.email in to_whom(mail.outbox)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "0" + t[1:], lambda t: "x"])
def test_a_forged_address_opens_nothing(client, stop_page, change):
    token = stop_page.rpartition("/")[2]
    forged = reverse("booking:mail_stop", args=[change(token)])
    assert client.post(forged, {"do": "stop"}).status_code == 404
    assert MailStop.objects.count() == 0


def test_the_page_speaks_the_readers_language(client, client_owner, clock, post):
    booked(reminding_link(client_owner, 60), booker=replace(ANN, language="de"))
    (letter,) = post(NEXT_WEEK - HOUR)
    assert letter.subject.startswith("Erinnerung: ")
    (url,) = re.findall(r"<(.+)>", letter.extra_headers["List-Unsubscribe"])
    assert url.endswith("?lang=de")
    page = client.get("/" + url.split("/", 3)[3])
    assert "Keine Erinnerungen mehr?" in page.text


def test_headers_survive_as_one_line_each(client_owner, clock, post):
    booked(reminding_link(client_owner, 60))
    (letter,) = post(NEXT_WEEK - HOUR)
    read = BytesParser(policy=policy.default).parsebytes(letter.message().as_bytes())
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["List-Unsubscribe"].strip().startswith("<http")
    assert Ahead.REMINDER.value not in read["Message-ID"]


def test_resend_is_given_the_headers_that_stop_them(client_owner, clock, post, sandbox, settings):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    booked(reminding_link(client_owner, 60))
    post(NEXT_WEEK - HOUR)
    *_others, last = sandbox.store.all("resend_mail")
    headers = last["body"]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].strip("<>") in last["body"]["text"]


# --- Several at once ---


def test_two_looks_at_once_send_one_mail(client_owner, clock, post):
    booked(reminding_link(client_owner, 60))
    at = NEXT_WEEK - HOUR
    clock.move_to(at)
    (stale,) = Meeting.objects.select_related("link", "workspace")
    reminding.look_ahead(now=at)
    reminding._look_at(stale, at)
    assert len(messages(kind="booking.reminder")) == 1
    assert to_whom(post(at)) == [ANN.email]


def test_a_look_does_not_forget_what_changed_meanwhile(client_owner, clock, post):
    meeting = booked(reminding_link(client_owner, 60))
    (stale,) = Meeting.objects.select_related("link", "workspace")
    to = NEXT_WEEK - DAY
    changes.move_meeting(meeting=meeting, start=to, doer=GUEST, now=now() + timedelta(minutes=1))
    deliver_all()
    reminding._look_at(stale, now())
    stale.refresh_from_db()
    assert stale.look_at == now() + timedelta(minutes=1)
    assert to_whom(post(to - HOUR)) == [ANN.email]
