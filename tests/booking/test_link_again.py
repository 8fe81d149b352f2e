"""A join link that comes late, fails, or is asked for again: what both sides are told."""

from __future__ import annotations

import pytest
from django.core import mail

from booking.enums import MeetingState
from booking.models import SalesMeeting
from booking.services.delivery import retry_link
from booking.tokens import manage_token
from calendars.enums import ConferenceState
from common import http
from common.errors import InvalidInput, UpstreamUnavailable
from conferencing.enums import LinkFailure
from sandbox.server import create_app
from sandbox.server.transport import WSGIAdapter
from tests.booking.conftest import ANN, NOW, book, deliver_all, make_link
from tests.conftest import SANDBOX_URL

pytestmark = pytest.mark.django_db


@pytest.fixture
def google(clock, connect, user_owner):
    return connect(user_owner, "google")


@pytest.fixture
def missing(google, sandbox, user_owner, clock):
    """A booked meeting whose Meet link Google could not make; everybody was told."""
    sandbox.store.set_setting("meet", {"mode": "failure", "reads": 0})
    meeting = book(make_link(user_owner, conference="auto"))
    for seconds in (0, 3, 3, 30):
        clock.shift(seconds)
        deliver_all()
    meeting.refresh_from_db()
    assert (meeting.conference, meeting.conference_state) == ("meet", ConferenceState.FAILED)
    assert meeting.conference_failure == LinkFailure.NOT_MADE
    assert meeting.confirmation_sent_at is not None
    mail.outbox.clear()
    return meeting


def to_ann():
    return [message for message in mail.outbox if message.to == [ANN.email]]


def page_of(client, meeting):
    return client.get(f"/book/{meeting.link.slug}/done/{manage_token(meeting.pk)}").text


def test_retry_mails_the_link_with_a_later_version_of_the_file(missing, sandbox, actor, clock):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 1})
    state = retry_link(meeting=missing, actor=actor, now=NOW)
    assert state == ConferenceState.PENDING
    for seconds in (0, 3, 5, 30):
        clock.shift(seconds)
        deliver_all()
    missing.refresh_from_db()
    assert missing.conference_state == ConferenceState.READY
    assert (missing.sequence, missing.conference_tries) == (1, 2)
    (message,) = to_ann()
    assert message.subject.startswith("Join link for ")
    assert missing.conference_url in message.body


def test_link_that_is_there_at_once_is_mailed_too(missing, sandbox, actor):
    sandbox.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    assert retry_link(meeting=missing, actor=actor, now=NOW) == ConferenceState.READY
    deliver_all()
    assert len(to_ann()) == 1


def test_retry_that_fails_keeps_its_reason_and_mails_nobody(missing, sandbox, actor):
    sandbox.fault("google.events.patch", status=503, count=None)
    with pytest.raises(UpstreamUnavailable):
        retry_link(meeting=missing, actor=actor, now=NOW)
    deliver_all()
    missing.refresh_from_db()
    assert missing.conference_note == "Google Calendar did not answer."
    assert missing.conference_tries == 2
    assert mail.outbox == []


class Rival(WSGIAdapter):
    """While the calendar is asked, somebody else's try brings the link."""

    def before(self, request):
        if request.method == "PATCH":
            SalesMeeting.objects.update(
                conference_state="ready", conference_url="https://m.example/1"
            )


def test_retry_that_fails_takes_back_no_link_that_a_rival_brought(missing, sandbox, actor):
    http.mount(f"{SANDBOX_URL}/", Rival(create_app(sandbox.store, SANDBOX_URL)))
    sandbox.fault("google.events.patch", status=503, count=None)
    with pytest.raises(UpstreamUnavailable):
        retry_link(meeting=missing, actor=actor, now=NOW)
    missing.refresh_from_db()
    assert (missing.conference_state, missing.conference_url) == ("ready", "https://m.example/1")


