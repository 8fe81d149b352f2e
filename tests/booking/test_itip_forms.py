"""The forms that mail programs give a message, and what is refused before it costs anything."""

from __future__ import annotations

import time
from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from booking.enums import MailReason
from booking.itip.post import read_mail
from booking.itip.shapes import Envelope, Message, Refusal
from tests.booking.mails import STAMP, ZONE, calendar, event, mail, nested, part, read, reply

# Forms in which one and the same reply comes, and all of them are read.
REPLY = calendar(reply())
FORMS = {
    "alone": part(REPLY, method="REPLY"),
    "quoted-printable, as Cyrus": nested(
        part("Ann accepts.", "text/plain"),
        part(REPLY, method="REPLY", coding="quoted-printable"),
        part(REPLY, "application/ics", coding="base64", name="event.ics", charset=""),
    ),
    "base64, as Outlook": nested(
        part("", "text/plain"),
        part(REPLY, method="REPLY", coding="base64"),
        part("<html><script>alert(1)</script></html>", "text/html"),
    ),
    "mixed around alternative, as Google": nested(
        nested(
            part("Accepted", "text/plain"),
            part("<b>Accepted</b>", "text/html"),
            part(REPLY, method="REPLY"),
            boundary="inner",
        ),
        part(REPLY, "application/ics", coding="base64", name="invite.ics", charset=""),
        kind="mixed",
    ),
    "a file without a calendar's type": nested(
        part("See file", "text/plain"),
        part(REPLY, "application/octet-stream", coding="base64", name="MEETING.ICS", charset=""),
        kind="mixed",
    ),
    "an upper-case charset and component, as Apple": part(
        REPLY, 'text/calendar; component="VEVENT"', method="REPLY", charset="UTF-8"
    ),
    "lines that end with LF": part(REPLY.replace("\r\n", "\n"), method="REPLY"),
    "lines that end with CR": part(REPLY.replace("\r\n", "\r"), method="REPLY"),
    "a byte order mark": part("\ufeff" + REPLY, method="REPLY"),
    "two copies that differ in line ends": nested(
        part(REPLY, method="REPLY"),
        part(REPLY.replace("\r\n", "\n"), "application/ics", charset=""),
    ),
    "a charset that nobody knows": part(REPLY, method="REPLY", charset="x-unknown"),
    "a charset that would be a bomb": part(REPLY, method="REPLY", charset="punycode"),
    "a charset that would be one, and letters it cannot read": part(
        calendar(reply(COMMENT="Grüße")), method="REPLY", charset="punycode"
    ),
    "UTF-16": part(REPLY.encode("utf-16"), method="REPLY", charset="utf-16", coding="base64"),
    "small letters": part(
        REPLY.replace("BEGIN:VEVENT", "begin:vevent")
        .replace("UID:", "uid:")
        .replace(STAMP, STAMP.lower()),
        method="reply",
    ),
    "folded within a word": part(REPLY.replace("ACCEPTED", "ACC\r\n EPTED"), method="REPLY"),
    "private properties": part(
        REPLY.replace("UID:", 'X-MS-OLK-FORCEINSPECTOROPEN;X-A="b;:,c":TRUE\r\nUID:'),
        method="REPLY",
    ),
    "beside somebody else's ticket": nested(
        part(REPLY, method="REPLY"),
        part(calendar(event(), method=""), "application/ics", name="ticket.ics", charset=""),
        kind="mixed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_reply_is_read_in_every_form(form):
    found = read_mail(mail(FORMS[form])).content
    assert isinstance(found, Message), found
    assert found.main.attendees[0].answer == "accepted"


def test_broken_letters_cost_only_themselves():
    text = calendar(reply(COMMENT="Gr\udcfc\udcdfe")).encode("utf-8", "surrogateescape")
    found = read_mail(mail(part(text, method="REPLY"))).content
    assert found.main.attendees[0].answer == "accepted"
    assert found.main.comment == "Gr\ufffd\ufffde"


def test_latin_letters_are_read_as_such():
    text = calendar(reply(COMMENT="Grüße")).encode("latin-1")
    found = read_mail(mail(part(text, method="REPLY", charset="iso-8859-1"))).content
    assert found.main.comment == "Grüße"


REFUSED = {
    "no METHOD": (calendar(reply(), method=""), MailReason.METHOD),
    "a METHOD of its own": (calendar(reply(), method="EXPLODE"), MailReason.METHOD),
    "two METHODs": (REPLY.replace("VERSION", "METHOD:CANCEL\r\nVERSION"), MailReason.MALFORMED),
    "no UID": (calendar(reply(UID=None)), MailReason.MALFORMED),
    "two UIDs in one event": (REPLY.replace("UID:", "UID:x\r\nUID:"), MailReason.MALFORMED),
    "a UID of two words": (calendar(reply(UID="a b")), MailReason.MALFORMED),
    "events of two UIDs": (calendar(reply(), reply(UID="other")), MailReason.MISMATCH),
    "two answers": (calendar(reply(), reply("DECLINED")), MailReason.MISMATCH),
    "no organiser": (calendar(reply(ORGANIZER=None)), MailReason.MALFORMED),
    "an organiser without a mailbox": (
        calendar(reply(ORGANIZER="http://a.example")), MailReason.MALFORMED,
    ),
    "no DTSTAMP": (calendar(reply(DTSTAMP=None)), MailReason.MALFORMED),
    "a DTSTAMP that is none": (calendar(reply(DTSTAMP="20261341T990000Z")), MailReason.MALFORMED),
    "a sequence that is none": (calendar(reply(SEQUENCE="-1")), MailReason.MALFORMED),
    "a sequence beyond counting": (calendar(reply(SEQUENCE="9" * 30)), MailReason.MALFORMED),
    "a reply of nobody": (calendar(event()), MailReason.MALFORMED),
    "a reply of two": (
        calendar([*reply()[:-1], "ATTENDEE:mailto:b@tallship.example", "END:VEVENT"]),
        MailReason.MALFORMED,
    ),
    "no event": (calendar(), MailReason.COMPONENT),
    "a task": (
        calendar(["BEGIN:VTODO", "UID:u1", "END:VTODO"], method="REQUEST"), MailReason.COMPONENT,
    ),
    "an end before its start": (
        calendar(event(DTEND="20261119T070000Z"), method="REQUEST"), MailReason.MALFORMED,
    ),
    "a length of years": (
        calendar(event(DTEND=None, DURATION="P9999W"), method="REQUEST"), MailReason.MALFORMED,
    ),
    "a date and a time": (
        calendar(event(DTEND=";VALUE=DATE:20261120"), method="REQUEST"), MailReason.MALFORMED,
    ),
    "the year 1": (
        calendar(event(DTSTART="00010101T000000Z"), method="REQUEST"), MailReason.MALFORMED,
    ),
    "a line without a name": (REPLY.replace("UID:", ":UID"), MailReason.MALFORMED),
    "an open quotation mark": (
        REPLY.replace("ATTENDEE;", 'ATTENDEE;CN="Ann;'), MailReason.MALFORMED,
    ),
    "an END too many": (REPLY + "END:VCALENDAR\r\n", MailReason.MALFORMED),
    "an END too few": (REPLY.replace("END:VEVENT\r\n", ""), MailReason.MALFORMED),
    "two calendars": (REPLY + REPLY, MailReason.MALFORMED),
    "something else": ("Hello", MailReason.MALFORMED),
    "nothing": ("", MailReason.MALFORMED),
    "components within components": (
        calendar(["BEGIN:VEVENT"] * 9 + ["END:VEVENT"] * 9), MailReason.TOO_LARGE,
    ),
    "components without end": (
        calendar(*[["BEGIN:VEVENT", "END:VEVENT"]] * 500), MailReason.TOO_LARGE,
    ),
    "lines without end": (
        calendar(reply(), before=["X-A:b"] * 6000), MailReason.TOO_LARGE,
    ),
    "a line without end": (calendar(reply(X="y" * 70_000)), MailReason.TOO_LARGE),
    "guests without end": (
        calendar(event(*["ATTENDEE:mailto:a@b.example"] * 600), method="REQUEST"),
        MailReason.TOO_LARGE,
    ),
    "parameters without end": (
        REPLY.replace("UID:", f"X-A{''.join(f';P{n}=1' for n in range(90))}:b\r\nUID:"),
        MailReason.TOO_LARGE,
    ),
    "rules without end": (
        calendar(event(*["RDATE:20261119T080000Z"] * 30), method="REQUEST"), MailReason.TOO_LARGE,
    ),
    "a zone by the second": (
        calendar(
            event(DTSTART=";TZID=Bomb:20261119T080000", DTEND=";TZID=Bomb:20261119T090000"),
            method="REQUEST",
            before=[
                "BEGIN:VTIMEZONE", "TZID:Bomb", "BEGIN:STANDARD", "DTSTART:19700101T000000",
                "RRULE:FREQ=SECONDLY", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000",
                "END:STANDARD", "END:VTIMEZONE",
            ],
        ),
        MailReason.MALFORMED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_understood_is_refused_with_its_reason(case):
    text, reason = REFUSED[case]
    found = read(text)
    assert isinstance(found, Refusal), found
    assert found.reason == reason
    assert found.words.endswith(".")


def test_the_method_of_the_part_has_to_be_that_of_the_message():
    """RFC 6047, 2.4."""
    assert read(REPLY, method="REQUEST").reason == MailReason.MISMATCH


def test_two_messages_in_one_mail_are_refused():
    other = calendar(reply("DECLINED"))
    both = nested(part(REPLY, method="REPLY"), part(other, "application/ics", charset=""))
    assert read_mail(mail(both)).content.reason == MailReason.MISMATCH


def test_an_attached_mail_speaks_for_nobody():
    """A bounce brings our own invitation back, a forwarded mail another's."""
    inner = b"Content-Type: message/rfc822\r\n\r\n" + mail(part(REPLY, method="REPLY"))
    found = read_mail(mail(nested(part("Look", "text/plain"), inner, kind="mixed")))
    assert found.content is None
    assert found.text == "Look"


BOMBS = {
    "depth": mail(
        b"".join(
            f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode()
            for n in range(3000)
        )
    ),
    "parts": mail(nested(*[part("x", "text/plain")] * 5000, kind="mixed")),
    "empty parts": mail(nested(kind="mixed") + b"--frontier\r\n" * 200_000),
    "mails in mails": mail(b"Content-Type: message/rfc822\r\n\r\n" * 3000),
    "size": mail(part("x" * 100 + "\r\n", "text/plain") * 120_000),
    "a line": mail(part("x" * 1_000_000, "text/plain")),
    "headers": mail(b"X-A: b\r\n" * 60_000 + part(REPLY)),
    "calendar files": mail(nested(*[part(REPLY)] * 20)),
    "a large calendar": mail(part(REPLY + "X-A:" + "b\r\n " * 300_000)),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_costs_anything(bomb):
    begun = time.process_time()
    found = read_mail(BOMBS[bomb])
    assert time.process_time() - begun < 2
    assert isinstance(found.content, Refusal), found.content
    assert found.content.reason == MailReason.TOO_LARGE


_lines = st.sampled_from(REPLY.splitlines() + ZONE + ["DTSTART;TZID=Our own time:20261119T080000"])
_broken = st.lists(_lines | st.text(max_size=60), max_size=40).map("\r\n".join)


class TestFuzz:
    """No input makes the parser raise; what it says is bounded."""

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(st.binary(max_size=4000))
    def test_any_bytes(self, raw):
        _is_sound(read_mail(raw))

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(_broken, st.sampled_from(["utf-8", "latin-1", "utf-16", "x"]))
    def test_calendars_in_pieces(self, text, charset):
        _is_sound(read_mail(mail(part(text, charset=charset))))

    @settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def test_a_good_mail_with_bytes_changed(self, data):
        raw = bytearray(mail(FORMS[data.draw(st.sampled_from(sorted(FORMS)))]))
        for _ in range(data.draw(st.integers(1, 12))):
            place = data.draw(st.integers(0, len(raw) - 1))
            raw[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
            raw = raw or bytearray(b"x")
        _is_sound(read_mail(bytes(raw), authserv_id="mx.ours.example"))

    @settings(max_examples=300)
    @given(st.text(max_size=400), st.text(max_size=400))
    def test_any_headers(self, sender, subject):
        text = (value.replace("\r", "").replace("\n", "\r\n ") for value in (sender, subject))
        _is_sound(
            read_mail(mail(part(REPLY), **dict(zip(("from_", "subject"), text, strict=True))))
        )


def _is_sound(found):
    assert isinstance(found.content, Message | Refusal | None)
    assert isinstance(found.envelope, Envelope)
    assert len(found.text) <= 2000
    assert len(found.digest) == 64
    for text in (found.envelope.subject, found.envelope.sender, found.envelope.message_id):
        assert text.isprintable() or "\xa0" in text or not text.isascii()
    if isinstance(found.content, Message):
        assert found.content.events
        assert all(one.stamped_at.tzinfo is UTC for one in found.content.events)
