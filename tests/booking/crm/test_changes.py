"""Meetings that change, and leads and notes that people change in Close: one note follows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from booking.models import CrmNote
from booking.services import changes
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all
from tests.booking.crm.conftest import DOER, Crm, rows, settle

pytestmark = pytest.mark.django_db


class TestChanges:
    @pytest.fixture
    def meeting(self, crm, user_link):
        made = book(user_link)
        deliver_all()
        return made

    def test_move_and_cancel_change_the_one_note(self, crm, meeting, clock):
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        deliver_all()
        assert "10:00 \N{EN DASH} 10:30" in crm.notes[0]
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now, message="Ill")
        deliver_all()
        assert len(crm.notes) == 1
        assert crm.notes[0].startswith("Intro call: Cancelled. Ill\n")

    def test_no_show_and_back_are_told_each_time(self, crm, meeting, clock):
        clock.move_to(NINE + HALF_HOUR)
        for is_no_show, words in ((True, "did not come"), (False, "Confirmed"), (True, "did not")):
            changes.mark_no_show(
                meeting=meeting, doer=DOER, now=datetime.now(UTC), is_no_show=is_no_show
            )
            deliver_all()
            assert words in crm.notes[0]

    def test_hand_over_names_the_new_host(self, crm, meeting, bob_owner):
        changes.reassign_meeting(meeting=meeting, to=bob_owner, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert "With: Bob" in crm.notes[0]
        assert len(crm.leads) == len(crm.notes) == 1

    def test_what_was_outrun_is_not_written(self, crm, user_link):
        meeting = book(user_link)
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now)
        deliver_all()
        assert crm.notes[0].startswith("Intro call: Cancelled")
        assert len(crm.sandbox.calls("close.notes.create")) == 1
        assert crm.sandbox.calls("close.notes.update") == []

    def test_words_people_put_below_ours_stay(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        note["note"] += "\nCall her back on Friday"
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes[0].startswith("Intro call: Cancelled")
        assert crm.notes[0].endswith("\nCall her back on Friday")

    def test_note_that_lost_our_part_is_left_to_its_author(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        note["note"] = "Mine now"
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.notes == ["Mine now"]
        assert [one.state for one in rows()] == ["sent", "sent"]

    def test_note_deleted_in_close_is_not_written_again(self, crm, meeting):
        (note,) = crm.sandbox.store.all("close_note")
        crm.sandbox.store.drop("close_note", note["id"])
        now = datetime.now(UTC)
        changes.move_meeting(meeting=meeting, start=NINE + 2 * HALF_HOUR, doer=DOER, now=now)
        deliver_all()
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=now)
        deliver_all()
        assert crm.notes == []
        assert CrmNote.objects.get().is_gone
        assert {one.state for one in rows()} == {"sent"}

    def test_meeting_of_before_the_key_is_left_alone(self, sandbox, workspace, actor, user_link):
        meeting = book(user_link)
        deliver_all()
        crm = Crm(sandbox, workspace, actor)
        crm.keep()
        changes.cancel_meeting(meeting=meeting, doer=DOER, now=datetime.now(UTC))
        deliver_all()
        assert crm.leads == []


class TestGone:
    def test_lead_deleted_in_close_is_made_anew_for_the_next_meeting(self, crm, user_link, clock):
        book(user_link)
        deliver_all()
        for kind in ("close_lead", "close_contact", "close_note"):
            for one in crm.sandbox.store.all(kind):
                crm.sandbox.store.drop(kind, one["id"])
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock)
        assert len(crm.leads) == len(crm.contacts) == len(crm.notes) == 1

    def test_lead_merged_away_is_found_where_its_contact_went(self, crm, user_link, clock):
        book(user_link)
        deliver_all()
        other = crm.add_lead("office@tallship.example")
        (old,) = [one for one in crm.leads if one["id"] != other["id"]]
        crm.sandbox.store.drop("close_lead", old["id"])
        for kind in ("close_contact", "close_note"):
            for one in crm.sandbox.store.all(kind):
                crm.sandbox.store.put(kind, one["id"], {**one, "lead": other["id"]})
        book(user_link, start=NINE + HALF_HOUR)
        settle(clock)
        assert [one["id"] for one in crm.leads] == [other["id"]]
        assert len(crm.notes) == 2