def test_second_failure_is_told_anew(missing, sandbox, actor, clock):
    retry_link(meeting=missing, actor=actor, now=NOW)
    for seconds in (0, 3, 5, 30):
        clock.shift(seconds)
        deliver_all()
    missing.refresh_from_db()
    assert missing.conference_state == ConferenceState.FAILED
    assert [message.subject.split(" for ")[0] for message in to_ann()] == ["No join link"]


def test_link_that_the_calendar_does_not_allow_is_not_asked_for_again(
    google, user_owner, actor, sign_in, alice
):
    calendar = google.calendars.get()
    type(calendar).objects.update(allowed_conferences=[])
    meeting = book(make_link(user_owner, conference="meet"))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.conference_failure == LinkFailure.REFUSED
    with pytest.raises(InvalidInput, match="Choose another meeting link"):
        retry_link(meeting=meeting, actor=actor, now=NOW)
    page = sign_in(alice).get("/meetings?period=needs").text
    assert "No Google Meet link" in page
    assert f"/meetings/{meeting.pk}/link" not in page


def test_link_comes_once_zoom_is_connected(google, connect, sandbox, user_owner, actor):
    meeting = book(make_link(user_owner, conference="zoom"))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.conference_failure == LinkFailure.RECONNECT
    connect(user_owner, "zoom")
    mail.outbox.clear()
    assert retry_link(meeting=meeting, actor=actor, now=NOW) == ConferenceState.READY
    deliver_all()
    assert [one.subject.split(" for ")[0] for one in to_ann()] == ["Join link"]


def test_meeting_in_no_calendar_has_nothing_that_makes_a_link(user_link, actor):
    meeting = book(user_link)
    SalesMeeting.objects.update(conference_state=ConferenceState.FAILED)
    meeting.refresh_from_db()
    with pytest.raises(InvalidInput):
        retry_link(meeting=meeting, actor=actor, now=NOW)


# --- The pages ---


def test_booker_reads_that_the_link_is_being_made_and_the_page_looks_again(
    google, sandbox, user_owner, client
):
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 99})
    meeting = book(make_link(user_owner, conference="auto"))
    deliver_all(rounds=1)
    page = page_of(client, meeting)
    assert "The link is being made. It comes by e-mail." in page
    assert 'id="booked" aria-live="polite" data-again' in page


def test_booker_reads_that_the_owner_sends_it_and_nothing_looks_again(missing, client):
    page = page_of(client, missing)
    assert "Alice sends you the way to join" in page
    assert "data-again" not in page


def test_meeting_without_its_link_needs_the_owner_who_can_retry(missing, sign_in, alice, sandbox):
    browser = sign_in(alice)
    page = browser.get("/meetings?period=needs").text
    assert "No Google Meet link" in page
    assert f"/meetings/{missing.pk}/link" in page
    sheet = browser.get(f"/meetings/{missing.pk}").text
    assert "Google could not make the Meet link." in sheet
    assert "The guest was told that you send the way to join." in sheet

    sandbox.store.set_setting("meet", {"mode": "immediate", "reads": 0})
    answer = browser.post(f"/meetings/{missing.pk}/link", follow=True)

    assert "The join link is there. Ann Other gets it by mail." in answer.text
    assert f"/meetings/{missing.pk}/link" not in browser.get("/meetings?period=needs").text


def test_retry_that_is_refused_says_why(missing, sign_in, alice, sandbox):
    sandbox.fault("google.events.patch", status=503, count=None)
    answer = sign_in(alice).post(f"/meetings/{missing.pk}/link", follow=True)
    assert "Google Calendar did not answer." in answer.text


def test_meeting_that_was_cancelled_needs_no_link(missing, sign_in, alice):
    SalesMeeting.objects.update(state=MeetingState.CANCELLED, hold=None)
    page = sign_in(alice).get("/meetings?period=past").text
    assert f"/meetings/{missing.pk}/link" not in page
