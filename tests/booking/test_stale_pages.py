"""Pages drawn before somebody else changed the meeting act on nothing that they did not show."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.enums import MeetingState
from booking.services import changes
from tests.booking.conftest import NOW, book
from tests.booking.pages import read
from tests.booking.portal.conftest import invitation, visitor  # noqa: F401 -- fixtures
from tests.booking.test_changes import STAFF, TEN
from tests.booking.test_manage import fresh, url_of, words
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
ED = "ed@tallship.example"


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


def moved(meeting):
    changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=NOW)


def form_to(page, name):
    found = read(page)
    (form,) = [one for one in found.forms if f"/{name}" in one["action"]]
    return {"action": form["action"], "fields": found.fields}


class TestBooker:
    @pytest.fixture
    def meeting(self, link):
        return book(link)

    @pytest.mark.parametrize("name", ["manage", "manage_cancel"])
    def test_calls_off_what_the_page_showed_and_nothing_else(self, meeting, browser, name):
        form = form_to(browser.get(url_of(meeting, name)), "cancel")
        moved(meeting)
        answer = browser.post(form["action"], form["fields"])
        assert answer.status_code == 409
        assert "This changed meanwhile." in words(answer)
        assert "10:00" in words(answer) or "04:00" in words(answer)
        assert fresh(meeting).state == MeetingState.CONFIRMED
        # The answer shows it as it is now: pressed there, it goes.
        form = form_to(answer, "cancel")
        for _time in range(2):
            assert browser.post(form["action"], form["fields"]).status_code == 303
        assert fresh(meeting).state == MeetingState.CANCELLED

    def test_drawn_again_is_of_what_was_shown_first(self, meeting, browser):
        form = form_to(browser.get(url_of(meeting, "manage_cancel")), "cancel")
        moved(meeting)
        wrong = browser.post(form["action"], {**form["fields"], "message": "x" * 20_000})
        assert wrong.status_code == 422
        form = form_to(wrong, "cancel")
        assert browser.post(form["action"], {**form["fields"], "message": ""}).status_code == 409

    def test_invites_to_what_the_page_showed(self, meeting, browser):
        form = form_to(browser.get(url_of(meeting, "manage_guests")), "guests")
        moved(meeting)
        sent = {**form["fields"], "guests": ED}
        answer = browser.post(form["action"], sent)
        assert answer.status_code == 409
        assert "This changed meanwhile." in words(answer)
        assert fresh(meeting).guests == []
        form = form_to(browser.get(url_of(meeting, "manage_guests")), "guests")
        for _time in range(2):
            answer = browser.post(form["action"], {**form["fields"], "guests": ED})
            assert answer.status_code == 303
        assert [one["email"] for one in fresh(meeting).guests] == [ED]

    def test_page_of_before_this_check_goes_on(self, meeting, browser):
        moved(meeting)
        assert browser.post(url_of(meeting, "manage_cancel"), {}).status_code == 303


class TestMember:
    @pytest.fixture
    def meeting(self, user_link):
        return book(user_link)

    def hand_over(self, browser, meeting, to, **headers):
        url = reverse("booking:meeting_reassign", args=[meeting.pk])
        return browser.post(url, {"sequence": 0, "to": to.pk}, **headers)

    def test_who_gave_theirs_away_and_presses_again_is_told_that_it_is_done(
        self, sign_in, alice, bob, workspace, meeting
    ):
        browser = sign_in(alice)
        assert self.hand_over(browser, meeting, bob).status_code == 302
        answer = self.hand_over(browser, meeting, bob)
        assert (answer.status_code, answer["Location"]) == (302, reverse("booking:meetings"))
        assert "Bob has the meeting now." in browser.get(answer["Location"]).text
        answer = self.hand_over(browser, meeting, bob, headers={"HX-Request": "true"})
        assert answer.status_code == 204
        assert "Bob has the meeting now." in answer["HX-Trigger"]
        assert fresh(meeting).sequence == 1

    def test_another_colleague_or_another_name_hears_of_nothing(
        self, sign_in, alice, bob, charlie, workspace, meeting
    ):
        browser = sign_in(alice)
        assert self.hand_over(browser, meeting, bob).status_code == 302
        assert self.hand_over(browser, meeting, charlie).status_code == 404
        assert self.hand_over(sign_in(charlie), meeting, bob).status_code == 404

    def test_who_has_it_by_now_can_hand_it_back(self, sign_in, alice, bob, workspace, meeting):
        assert self.hand_over(sign_in(alice), meeting, bob).status_code == 302
        url = reverse("booking:meeting_reassign", args=[meeting.pk])
        sent = {"sequence": 1, "to": alice.pk}
        assert sign_in(bob).post(url, sent).status_code == 302
        assert fresh(meeting).user_id == alice.pk
        assert owner_of_user(alice, workspace).id == alice.pk
