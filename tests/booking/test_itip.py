"""What is read of a mail: the methods of RFC 5546 as its section 4 has them, and times."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from booking.enums import MailReason
from booking.itip.shapes import Message, Method
from tests.booking.mails import ZONE, calendar, event, read, reply


def message(text, method="", **options):
    found = read(text, method, **options)
    assert isinstance(found, Message), found
    return found


def starts(**said):
    """The start of an event that is read out of a REQUEST."""
    before = said.pop("before", ())
    found = message(calendar(event(**said), method="REQUEST", before=before))
    return found.main.start


class TestMessages:
    def test_a_reply_says_who_answers_what(self):
        """RFC 5546, 4.2.2: one attendee, their PARTSTAT, UID, SEQUENCE and DTSTAMP."""
        found = message(calendar(reply("DECLINED", SEQUENCE="1", COMMENT="I am\\, alas\\, away")))
        answer = found.main
        assert (found.method, found.uid) == (Method.REPLY, "u1@meridian.example")
        assert answer.attendees[0].email == "ann@tallship.example"
        assert answer.attendees[0].answer == "declined"
        assert answer.sequence == 1
        assert answer.stamped_at == datetime(2026, 11, 18, 9, 5, tzinfo=UTC)
        assert answer.comment == "I am, alas, away"

    def test_of_a_reply_neither_time_nor_title_is_needed(self):
        found = message(calendar(reply(DTSTART=None, DTEND=None, SUMMARY=None)))
        assert found.main.start is None

    def test_a_reply_to_a_series_and_one_occurrence_is_one_message(self):
        """As Cyrus sends it: two VEVENTs, the series and an instance."""
        instance = reply("DECLINED", **{"RECURRENCE-ID": "20261126T080000Z"})
        found = message(calendar(reply("ACCEPTED"), instance))
        assert found.main.attendees[0].answer == "accepted"
        assert len(found.events) == 2

    def test_a_request_says_when_and_where(self):
        """RFC 5546, 4.2.1."""
        lines = ["ATTENDEE;RSVP=TRUE;CN=Alice:mailto:alice@example.com", "LOCATION:Room 1\\; left"]
        found = message(calendar(event(*lines), method="REQUEST"), method="REQUEST")
        asked = found.main
        assert asked.title == "Intro call"
        assert asked.location == "Room 1; left"
        assert asked.start.at == datetime(2026, 11, 19, 8, tzinfo=UTC)
        assert asked.end.at == datetime(2026, 11, 19, 8, 30, tzinfo=UTC)
        assert asked.attendees[0].name == "Alice"

    def test_a_request_may_repeat(self):
        """RFC 5546, 4.4."""
        rule = "FREQ=WEEKLY;COUNT=5"
        found = message(calendar(event(RRULE=rule), method="REQUEST"))
        assert found.main.recurrence == (f"RRULE:{rule}",)

    def test_a_cancellation_needs_no_time(self):
        """RFC 5546, 4.2.9."""
        gone = event(DTSTART=None, DTEND=None, STATUS="CANCELLED", SEQUENCE="2")
        assert message(calendar(gone, method="CANCEL")).main.sequence == 2

    def test_a_counter_proposes_a_time(self):
        """RFC 5546, 4.2.7."""
        found = message(
            calendar(
                reply("DECLINED", DTSTART="20261120T100000Z", DTEND="20261120T103000Z"),
                method="COUNTER",
            )
        )
        assert found.main.start.at == datetime(2026, 11, 20, 10, tzinfo=UTC)

    @pytest.mark.parametrize("method", ["REFRESH", "DECLINECOUNTER", "ADD", "PUBLISH"])
    def test_the_other_methods_are_known_by_name(self, method):
        """RFC 5546, 4.1.1, 4.2.4, 4.2.6 and 4.4.3."""
        assert message(calendar(reply(), method=method)).method == method


class TestTimes:
    def test_an_instant_is_utc(self):
        assert starts().zone == "UTC"

    @pytest.mark.parametrize(
        ("name", "zone"),
        [
            ("Europe/Berlin", "Europe/Berlin"),
            ("W. Europe Standard Time", "Europe/Berlin"),
            ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
            ("/mozilla.org/20050126_1/America/Argentina/Salta", "America/Argentina/Salta"),
        ],
    )
    def test_a_zone_goes_by_its_name(self, name, zone):
        said = starts(
            DTSTART=f";TZID={name}:20260701T090000", DTEND=f";TZID={name}:20260701T093000"
        )
        assert said.zone == zone

    def test_a_name_outranks_what_is_shipped_under_it(self):
        """Programs cut what they ship: these rules would say 09:00 +01:00 in July, too."""
        cut = [
            "BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:20251026T030000",
            "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
        ]  # fmt: skip
        zone = ";TZID=Europe/Berlin:20260701T"
        said = starts(DTSTART=f"{zone}090000", DTEND=f"{zone}093000", before=cut)
        assert said.at == datetime(2026, 7, 1, 7, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("day", "hour"),
        [("20260701", 7), ("20261224", 8), ("20260328", 8), ("20260330", 7), ("20261026", 8)],
    )
    def test_an_unknown_zone_goes_by_what_is_shipped(self, day, hour):
        zone = f';TZID="Our own time":{day}T'
        said = starts(DTSTART=f"{zone}090000", DTEND=f"{zone}093000", before=ZONE)
        assert (said.at.hour, said.zone) == (hour, "")

    def test_a_zone_that_nobody_knows_is_refused(self):
        zone = ";TZID=Nowhere:20260701T"
        found = read(
            calendar(event(DTSTART=f"{zone}090000", DTEND=f"{zone}1000"), method="REQUEST")
        )
        assert found.reason == MailReason.MALFORMED

    def test_a_date_is_a_whole_day(self):
        said = starts(DTSTART=";VALUE=DATE:20261119", DTEND=None)
        assert said.on == date(2026, 11, 19)

    def test_a_floating_time_has_no_instant(self):
        said = starts(DTSTART="20261119T090000", DTEND=None, DURATION="PT30M")
        assert (said.at, said.wall) == (None, datetime(2026, 11, 19, 9))

    def test_a_length_takes_the_place_of_an_end(self):
        found = message(calendar(event(DTEND=None, DURATION="P1DT2H"), method="REQUEST"))
        assert found.main.end.at == datetime(2026, 11, 20, 10, tzinfo=UTC)
