"""What is sent to wear the parser down, or to have a forged sender believed; and what old and
careless programs write, which has to be read all the same.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from booking.enums import MailReason
from booking.itip.addresses import canonical, of_uri, parse
from booking.itip.post import read_mail
from booking.itip.shapes import Message, Refusal, Verdict
from tests.booking.mails import calendar, event, mail, nested, part, reply

MX = "mx.ours.example"
REPLY = calendar(reply())
HEAD = b"From: Ann <ann@tallship.example>\r\nTo: reply@inbound.example\r\n"
TWO = b'Content-Type: multipart/mixed; boundary="f"\r\n\r\n--f\r\n'


def whole(head, body=b"x\r\n"):
    return HEAD + head + b"\r\n\r\n" + body


# Each took the parser seconds, minutes or gigabytes while it was bounded by size alone.
BOMBS = {
    "a delivery report of many blocks": whole(
        b"Content-Type: message/delivery-status", b"a:b\n\n" * 1_900_000
    ),
    "mails in mails of another kind": whole(
        b"Content-Type: message/x\r\n\r\n" * 900, b"x\n" * 450_000
    ),
    "a part's parameters": whole(
        TWO + b"Content-Type: text/calendar" + (b";a" * 60_000 + b"\r\n ") * 16
    ),
    "the mail's own parameters": whole(
        b"Content-Type: multipart/mixed; boundary=f" + (b';a"' * 30_000 + b"\r\n ") * 2
    ),
    "parameters in pieces": whole(
        TWO + b"Content-Type: text/calendar" + b"".join(b";a*%d*=x" % n for n in range(9000))
    ),
    "a part's headers": whole(TWO + b"a:\n" * 3_000_000),
    "lines": whole(b"X: y", b"\n" * 10_000_000),
    "boundaries that end with CR": whole(
        b'Content-Type: multipart/mixed; boundary="f"', (b"\r--f" * 4000 + b"\n") * 60
    ),
    "words in a subject": whole(b"Subject: " + (b"=?a?q?" * 20_000 + b"\r\n ") * 2 + b"x"),
    "a subject in a charset that is a bomb": whole(
        b"Subject: =?punycode?b?" + b"YWFh" * 25_000 + b"?="
    ),
    "quotation marks": whole((b'To: "' + b'\\"' * 6000 + b"\r\n") * 10 + b"X: y"),
    "comments": whole((b"Cc: (" + b"\\(" * 6000 + b"\r\n") * 10 + b"X: y"),
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_less_than_a_moment(bomb):
    begun = time.process_time()
    found = read_mail(BOMBS[bomb], authserv_id=MX)
    assert time.process_time() - begun < 1
    assert found.envelope.sender in {"ann@tallship.example", ""}
    assert not isinstance(found.content, Message)


@pytest.mark.parametrize("kind", ["rfc822", "global", "x", "delivery-status", "partial"])
def test_nothing_in_an_attached_mail_is_said_by_its_sender(kind):
    """Not even where its file is called a calendar's."""
    inner = f'Content-Type: message/{kind}; name="invite.ics"\r\n\r\n'.encode() + REPLY.encode()
    around = b"Content-Type: text/calendar; method=REPLY\r\n\r\n" + REPLY.encode()
    for content in (inner, f"Content-Type: message/{kind}\r\n\r\n".encode() + around):
        assert read_mail(mail(nested(part("Look", "text/plain"), content))).content is None


# --- A verdict that the sender wrote ---

FORGED = [
    "spf=fail smtp.mailfrom=dmarc=pass@evil.example; dkim=none; dmarc=fail",
    'spf=fail smtp.mailfrom="x; dmarc=pass"@evil.example; dmarc=fail',
    'spf=fail (domain of "a (b) dmarc=pass"@evil.example does not) smtp.mailfrom=evil.example',
    'spf=fail (domain of "a); dmarc=pass ("@evil.example does not); dmarc=fail',
    'spf=fail (domain of "a(b"@evil.example does not); dmarc=fail',
    'spf=fail smtp.mailfrom="a@evil.example; dmarc=fail',
    'spf=fail reason="dmarc=pass"; dmarc=fail',
    "spf=fail smtp.mailfrom=dkim=pass@evil.example",
    "dmarc=pass; dmarc=fail",
]


@pytest.mark.parametrize("said", FORGED)
def test_what_a_sender_puts_into_our_servers_words_proves_nothing(said):
    raw = mail(part("x", "text/plain"), authentication_results=f"{MX}; {said}")
    assert read_mail(raw, authserv_id=MX).envelope.verdict is Verdict.FAILED


@pytest.mark.parametrize(
    "said",
    [
        f"{MX}; dkim=pass (2048-bit key; unprotected) header.i=@a.example; dmarc=pass",
        f'{MX} 1;\r\n\tspf=pass reason="a; b";\r\n\tdmarc=pass (p=NONE (sp=NONE) dis=NONE)',
        f"{MX.upper()}; DMARC = PASS header.from=TallShip.example",
        f"{MX}; dmarc/1=pass",
    ],
)
def test_a_pass_is_read_however_it_is_written(said):
    raw = mail(part("x", "text/plain"), authentication_results=said)
    assert read_mail(raw, authserv_id=MX).envelope.verdict is Verdict.PASSED


