"""One example for each of RFC 5546, and mails in the forms of RFC 6047, with what becomes of each.

Those of an organiser come to an owner who is `bo@example.com`, those of a guest to the meeting.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from booking.enums import MailReason
from booking.itip.post import read_mail
from booking.itip.rules import (
    CallOff,
    Count,
    InvitationFacts,
    Keep,
    MeetingFacts,
    Nothing,
    Review,
    decide_invitation,
    decide_reply,
)
from booking.itip.shapes import Message, Method
from tests.booking.mails import mail, nested, part

TEXT = (Path(__file__).parent / "itip_examples.txt").read_text(encoding="ascii")
EXAMPLES = dict(
    re.findall(
        r"^# (\d[\w.]*) [^\n]*\n(BEGIN:VCALENDAR\n.*?END:VCALENDAR)$",
        TEXT,
        re.MULTILINE | re.DOTALL,
    )
)
NOW = datetime(2027, 12, 1, 9, tzinfo=UTC)
A, B, C, D, E = (f"{name}@example.com" for name in ("ada", "bo", "cleo", "dev", "eli"))
KNOWN = InvitationFacts(
    organizer=A, sender=A, sequence=0, stamped_at=datetime(2027, 1, 1, tzinfo=UTC),
    is_cancelled=False, is_proven=False,
)  # fmt: skip

# Who sends it, what the owner knows of it, and what becomes of it: a decision, or why it waits.
AT_AN_OWNER = {
    "4.1.1": (A, None, MailReason.METHOD),
    "4.1.2": (A, None, MailReason.METHOD),
    "4.1.3": (A, None, MailReason.UNKNOWN_EVENT),
    "4.1.4": (A, None, MailReason.METHOD),
    "4.1.5": (A, None, MailReason.METHOD),
    "4.2.1": (A, None, MailReason.MALFORMED),  # its end has a digit too many
    "4.2.3": (A, KNOWN, Keep),
    "4.2.4a": (A, None, Keep),
    "4.2.4c": (A, KNOWN, Keep),
    "4.2.4d": (A, KNOWN, MailReason.METHOD),
    "4.2.5b": (C, None, MailReason.WRONG_SENDER),  # a guest hands it on
    "4.2.7b": (A, None, MailReason.NOT_INVITED),
    "4.2.9": (A, KNOWN, CallOff),
    "4.2.10a": (A, KNOWN, CallOff),
    "4.2.10b": (A, KNOWN, MailReason.NOT_INVITED),
    "4.2.11": (B, None, Keep),
    "4.3.1": (A, None, MailReason.COMPONENT),
    "4.3.2": (A, None, MailReason.COMPONENT),
    "4.4.1": (A, None, MailReason.NOT_INVITED),
    "4.4.2a": (A, None, Keep),
    "4.4.2b": (A, KNOWN, MailReason.INSTANCE),
    "4.4.3": (A, KNOWN, MailReason.INSTANCE),
    "4.4.4": (A, KNOWN, CallOff),
    "4.4.5": (A, KNOWN, MailReason.INSTANCE),
    "4.4.6": (A, KNOWN, MailReason.METHOD),
    "4.4.7a": (A, None, Keep),
    "4.4.7b": (A, KNOWN, Keep),
    "4.4.8a": (A, None, Keep),
    "4.4.8b": (A, KNOWN, MailReason.INSTANCE),
    "4.4.8c": (A, KNOWN, MailReason.METHOD),
    "4.4.8d": (A, KNOWN, MailReason.MALFORMED),  # one occurrence has no organiser
    "4.4.10a": (A, None, Keep),
    "4.5.1": (A, None, MailReason.COMPONENT),
    "4.5.3": (A, None, MailReason.COMPONENT),
    "4.5.6": (A, None, MailReason.COMPONENT),
    "4.5.7.1": (A, None, MailReason.COMPONENT),
    "4.6": (A, None, MailReason.COMPONENT),
    "4.7.2a": (A, KNOWN, MailReason.INSTANCE),
}
AT_A_MEETING = {
    "4.2.2": (B, Count),
    "4.2.4b": (B, MailReason.COUNTER),
    "4.2.5a": (C, MailReason.DELEGATED),
    "4.2.6": (E, MailReason.DELEGATED),
    "4.2.7a": (E, MailReason.DELEGATED),
    "4.3.3": (B, MailReason.COMPONENT),
    "4.4.9": (B, MailReason.COUNTER),
    "4.4.10b": (B, Nothing),  # it says that a program failed, and no answer
    "4.5.2": (B, MailReason.COMPONENT),
    "4.5.4": (B, MailReason.COMPONENT),
    "4.5.5": (B, MailReason.COMPONENT),
    "4.5.7.2": (B, MailReason.COMPONENT),
    "4.7.1": (B, MailReason.METHOD),
    "4.7.2b": (B, MailReason.METHOD),
}


def read(text, sender):
    return read_mail(mail(part(text.replace("\n", "\r\n") + "\r\n"), from_=sender))


def said(decision):
    """A review by its reason, anything else by its kind."""
    if isinstance(decision, Review):
        assert decision.words.endswith(".")
        return decision.reason
    return type(decision)


def test_every_example_has_its_place():
    assert len(EXAMPLES) == TEXT.count("BEGIN:VCALENDAR") == 52
    assert set(AT_AN_OWNER) | set(AT_A_MEETING) == set(EXAMPLES)


@pytest.mark.parametrize("name", AT_AN_OWNER)
def test_what_an_organiser_sends(name):
    sender, kept, expected = AT_AN_OWNER[name]
    assert said(decide_invitation(read(EXAMPLES[name], sender), kept, [B])) == expected


@pytest.mark.parametrize("name", AT_A_MEETING)
def test_what_a_guest_sends(name):
    sender, expected = AT_A_MEETING[name]
    uid = re.search(r"^UID:(.*)$", EXAMPLES[name], re.MULTILINE)[1]
    meeting = MeetingFacts(uid=uid, sequence=0, invited=(B, C, D), sent_sequence={}, answers={})
    assert said(decide_reply(read(EXAMPLES[name], sender), meeting, NOW)) == expected


def test_a_zone_of_its_own_is_read_by_its_rules():
    """4.4.1: 9:15 on Skerry Island in June, a zone that only the message knows."""
    found = read(EXAMPLES["4.4.1"], A).content
    assert found.main.start.at == datetime(2027, 6, 9, 12, 45, tzinfo=UTC)
    assert [one.email for one in found.main.attendees] == [A, "bo@example.org", "cleo@example.net"]


# --- RFC 6047, section 4: the forms of the mail around it ---

WALK = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Meridian//One of each//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:glasshouse-14@garden.example.com
SEQUENCE:0
DTSTAMP:20270419T070500Z
DTSTART:20270514T083000Z
DTEND:20270514T091500Z
SUMMARY:Walk through the glasshouse
STATUS:CONFIRMED
ORGANIZER:mailto:mia@example.com
ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:mia@example.com
ATTENDEE;CUTYPE=INDIVIDUAL;RSVP=YES:mailto:noor@example.com
END:VEVENT
END:VCALENDAR
"""
ALONE = part(WALK, method="REQUEST", charset="US-ASCII", coding="7bit")
SEEDS = part(b"PK\x03\x04\xf7", "application/zip", coding="base64", name="seeds.zip")
MAILS = {
    "4.1, alone": ALONE,
    "4.2, beside plain text": nested(part("14 May, at the glass door", "text/plain"), ALONE),
    "4.3, with what it attaches": nested(
        part(WALK.replace("SEQUENCE", "ATTACH:cid:seeds.14@example.com\nSEQUENCE"),
             method="REQUEST", name="walk.ics"),
        SEEDS, kind="related",
    ),
    "4.6, both": nested(
        nested(part("14 May, at the glass door", "text/plain"), ALONE, boundary="--7PEAR"),
        SEEDS, kind="related", boundary="--PEAR",
    ),
    "a boundary that never ends": nested(part("14 May", "text/plain"), ALONE)[:-4] + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("form", MAILS)
def test_a_mail_of_rfc_6047_invites(form):
    found = read_mail(mail(MAILS[form], from_="mia@example.com"))
    assert isinstance(found.content, Message), found.content
    assert found.content.method is Method.REQUEST
    assert isinstance(decide_invitation(found, None, ["noor@example.com"]), Keep)


def test_an_event_and_a_task_in_one_mail_are_two_things():
    """RFC 6047, 4.5."""
    task = WALK.replace("VEVENT", "VTODO").replace("DTEND", "DUE")
    found = read_mail(mail(nested(ALONE, part(task, method="REQUEST"), kind="mixed")))
    assert found.content.reason == MailReason.COMPONENT


def test_several_events_published_at_once_are_no_invitation():
    """RFC 6047, 4.4."""
    second = WALK[WALK.index("BEGIN:VEVENT") : WALK.index("END:VCALENDAR")]
    both = WALK.replace("END:VCALENDAR", second.replace("UID:", "UID:2-") + "END:VCALENDAR")
    found = read_mail(mail(part(both.replace("REQUEST", "PUBLISH"), method="PUBLISH")))
    assert found.content.reason == MailReason.MISMATCH
