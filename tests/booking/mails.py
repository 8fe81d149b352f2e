"""Mails as calendar programs and attackers write them, line by line."""

from __future__ import annotations

import base64
import quopri

from booking.itip.post import read_mail

STAMP = "20261118T090500Z"
ZONE = [
    "BEGIN:VTIMEZONE",
    "TZID:Our own time",
    "BEGIN:DAYLIGHT",
    "DTSTART:20200329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "DTSTART:20201025T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "END:STANDARD",
    "END:VTIMEZONE",
]


def event(*lines, **said):
    """A VEVENT's lines; `said` replaces or, with None, leaves out what is usual."""
    usual = {
        "UID": "u1@meridian.example",
        "SEQUENCE": "0",
        "DTSTAMP": STAMP,
        "DTSTART": "20261119T080000Z",
        "DTEND": "20261119T083000Z",
        "SUMMARY": "Intro call",
        "ORGANIZER": "mailto:org@elsewhere.example",
    }
    usual.update(said)
    told = [line_of(name, value) for name, value in usual.items() if value is not None]
    return ["BEGIN:VEVENT", *told, *lines, "END:VEVENT"]


def line_of(name, value):
    """A value may begin with parameters."""
    return f"{name}{value}" if value.startswith(";") else f"{name}:{value}"


def calendar(*events, method="REPLY", before=()):
    """A VCALENDAR of these events, with CRLF."""
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Tests//EN", "VERSION:2.0"]
    lines += [f"METHOD:{method}"] if method else []
    lines += [*before, *(line for one in events for line in one), "END:VCALENDAR"]
    return "\r\n".join(lines) + "\r\n"


def part(text, kind="text/calendar", *, method="", charset="utf-8", coding="8bit", name=""):
    """One MIME part, its content coded as named."""
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    if coding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    elif coding == "quoted-printable":
        content = quopri.encodestring(content, quotetabs=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: {kind}"
    head += f"; method={method}" if method else ""
    head += f"; charset={charset}" if charset else ""
    head += f'; name="{name}"' if name else ""
    head += f"\r\nContent-Transfer-Encoding: {coding}"
    head += f'\r\nContent-Disposition: attachment; filename="{name}"' if name else ""
    return head.encode() + b"\r\n\r\n" + content


def nested(*parts, kind="alternative", boundary="frontier"):
    """Parts within a multipart, itself a part."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode()
    mark = f"--{boundary}".encode()
    body = b"".join(mark + b"\r\n" + one + b"\r\n" for one in parts)
    return head + b"\r\n\r\n" + body + mark + b"--\r\n"


def mail(content, **headers):
    """A whole mail around a part; `headers` as keywords, `From` being `from_`, None leaves out."""
    usual = {
        "from": "Ann Other <ann@tallship.example>",
        "to": "reply@inbound.example",
        "message-id": "<m1@tallship.example>",
        "subject": "Accepted: Intro call",
        "date": "Wed, 18 Nov 2026 09:05:00 +0000",
        "mime-version": "1.0",
    }
    usual.update({name.rstrip("_").replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in usual.items() if value is not None)
    return head.encode("utf-8", "surrogateescape") + content


def reply(answer="ACCEPTED", *, attendee="ann@tallship.example", **said):
    """The lines of an event that somebody answers."""
    params = f";PARTSTAT={answer}"
    return event(line_of("ATTENDEE", f"{params}:mailto:{attendee}"), **said)


def read(text, method="", **options):
    """What the calendar text says, sent as the only part of a mail."""
    return read_mail(mail(part(text, method=method, **options))).content
