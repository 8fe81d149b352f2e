"""The pages of what came in by mail: who sees what, and what the buttons do without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from booking.enums import Answer, InvitationState, MailOutcome
from booking.models import IncomingMail, OutsideInvitation
from booking.services import invited
from booking.services.erasing import erase_person
from booking.services.invite_addresses import address_of, make_address
from booking.services.mail_log import Fate
from booking.wording import DASH
from calendars.models import Event
from tests.booking.conftest import NINE, NOW, book, deliver_all, make_link
from tests.booking.erasing.conftest import dump, person_of
from tests.booking.invited.conftest import ORG, inviting
from tests.booking.invited.conftest import sent as invite
from tests.booking.mails import part
from tests.booking.replies.conftest import HERE, MX, answering, booked, sent
from tests.factories import make_calendar, make_connection, make_event
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = HERE, MX


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def bobs(sign_in, bob, workspace):
    return sign_in(bob)


def page(browser, name, *args):
    answer = browser.get(reverse(f"booking:{name}", args=args))
    assert answer.status_code == 200
    return answer.text


class TestInvitations:
    def test_one_is_shown_escaped_and_answered(self, browser, user_owner, clock):
        address = make_address(user_owner)
        text = inviting(address, SUMMARY="<b>Tea</b>", DESCRIPTION="<script>x</script>\\nHello")
        invite(address, text)
        shown = page(browser, "invitations")
        assert "&lt;b&gt;Tea&lt;/b&gt;" in shown
        assert "<script>x" not in shown
        assert f"Thursday 19 November 2026, 09:00 {DASH} 09:30" in shown
        assert f"by {ORG}" in shown
        found = OutsideInvitation.objects.get()
        said = {"answer": "tentative", "version": invited.version_of(found)}
        answer = browser.post(reverse("booking:invitation_answer", args=[found.pk]), said)
        assert answer.headers["Location"] == reverse("booking:invitations")
        found.refresh_from_db()
        assert (found.state, found.answered_by) == (InvitationState.TENTATIVE, "Alice")

    def test_whole_days_are_said_by_the_first_and_the_last(self, browser, user_owner, clock):
        address = make_address(user_owner)
        days = {"DTSTART": ";VALUE=DATE:20261201", "DTEND": ";VALUE=DATE:20261203"}
        invite(address, inviting(address, **days))
        shown = page(browser, "invitations")
        assert f"Tuesday 1 December 2026 {DASH} Wednesday 2 December 2026, all day" in shown

    def test_a_refusal_is_said(self, browser, user_owner, clock):
        address = make_address(user_owner)
        invite(address, inviting(address))
        found = OutsideInvitation.objects.get()
        to = reverse("booking:invitation_answer", args=[found.pk])
        answer = browser.post(to, {"answer": "accepted", "version": "old"}, follow=True)
        assert "changed this invitation meanwhile" in answer.text
        assert browser.post(to, {"answer": "perhaps"}).status_code == 404
        assert browser.get(to).status_code == 405

    def test_what_lies_in_its_way_is_said_by_its_hours_alone(self, browser, user_owner, clock):
        address = make_address(user_owner)
        calendar = make_calendar(make_connection(user_owner), counts_as_busy=True)
        make_event(calendar, "Secret dentist", start=NINE, end=NINE + timedelta(hours=1))
        invite(address, inviting(address))
        shown = page(browser, "invitations")
        assert f"Something stands in the calendar then: 09:00 {DASH} 10:00." in shown
        assert "dentist" not in shown

    def test_a_promise_in_its_way_is_said(self, browser, user_owner, clock):
        address = make_address(user_owner)
        book(make_link(user_owner))
        invite(address, inviting(address))
        assert f"A meeting is promised then: 09:00 {DASH} 09:30." in page(browser, "invitations")

    def test_a_colleagues_are_not_shown_and_a_clients_are(
        self, bobs, user_owner, client_owner, clock
    ):
        for owner, title in ((user_owner, "Alices"), (client_owner, "Clients")):
            address = make_address(owner)
            invite(address, inviting(address, SUMMARY=title), message_id=title)
        shown = page(bobs, "invitations")
        assert "Clients" in shown
        assert "Alices" not in shown
        theirs = OutsideInvitation.objects.get(title="Alices")
        said = {"answer": "accepted", "version": invited.version_of(theirs)}
        to = reverse("booking:invitation_answer", args=[theirs.pk])
        assert bobs.post(to, said).status_code == 404

    def test_the_page_of_meetings_counts_what_waits(self, browser, user_owner, clock):
        address = make_address(user_owner)
        invite(address, inviting(address))
        invite(address, inviting(address), from_="m@evil.example", message_id="2")
        shown = page(browser, "meetings")
        assert 'Invitations <span class="badge danger">1</span>' in shown
        assert 'Incoming mail <span class="badge danger">1</span>' in shown

    def test_an_empty_page_leads_on(self, browser, settings):
        assert reverse("booking:my_scheduling") in page(browser, "invitations")
        settings.INBOUND_DOMAIN = ""
        assert "nobody can invite by mail" in page(browser, "invitations")


class TestAddress:
    @pytest.mark.parametrize("mode", ["user", "client"])
    def test_it_is_made_made_anew_and_given_up(self, browser, user_owner, client_owner, mode):
        owner = user_owner if mode == "user" else client_owner
        args = [] if mode == "user" else [owner.id]
        desk = {"user": "my_scheduling", "client": "client_info"}[mode]
        name = {"user": "my_invites", "client": "client_invites"}[mode]
        to = reverse(f"booking:{name}", args=args)
        assert "Make an address" in page(browser, desk, *args)
        browser.post(to, {"make": "1"})
        first = address_of(owner)
        assert first in page(browser, desk, *args)
        browser.post(to, {"make": "1"})
        assert first != address_of(owner)
        assert first not in page(browser, desk, *args)
        browser.post(to, {"drop": "1"})
        assert address_of(owner) == ""
        assert browser.get(to).status_code == 405

    def test_without_incoming_mail_there_is_none(self, browser, settings):
        settings.INBOUND_DOMAIN = ""
        assert "Invitations by mail" not in page(browser, "my_scheduling")
        assert browser.post(reverse("booking:my_invites"), {"make": "1"}).status_code == 404


class TestIncoming:
    def test_a_letter_is_shown_escaped_and_dismissed(self, browser, client_link):
        meeting = booked(client_link)
        sent(meeting, part("Could <b>we</b> talk?", "text/plain"), subject="A <i>word</i>")
        shown = page(browser, "incoming")
        assert "Could &lt;b&gt;we&lt;/b&gt; talk?" in shown
        assert "A &lt;i&gt;word&lt;/i&gt;" in shown
        assert "Intro call: Ann Other" in shown
        row = IncomingMail.objects.get()
        browser.post(reverse("booking:incoming_dismiss", args=[row.pk]))
        row.refresh_from_db()
        assert (row.outcome, row.settled_by) == (MailOutcome.DISMISSED, "Alice")
        assert (row.sender, row.subject, row.comment) == ("", "", "")
        assert "Nothing to look at" in page(browser, "incoming")

    def test_a_counter_proposal_leads_to_the_move_with_its_time(self, browser, client_link):
        meeting = booked(client_link)
        said = {"DTSTART": "20261120T100000Z", "DTEND": "20261120T110000Z", "COMMENT": "Later?"}
        sent(meeting, answering(meeting, "DECLINED", method="COUNTER", **said))
        shown = page(browser, "incoming")
        assert f"proposed: Friday 20 November, 11:00 {DASH} 12:00" in shown
        to = reverse("booking:meeting_move", args=[meeting.pk])
        move = f"{to}?day=2026-11-20&amp;time=11%3A00&amp;minutes=60"
        assert move in shown
        form = browser.get(move.replace("&amp;", "&")).text
        assert 'value="2026-11-20"' in form
        assert 'value="11:00"' in form
        assert 'value="60"' in form
        meeting.refresh_from_db()
        assert meeting.start_at == NINE

    def test_an_occurrence_says_which_it_is_and_what_to_do(
        self, browser, sign_in, bob, bob_membership, user_owner, actor, clock
    ):
        address = make_address(user_owner)
        invite(address, inviting(address, RRULE="FREQ=WEEKLY", SUMMARY="Weekly round"))
        said = {"RECURRENCE-ID": "20261126T080000Z", "SEQUENCE": "1", "COMMENT": "A day later"}
        moved = {"DTSTART": "20261127T090000Z", "DTEND": "20261127T093000Z"}
        assert invite(address, inviting(address, **said, **moved), message_id="2") is Fate.REVIEW
        shown = page(browser, "incoming")
        assert "Your calendar stays as it is: change it there yourself." in shown
        assert "Weekly round</a>" in shown
        assert "Thursday 26 November 2026<br>A day later" in shown
        assert f"now: Friday 27 November, 10:00 {DASH} 10:30" in shown
        assert "Look at moving it" not in shown
        off = inviting(address, method="CANCEL", **{**said, "COMMENT": "Not then"})
        assert invite(address, off, message_id="3") is Fate.REVIEW
        shown = page(browser, "incoming")
        assert "Take them out of your calendar yourself." in shown
        assert "Thursday 26 November 2026<br>Not then" in shown
        bob_membership.role = Role.ADMIN
        bob_membership.save()
        theirs = page(sign_in(bob), "incoming")
        assert "Take them out of your calendar yourself." in theirs
        for secret in ("Weekly round", "26 November", "27 November", "A day later"):
            assert secret not in theirs

    def test_of_a_colleagues_an_admin_sees_that_it_is_there_and_why(
        self, sign_in, bob, bob_membership, user_owner, clock
    ):
        meeting = booked(make_link(user_owner))
        sent(meeting, answering(meeting, COMMENT="Private words"), from_="eve@evil.example",
             subject="Private subject")  # fmt: skip
        browser = sign_in(bob)
        assert "From somebody else" not in page(browser, "incoming")
        row = IncomingMail.objects.get()
        to = reverse("booking:incoming_dismiss", args=[row.pk])
        assert browser.post(to).status_code == 404
        bob_membership.role = Role.ADMIN
        bob_membership.save()
        shown = page(browser, "incoming")
        assert "From somebody else" in shown
        for secret in ("Private", "evil.example", "Ann Other", "Intro call"):
            assert secret not in shown
        assert browser.post(to).status_code == 302

    def test_what_reached_nobody_is_for_operators_alone(self, browser, client_link):
        meeting = booked(client_link)
        assert sent(meeting, answering(meeting), to=f"x@{HERE}") is Fate.NOBODY
        assert "Nothing to look at" in page(browser, "incoming")


class TestAnswers:
    def test_they_are_shown_with_the_meeting_and_in_the_list(self, browser, client_link):
        meeting = booked(client_link)
        sent(meeting, answering(meeting, "DECLINED", COMMENT="<b>Ill</b>"))
        detail = page(browser, "meeting_detail", meeting.pk)
        assert "Ann Other declined this meeting in their calendar." in detail
        assert "&lt;b&gt;Ill&lt;/b&gt;" in detail
        assert reverse("booking:meeting_cancel", args=[meeting.pk]) in detail
        assert "Declined in their calendar" in page(browser, "meetings")
        needs = browser.get(reverse("booking:meetings"), {"period": "needs"}).text
        assert "Ann Other" in needs

    def test_a_declined_meeting_is_kept_until_the_booker_declines_once_more(
        self, browser, client_link
    ):
        """Who wanted it to stand was asked about it until it was over."""
        meeting = booked(client_link)
        sent(meeting, answering(meeting, "DECLINED", DTSTAMP="20261118T090500Z"))
        keep = reverse("booking:meeting_keep", args=[meeting.pk])
        answer = browser.post(keep, follow=True)
        assert "The meeting stays. Ann Other is told nothing." in answer.text
        address, wanted = reverse("booking:meetings"), {"period": "needs"}
        assert "Ann Other" not in browser.get(address, wanted).text
        detail = page(browser, "meeting_detail", meeting.pk)
        assert "Ann Other declined this meeting" not in detail
        assert "Declined in their calendar" in detail
        browser.post(keep)  # a second press changes nothing
        again = answering(meeting, "DECLINED", DTSTAMP="20261118T090900Z")
        sent(meeting, again, message_id="m2")
        assert "Ann Other" in browser.get(address, wanted).text

    def test_guests_who_answer_are_called_by_their_names(self, browser, client_link):
        meeting = booked(client_link)
        sent(
            meeting, answering(meeting, attendee="cy@tallship.example"), from_="cy@tallship.example"
        )
        assert "Cy Guest:" in page(browser, "meeting_detail", meeting.pk)

    def test_an_acceptance_needs_nobody(self, browser, client_link):
        meeting = booked(client_link)
        sent(meeting, answering(meeting))
        needs = browser.get(reverse("booking:meetings"), {"period": "needs"}).text
        assert "Ann Other" not in needs
        assert "Accepted" in page(browser, "meeting_detail", meeting.pk)

    def test_they_are_told_over_the_api(self, browser, client_link):
        meeting = booked(client_link)
        sent(meeting, answering(meeting, "TENTATIVE"))
        (told,) = browser.get("/api/v1/booking/meetings").json()["meetings"]
        (reply,) = told["replies"]
        assert (reply["email"], reply["answer"], reply["is_current"]) == (
            "ann@tallship.example", "tentative", True,
        )  # fmt: skip


ANN = "ann@tallship.example"


def erased(meeting, alice):
    """Everything that stands in any table once Ann is erased."""
    erase_person(person=person_of(meeting), by=alice, tells_booker=False)
    deliver_all()
    return dump()


def test_erasing_somebody_takes_what_they_mailed(client_link, alice):
    meeting = booked(client_link)
    sent(meeting, answering(meeting, "TENTATIVE", COMMENT="zanzibar"))
    sent(meeting, answering(meeting, method="COUNTER", COMMENT="zanzibar"), message_id="2")
    assert "zanzibar" in dump()
    text = erased(meeting, alice)
    assert [word for word in ("zanzibar", ANN) if word in text] == []


def test_erasing_somebody_leaves_only_the_time_of_what_they_invited_to(
    client_link, user_owner, alice, actor, connect
):
    connect(user_owner, "google")
    meeting, address = booked(client_link), make_address(user_owner)
    for number in (1, 2):
        text = inviting(
            address, UID=f"zanzibar{number}", SUMMARY="zanzibar", DESCRIPTION="zanzibar",
            ORGANIZER=f"mailto:{ANN}",
        )  # fmt: skip
        invite(address, text, from_=ANN, message_id=str(number))
    early = inviting(address, method="CANCEL", UID="zanzibar3", ORGANIZER=f"mailto:{ANN}")
    invite(address, early, from_=ANN, message_id="3")
    accepted = OutsideInvitation.objects.get(uid="zanzibar1")
    answer_as(user_owner, actor, accepted)
    deliver_all()
    text = erased(meeting, alice)
    assert [word for word in ("zanzibar", ANN) if word in text] == []
    (event,) = Event.objects.filter(deleted_at__isnull=True, start_at=NINE)
    assert event.title == "Invitation"
    assert OutsideInvitation.objects.count() == 1


def answer_as(owner, actor, invitation):
    invited.answer_invitation(
        invitation=invitation, owner=owner, answer=Answer.ACCEPTED, actor=actor, name="Alice",
        seen=invited.version_of(invitation), now=NOW,
    )  # fmt: skip
