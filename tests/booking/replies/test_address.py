"""The address of a meeting: which files name it, and what is nobody's."""

from __future__ import annotations

import pytest
from django.core import mail as post
from icalendar import Calendar

from booking import inbound
from booking.services import changes
from tests.booking.conftest import NOW, book, deliver_all
from tests.booking.replies.conftest import ANN, HERE, booked
from tests.booking.test_changes import GUEST, TEN

pytestmark = pytest.mark.django_db


def organizers(letter):
    return [
        str(one["ORGANIZER"])
        for file in letter.attachments
        for one in Calendar.from_ical(file.get_payload(decode=True)).walk("VEVENT")
    ]


def test_files_name_the_meetings_own_address_and_mails_the_owners(link, owner):
    meeting = book(link)
    deliver_all()
    (letter,) = [one for one in post.outbox if one.to == [ANN]]
    assert organizers(letter) == [f"mailto:{inbound.reply_address(meeting.pk)}"]
    assert letter.reply_to == [owner.notice_email]


def test_without_a_domain_files_name_the_owner(link, owner, settings):
    settings.INBOUND_DOMAIN = ""
    book(link)
    deliver_all()
    (letter,) = [one for one in post.outbox if one.to == [ANN]]
    assert organizers(letter) == [f"mailto:{owner.notice_email}"]


def test_a_calendar_keeps_the_organiser_that_its_first_file_named(link, owner, settings):
    settings.INBOUND_DOMAIN = ""
    meeting = booked(link)
    settings.INBOUND_DOMAIN = HERE
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    (letter,) = [one for one in post.outbox if one.to == [ANN]]
    assert organizers(letter) == [f"mailto:{owner.notice_email}"]


def test_files_of_before_that_was_noted_name_the_owner_for_good(link, owner):
    meeting = booked(link)
    meeting.told["booker"]["organizer"] = ""
    meeting.save()
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    (letter,) = [one for one in post.outbox if one.to == [ANN]]
    assert organizers(letter) == [f"mailto:{owner.notice_email}"]


class TestAddress:
    def test_it_survives_what_servers_do_to_it(self, meeting):
        address = inbound.reply_address(meeting.pk)
        assert len(address.partition("@")[0]) <= 64
        assert address == address.lower()
        assert inbound.read_address(f" {address.upper()} ").row_id == meeting.pk

    def test_it_holds_after_the_secret_key_was_changed(self, meeting, settings):
        address = inbound.reply_address(meeting.pk)
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "x" * 60
        assert inbound.read_address(address).row_id == meeting.pk

    @pytest.mark.parametrize("place", [6, 20, 32, 33, 45, 57])
    def test_another_letter_makes_it_nobodys(self, meeting, place):
        address = inbound.reply_address(meeting.pk)
        other = "b" if address[place] == "a" else "a"
        assert inbound.read_address(address[:place] + other + address[place + 1 :]) is None

    def test_an_address_for_answers_invites_nobody(self, meeting):
        address = inbound.reply_address(meeting.pk)
        assert inbound.read_address(address.replace("reply+", "invite+")) is None

    def test_the_domain_has_to_be_ours(self, meeting):
        address = inbound.reply_address(meeting.pk)
        assert inbound.read_address(address.replace(HERE, f"{HERE}.evil.example")) is None