def test_a_result_is_one_whole_word():
    raw = mail(part("x", "text/plain"), authentication_results=f"{MX}; dmarc=passed; xdmarc=pass")
    assert read_mail(raw, authserv_id=MX).envelope.verdict is Verdict.UNKNOWN


# --- Addresses ---


def test_an_address_is_no_longer_than_can_be_kept():
    """Each letter of such a domain is eight as IDNA writes it."""
    assert canonical(f"a@{'ü.' * 120}example") == ""
    assert canonical("a@bücher.example") == "a@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("uri", "email"),
    [
        ("b@example.fr", "b@example.fr"),
        ("MAILTO:b@example.fr", "b@example.fr"),
        ("invalid:nomail", ""),
        ("urn:b@example.fr", ""),
        ("b", ""),
    ],
)
def test_an_address_may_come_without_its_scheme(uri, email):
    assert of_uri(uri) == email


@pytest.mark.parametrize(
    "value",
    ['"Ann (x', "(Ann <ann@a.example>", 'a "b <ann@a.example>', "(a (b <ann@a.example>"],
)
def test_what_never_ends_names_nobody(value):
    assert [address for _name, address in parse([value]) if address] == []


# --- What programs write ---

OUTLOOK = [
    "BEGIN:VTIMEZONE", "TZID:Customized Time Zone",
    "BEGIN:STANDARD", "DTSTART:16010101T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "END:STANDARD",
    "BEGIN:DAYLIGHT", "DTSTART:16010101T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
    "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3", "END:DAYLIGHT",
    "END:VTIMEZONE",
]  # fmt: skip
NOTES = [line.replace("Customized Time Zone", "Eastern").replace("1601", "1950")
         for line in OUTLOOK]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "shipped"), [("Customized Time Zone", OUTLOOK), ("Eastern", NOTES)]
)
@pytest.mark.parametrize(("day", "hour"), [("20260701", 7), ("20261224", 8)])
def test_a_zone_may_begin_long_ago(zone, shipped, day, hour):
    """Outlook's begin in 1601, those of Notes in 1950."""
    times = {name: f";TZID={zone}:{day}T{at}00" for name, at in
             {"DTSTART": "0900", "DTEND": "0930"}.items()}  # fmt: skip
    text = calendar(event(**times), method="REQUEST", before=shipped)
    found = read_mail(mail(part(text, method="REQUEST"))).content
    assert isinstance(found, Message), found
    assert found.main.start.at == datetime(2026, int(day[4:6]), int(day[6:]), hour, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "X-ENTOURAGE_UUID:1234",
        "X-A;X-B_C=1:d",
        "X-A;FLAG:d",
        'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="1 Way\\nTown";X-TITLE=Office:geo:1,2',
        "X-MICROSOFT-CDO-BUSYSTATUS:BUSY",
        "X-MS-OLK-SENDER;CN=Ann:mailto:ann@tallship.example",
        'ATTENDEE;CN="Ann, Other":invalid:nomail',
    ],
)
def test_a_line_of_a_programs_own_costs_nothing(line):
    found = read_mail(mail(part(calendar(event(line), method="REQUEST")))).content
    assert isinstance(found, Message), found


def test_a_letter_that_was_folded_in_two_is_whole_again():
    """RFC 5545, 3.1: lines are folded by octets."""
    text = calendar(reply(COMMENT="Grüße")).encode().replace(b"\xc3\xbc", b"\xc3\r\n \xbc")
    found = read_mail(mail(part(text, method="REPLY"))).content
    assert found.main.comment == "Grüße"


@pytest.mark.parametrize("name", ["localtime", "Factory"])
def test_a_machines_own_zone_is_nobodys(name):
    """The database of zones has files of these names: what they say is this machine's affair."""
    times = {"DTSTART": f";TZID={name}:20260701T090000", "DTEND": f";TZID={name}:20260701T093000"}
    unknown = read_mail(mail(part(calendar(event(**times), method="REQUEST")))).content
    assert isinstance(unknown, Refusal)
    shipped = [line.replace("Customized Time Zone", name) for line in OUTLOOK]
    text = calendar(event(**times), method="REQUEST", before=shipped)
    known = read_mail(mail(part(text, method="REQUEST"))).content
    assert known.main.start.at == datetime(2026, 7, 1, 7, tzinfo=UTC)


def test_what_only_outlook_reads_is_said_so():
    tnef = part(b"\x78\x9f\x3e\x22", "application/ms-tnef", coding="base64", name="winmail.dat")
    found = read_mail(mail(nested(part("Accepted", "text/plain"), tnef, kind="mixed"))).content
    assert isinstance(found, Refusal)
    assert (found.reason, "winmail.dat" in found.words) == (MailReason.MALFORMED, True)
    beside = read_mail(mail(nested(part(REPLY, method="REPLY"), tnef, kind="mixed"))).content
    assert isinstance(beside, Message)


@pytest.mark.parametrize(
    ("headers", "is_automatic"),
    [
        ({}, False),
        ({"auto_submitted": "no"}, False),
        ({"auto_submitted": "auto-replied (vacation)"}, True),
        ({"return_path": "<>"}, True),
        ({"return_path": "<ann@tallship.example>"}, False),
        ({"precedence": "Bulk"}, True),
        ({"precedence": "first-class"}, False),
    ],
)
def test_who_answers_by_themself_is_known(headers, is_automatic):
    found = read_mail(mail(part("I am away", "text/plain"), **headers))
    assert found.envelope.is_automatic is is_automatic
