"""Erasing somebody: nothing of them is left in any table or on a page, nor in others' meetings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.enums import AccessReason
from audit.models import OAuthTokenAccessLog
from audit.queries import verify_chain
from booking.enums import MeetingState
from booking.models import BookingBlock, Erasure
from booking.owners import tables_of
from booking.services import erasing
from booking.services.people import PersonDetails, add_person, change_person
from booking.tokens import manage_token
from common.enums import OutboxState
from common.errors import Conflict
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all
from tests.booking.erasing.conftest import BEN, ZOE, dump, erase, found_in, person_of
from tests.factories import make_client, make_event, make_member, make_user
from workspaces.enums import Role
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db


class TestHere:
    def test_nothing_of_them_is_in_any_table(self, link, zoe, alice, clock):
        erasure = erase(zoe, alice)
        deliver_all()
        assert found_in(dump()) == []
        assert erasure.wiped_at is not None
        assert erasure.counts["meetings"] == 3
        assert erasure.counts["guest_entries"] == 1
        assert erasure.counts["notes"] == 1

    def test_addresses_of_earlier_days_go_too(self, link, zoe, alice):
        """A corrected record no longer has what was typed when booking."""
        change_person(person=zoe, details=PersonDetails("Z. Q.", "new@quixotte2.example"))
        erase(zoe, alice)
        assert found_in(dump()) == []
        assert "new@quixotte2.example" not in dump()

    def test_times_and_states_stay_for_the_figures(self, link, zoe, alice):
        erase(zoe, alice)
        meetings = tables_of(link.owner_kind).meeting.objects
        erased = meetings.filter(erased_at__isnull=False).order_by("start_at")
        assert [(one.start_at, one.state) for one in erased] == [
            (NINE, MeetingState.CONFIRMED),
            (NINE + HALF_HOUR, MeetingState.CANCELLED),
            (NINE + timedelta(days=5), MeetingState.CANCELLED),
        ]
        assert {one.booker_name for one in erased} == {"Erased person"}
        other = meetings.get(erased_at__isnull=True)
        assert other.guests == [{"name": "C", "email": "c@x.example"}]
        assert other.booker_name == BEN.name

    def test_a_tombstone_stands_in_the_chain(self, link, zoe, alice, workspace):
        erasure = erase(zoe, alice)
        row = OAuthTokenAccessLog.objects.get(reason=AccessReason.PERSON_ERASE)
        assert (row.actor_name, row.target) == (alice.email, f"erasure {erasure.pk}")
        assert verify_chain(workspace.pk).is_whole

    def test_whether_somebody_was_erased_can_be_asked(
        self, link, zoe, alice, workspace, other_workspace, settings
    ):
        erasure = erase(zoe, alice)
        assert erasing.was_erased(workspace, " ZOE@quixotte.example ") == [erasure]
        assert erasing.was_erased(workspace, BEN.email) == []
        assert erasing.was_erased(other_workspace, ZOE.email) == []
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another one that is long enough to be a key of this house"
        assert erasing.was_erased(workspace, ZOE.email) == [erasure]

    def test_twice_is_once(self, link, zoe, alice):
        first, second = erase(zoe, alice), erase(zoe, alice)
        assert first == second
        assert Erasure.objects.count() == 1
        assert OAuthTokenAccessLog.objects.filter(reason=AccessReason.PERSON_ERASE).count() == 1

    def test_who_books_again_is_somebody_new(self, link, zoe, alice):
        erase(zoe, alice)
        meeting = book(link, start=NINE + timedelta(days=7), booker=ZOE)
        assert person_of(meeting).pk != zoe.pk
        assert person_of(meeting).name == ZOE.name
        assert tables_of(link.owner_kind).meeting.objects.filter(erased_at=None).count() == 2

    def test_only_their_own_scope_is_touched(self, link, zoe, alice, workspace, northgate):
        other = make_client(workspace, "Osprey")
        there = add_person(
            owner=ClientOwner(workspace=workspace, client=other),
            details=PersonDetails(ZOE.name, ZOE.email),
        )
        erase(zoe, alice)
        there.refresh_from_db()
        assert there.email == ZOE.email

    def test_their_link_opens_no_meeting_any_more(self, link, zoe, alice, client):
        meeting = tables_of(link.owner_kind).meeting.objects.get(start_at=NINE)
        page = f"/book/intro/done/{manage_token(meeting.pk)}"
        assert client.get(page).status_code == 200
        erase(zoe, alice)
        assert client.get(page).status_code == 404

    def test_staff_pages_still_show_the_meeting(self, link, zoe, alice, sign_in):
        erase(zoe, alice)
        browser = sign_in(alice)
        page = browser.get("/meetings?period=all").text
        assert "Erased person" in page
        assert found_in(page) == []
        meeting = tables_of(link.owner_kind).meeting.objects.get(start_at=NINE)
        assert "Erased person" in browser.get(f"/meetings/{meeting.pk}").text

    def test_nobody_is_merged_with_whom_is_being_erased(self, link, zoe, alice):
        from booking.services.people import merge_people

        ben = person_of(tables_of(link.owner_kind).meeting.objects.get(booker_email=BEN.email))
        Erasure.objects.create(
            workspace=link.workspace, owner_kind=link.owner_kind, person_id=zoe.pk, by_name="A"
        )
        with pytest.raises(Conflict):
            merge_people(
                keep=ben, other_id=zoe.pk, details=PersonDetails("B", BEN.email), author=alice
            )


class TestMeetingsToCome:
    def test_without_a_word_the_booker_hears_nothing(self, link, zoe, alice, mailoutbox):
        deliver_all()
        mailoutbox.clear()
        erase(zoe, alice)
        deliver_all()
        assert [mail for mail in mailoutbox if ZOE.email in mail.to] == []

    def test_a_mail_that_waits_holds_it_up_for_a_while_only(self, link, zoe, alice, clock):
        OutboxMessage.objects.filter(kind="booking.notification").update(
            due_at=NINE + timedelta(days=40), state=OutboxState.PENDING
        )
        erasure = erase(zoe, alice, tells=True)
        assert erasure.wiped_at is None
        assert tables_of(link.owner_kind).person.objects.filter(pk=zoe.pk).exists()
        clock.shift(erasing.WAITS_FOR_MAILS + timedelta(seconds=1))
        erasing.work_off(erasure)
        erasure.refresh_from_db()
        assert erasure.wiped_at is not None
        assert found_in(dump()) == []


class TestPages:
    def test_the_question_counts_and_names_what_stays(self, link, zoe, alice, sign_in, workspace):
        BookingBlock.objects.create(
            workspace=workspace, kind="email", value=ZOE.email, added_by="Alice"
        )
        page = sign_in(alice).get(f"/people/{zoe.pk}/erase").text
        assert "3 meetings" in page
        assert "block list" in page
        assert tables_of(link.owner_kind).person.objects.filter(pk=zoe.pk).exists()

    def test_events_of_staff_that_name_them_are_counted(
        self, link, zoe, alice, sign_in, connect, user_owner, copy_events
    ):
        connection = connect(user_owner, "google", email="mine@google.example")
        calendar = connection.calendars.get() if hasattr(connection, "calendars") else None
        if calendar is None:
            from calendars.models import Calendar

            calendar = Calendar.objects.filter(user_connection=connection).first()
        make_event(calendar, "Lunch", attendees=[{"email": ZOE.email}])
        page = sign_in(alice).get(f"/people/{zoe.pk}/erase").text
        assert "1 event" in page

    def test_owners_and_admins_erase_and_others_do_not(
        self, link, zoe, alice, bob, sign_in, workspace
    ):
        auditor = make_user("Otto")
        make_member(workspace, auditor, role=Role.AUDITOR)
        for somebody in (bob, auditor):
            browser = sign_in(somebody)
            assert browser.get(f"/people/{zoe.pk}/erase").status_code == 404
            assert browser.post(f"/people/{zoe.pk}/erase", {"sure": "1"}).status_code == 404
            assert browser.get(f"/people/{zoe.pk}/data").status_code == 404
            assert browser.get("/people/erasures").status_code == (
                200 if somebody is auditor else 404
            )
        assert Erasure.objects.count() == 0
        answer = sign_in(alice).post(f"/people/{zoe.pk}/erase", {"tells": "no"})
        assert (answer.status_code, answer.url) == (302, "/people/erasures")
        assert found_in(dump()) == []

    def test_the_same_address_elsewhere_goes_along_if_chosen(
        self, link, zoe, alice, workspace, sign_in
    ):
        other = make_client(workspace, "Osprey")
        there = add_person(
            owner=ClientOwner(workspace=workspace, client=other),
            details=PersonDetails(ZOE.name, ZOE.email),
        )
        sign_in(alice).post(f"/people/{zoe.pk}/erase", {"tells": "no", "also": [str(there.pk)]})
        assert Erasure.objects.count() == 2
        assert found_in(dump()) == []

    def test_was_this_person_erased(self, link, zoe, alice, sign_in):
        browser = sign_in(alice)
        erase(zoe, alice)
        asked = browser.post("/people/erasures", {"email": ZOE.email})
        assert "was erased" in asked.text
        assert "Nobody with" in browser.post("/people/erasures", {"email": BEN.email}).text
        assert browser.post("/people/erasures", {"email": "x"}).status_code == 422


class TestExportOfOne:
    def test_everything_held_is_in_it(self, link, zoe, alice, sign_in):
        deliver_all()
        answer = sign_in(alice).get(f"/people/{zoe.pk}/data")
        assert answer["Content-Disposition"].startswith("attachment")
        held = answer.json()
        assert held["person"]["email"] == ZOE.email
        assert held["person"]["phone"] == ZOE.phone
        assert [one["message"] for one in held["meetings"]][:2] == [
            "Bring the xylophone",
            "xylophone",
        ]
        changes = [change for one in held["meetings"] for change in one["changes"]]
        assert "Gone to Zanzibar" in [change["message"] for change in changes]
        assert [one["text"] for one in held["notes"]] == ["Zoë likes the xylophone"]
        assert len(held["invited_to"]) == 1
        assert held["proofs"][0]["email"] == ZOE.email

    def test_nobody_elses_words_are_in_it(self, link, zoe, alice, sign_in):
        text = sign_in(alice).get(f"/people/{zoe.pk}/data").content.decode()
        assert BEN.email not in text
        assert "c@x.example" not in text
