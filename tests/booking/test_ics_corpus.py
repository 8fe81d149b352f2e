"""Every kind of calendar file we send, as real services make it, byte for byte.

`make corpus` writes the files in `tests/booking/ics` anew; what changed in them is for review.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.booking.conftest import NINE, NOW
from tests.booking.ics_reading import READERS
from tests.booking.ics_stories import BOOKED_IDS, STORIES, Story, freeze_ids

CORPUS = Path(__file__).parent / "ics"
RENEW = bool(os.environ.get("RENEW_CORPUS"))


@pytest.mark.django_db
@pytest.mark.parametrize("name", STORIES)
def test_a_story_sends_the_files_of_the_corpus(
    name, clock, request, monkeypatch, settings, connect, sandbox
):
    owner = request.getfixturevalue("user_owner" if name == "member" else "client_owner")
    freeze_ids(monkeypatch, settings)
    story = Story(owner, clock, connect=connect, sandbox=sandbox)
    STORIES[name](story)
    sent = {f"{name}-{step}.ics": content for step, content in story.files.items()}
    if RENEW:
        for old in CORPUS.glob(f"{name}-*.ics"):
            old.unlink()
        for file, content in sent.items():
            (CORPUS / file).write_bytes(content)
    kept = {path.name: path.read_bytes() for path in CORPUS.glob(f"{name}-*.ics")}
    assert sorted(sent) == sorted(kept)
    for file, content in sent.items():
        assert content == kept[file], f"{file} is another one; see `make corpus`"


# --- What calendars understand ---

DESK, BOOKINGS, ALICE = "desk@northgate.example", "bookings@meridian.example", "alice@example.com"
ANN, CY = ("ann@tallship.example", "Ann Other"), ("cy@tallship.example", "Cy Guest")
NORTHGATE, SOUTHGATE = (DESK, "Northgate"), ("desk@southgate.example", "Southgate")
COMER = ("omri@tallship.example", "Omri Guest")
OMRI = ("omri@tallship.example", "עמרי; מיכל")
ZOE = ("zoe+50%25@lindqvist.example", "Zoë 'Ace' O'Neill: ﷺ 👩\u200d🚀")
QUAY, ALESUND = "Quay 3; back door, first floor", "Ålesund " + "漢" * 40
GOOGLE, ROOM = "https://sandbox.test/meet/", "https://meridian.example/join/"
ON, MAYBE, OFF = ("REQUEST", "CONFIRMED"), ("REQUEST", "TENTATIVE"), ("CANCEL", "CANCELLED")
# The event goes on without whom this takes off it: then no status is said (RFC 5546, 3.2.5).
AWAY = ("CANCEL", "")

# By file: how it is sent, its sequence, hours after nine, organiser, whom it is for, where.
EXPECTED = {
    "life-booked-booker": (ON, 0, 0, DESK, [ANN, CY], ""),
    "life-booked-guest": (ON, 0, 0, DESK, [ANN, CY], ""),
    "life-booked-owner": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "life-moved-booker": (ON, 1, 1, DESK, [ANN, CY], ""),
    "life-moved-guest": (ON, 1, 1, DESK, [ANN, CY], ""),
    "life-moved-owner": (ON, 1, 1, BOOKINGS, [NORTHGATE], ""),
    "life-moved-again-booker": (ON, 2, 2, DESK, [ANN, CY], ""),
    "life-moved-again-guest": (ON, 2, 2, DESK, [ANN, CY], ""),
    "life-moved-again-owner": (ON, 2, 2, BOOKINGS, [NORTHGATE], ""),
    "life-cancelled-booker": (OFF, 3, 2, DESK, [ANN, CY], ""),
    "life-cancelled-guest": (OFF, 3, 2, DESK, [ANN, CY], ""),
    "life-cancelled-owner": (OFF, 3, 2, BOOKINGS, [NORTHGATE], ""),
    "member-booked-booker": (ON, 0, 0, ALICE, [ANN], ""),
    "member-booked-owner": (ON, 0, 0, BOOKINGS, [(ALICE, "Alice")], ""),
    "member-cancelled-booker": (OFF, 1, 0, ALICE, [ANN], ""),
    "member-cancelled-owner": (OFF, 1, 0, BOOKINGS, [(ALICE, "Alice")], ""),
    "approval-approved-booker": (ON, 1, 0, DESK, [ANN, CY], ""),
    "approval-approved-guest": (ON, 1, 0, DESK, [ANN, CY], ""),
    "approval-approved-owner": (ON, 1, 0, BOOKINGS, [NORTHGATE], ""),
    "approval-asked-again-booker": (MAYBE, 2, 1, DESK, [ANN, CY], ""),
    "approval-asked-again-guest": (MAYBE, 2, 1, DESK, [ANN, CY], ""),
    "approval-asked-again-owner": (MAYBE, 2, 1, BOOKINGS, [NORTHGATE], ""),
    "approval-declined-booker": (OFF, 3, 1, DESK, [ANN, CY], ""),
    "approval-declined-guest": (OFF, 3, 1, DESK, [ANN, CY], ""),
    "approval-declined-owner": (OFF, 3, 1, BOOKINGS, [NORTHGATE], ""),
    "expiry-approved-booker": (ON, 1, 0, DESK, [ANN], ""),
    "expiry-approved-owner": (ON, 1, 0, BOOKINGS, [NORTHGATE], ""),
    "expiry-asked-again-booker": (MAYBE, 2, 1, DESK, [ANN], ""),
    "expiry-asked-again-owner": (MAYBE, 2, 1, BOOKINGS, [NORTHGATE], ""),
    "expiry-expired-booker": (OFF, 3, 1, DESK, [ANN], ""),
    "expiry-expired-owner": (OFF, 3, 1, BOOKINGS, [NORTHGATE], ""),
    "late-link-booked-booker": (ON, 0, 0, DESK, [ANN], ""),
    "late-link-link-booker": (ON, 1, 0, DESK, [ANN], GOOGLE),
    "hand-over-booked-booker": (ON, 0, 0, DESK, [ANN], ""),
    "hand-over-booked-owner": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "hand-over-given-booker": (ON, 1, 0, DESK, [ANN], ""),
    "hand-over-given-new-owner": (ON, 1, 0, BOOKINGS, [SOUTHGATE], ""),
    "hand-over-given-owner": (AWAY, 1, 0, BOOKINGS, [NORTHGATE], ""),
    "seats-booked-booker": (ON, 0, 0, DESK, [ANN], ""),
    "seats-booked-second": (ON, 0, 0, DESK, [("bea@lindqvist.example", "Bea Lindqvist")], ""),
    "seats-booked-owner-of-1": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "seats-booked-owner-of-2": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "guests-booked-booker": (ON, 0, 0, DESK, [ANN, CY], ""),
    "guests-booked-guest": (ON, 0, 0, DESK, [ANN, CY], ""),
    "guests-booked-owner": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "guests-others-booker": (ON, 1, 0, DESK, [ANN, COMER], ""),
    "guests-others-guest": (AWAY, 1, 0, DESK, [(CY[0], "")], ""),
    "guests-others-new-guest": (ON, 1, 0, DESK, [ANN, COMER], ""),
    "guests-others-owner": (ON, 1, 0, BOOKINGS, [NORTHGATE], ""),
    "telehealth-booked-booker": (ON, 0, 0, DESK, [ANN, CY], ROOM),
    "telehealth-booked-guest": (ON, 0, 0, DESK, [ANN, CY], ROOM),
    "place-booked-booker": (ON, 0, 0, DESK, [ANN], QUAY),
    "place-booked-owner": (ON, 0, 0, BOOKINGS, [NORTHGATE], QUAY),
    "odd-booked-booker": (ON, 0, 0, DESK, [ZOE, OMRI], ALESUND),
    "odd-booked-guest": (ON, 0, 0, DESK, [ZOE, OMRI], ALESUND),
    "odd-booked-owner": (ON, 0, 0, BOOKINGS, [NORTHGATE], ALESUND),
    "languages-booked-booker-de": (ON, 0, 0, DESK, [("de@tallship.example", ANN[1])], ""),
    "languages-booked-booker-fr": (ON, 0, 1, DESK, [("fr@tallship.example", ANN[1])], ""),
    "languages-booked-booker-es": (ON, 0, 2, DESK, [("es@tallship.example", ANN[1])], ""),
    "languages-booked-owner-de": (ON, 0, 0, BOOKINGS, [NORTHGATE], ""),
    "languages-booked-owner-fr": (ON, 0, 1, BOOKINGS, [NORTHGATE], ""),
    "languages-booked-owner-es": (ON, 0, 2, BOOKINGS, [NORTHGATE], ""),
}
UIDS = {f"{one}@meridian.example" for one in BOOKED_IDS}
EVERY_FILE = sorted(path.stem for path in CORPUS.glob("*.ics"))


def content_of(name):
    return (CORPUS / f"{name}.ics").read_bytes()


def test_every_file_has_its_expectation():
    assert sorted(EXPECTED) == EVERY_FILE


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", EVERY_FILE)
def test_a_calendar_understands_what_was_meant(name, reader):
    read = READERS[reader](content_of(name))
    (method, status), sequence, hours, organizer, attendees, place = EXPECTED[name]
    assert (read.method, read.status, read.sequence) == (method, status, sequence)
    start = NINE + timedelta(hours=hours)
    assert (read.start, read.end) == (start, start + timedelta(minutes=30))
    assert read.uid in UIDS
    assert NOW <= read.stamp < NOW + timedelta(hours=2)
    assert (read.organizer[0], list(read.attendees)) == (organizer, attendees)
    # Every mail comes from the installation's own mailbox: Zimbra would answer there, and not to
    # the organiser.
    assert read.sent_by == ""
    assert organizer not in [address for address, _name in attendees]
    is_on = method == "REQUEST"
    assert (read.is_busy, read.is_asked) == (is_on, is_on)
    assert read.alarms == ((timedelta(days=-1),) if is_on else ())
    if place.startswith("https:"):
        assert read.location.startswith(place)
        assert (read.url, read.conferences) == (read.location, (read.location,))
    else:
        assert (read.location, read.url, read.conferences) == (place, "", ())


@pytest.mark.parametrize("name", EVERY_FILE)
def test_the_two_libraries_agree(name):
    one, other = (read(content_of(name)) for read in READERS.values())
    assert one == other


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("life-booked-booker", "Intro call with Northgate"),
        ("life-booked-guest", "Intro call with Northgate"),
        ("life-booked-owner", "Intro call: Ann Other"),
        ("member-booked-booker", "Intro call with Alice"),
        ("hand-over-given-booker", "Intro call with Southgate"),
        ("seats-booked-owner-of-2", "Intro call: Bea Lindqvist"),
        ("languages-booked-booker-de", "Intro call mit Northgate"),
        ("languages-booked-booker-fr", "Intro call avec Northgate"),
        ("languages-booked-booker-es", "Intro call con Northgate"),
        ("languages-booked-owner-de", "Intro call: Ann Other"),
    ],
)
def test_a_summary_says_whom_the_reader_meets(name, summary):
    assert {read(content_of(name)).summary for read in READERS.values()} == {summary}


def test_what_the_booker_typed_is_read_by_booker_and_owner_as_typed():
    typed = "“The plans; and a pen, \\n a second one.\nAnn”"
    for name, label in (("booker", "You wrote"), ("owner", "They wrote")):
        for read in READERS.values():
            assert f"{label}: {typed}" in read(content_of(f"life-booked-{name}")).description
    assert "plans" not in content_of("life-booked-guest").decode()


@pytest.mark.parametrize("name", EVERY_FILE)
def test_the_bytes_are_as_rfc_5545_wants_them(name):
    content = content_of(name)
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert all(0 < len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    assert all(line.decode() for line in lines)  # no character is cut in two
    assert b"VTIMEZONE" not in content
    assert b"TZID" not in content
    for line in content.replace(b"\r\n ", b"").split(b"\r\n"):
        if line.startswith((b"DTSTART", b"DTEND", b"DTSTAMP")):
            assert re.fullmatch(rb"DT(START|END|STAMP):\d{8}T\d{6}Z", line)
