"""Invitations: read back by a library, and checked byte by byte for what a library forgives."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from zoneinfo import ZoneInfo

import pytest
import responses
from anymail.backends.resend import EmailBackend
from django.core.mail import EmailMessage
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from booking.ics import Address, build_answer, build_invitation, mime_part
from booking.itip.reading import read_message
from tests.booking.ics_reading import READERS

NINE = datetime(2026, 11, 18, 9, tzinfo=UTC)
AMARA = Address("amara@finchharbour.example", "Amara Okafor")
DEV = Address("dev@ospreyrail.example", "Dev Patel")


def invitation(**changes):
    arguments = {
        "method": "REQUEST",
        "uid": "0192f0c4-5b7e@meridian.example",
        "sequence": 0,
        "dtstamp": NINE - timedelta(days=3),
        "start": NINE,
        "end": NINE + timedelta(minutes=45),
        "summary": "Intro call: Dev Patel",
        "description": "Bring the plans.\nTimes in Dublin.",
        "organizer": AMARA,
        "attendees": [DEV],
        "location": "Studio table",
        "url": "https://meridian.example/book/intro/m/abc",
        "conference_url": "https://meet.google.example/abc-defg-hij",
        "status": "CONFIRMED",
    }
    return build_invitation(**{**arguments, **changes})


def cancellation(**changes):
    return invitation(**{"method": "CANCEL", "status": "CANCELLED", "sequence": 1, **changes})


def event_of(ics):
    (event,) = Calendar.from_ical(ics).walk("VEVENT")
    return event


def lines(ics):
    """The content lines, unfolded."""
    assert ics.endswith(b"\r\n")
    return ics.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def names(ics):
    return sorted(re.split("[;:]", line, maxsplit=1)[0] for line in lines(ics))


def test_a_request_holds_what_mail_programs_need():
    found = lines(invitation())
    assert found[0] == "BEGIN:VCALENDAR"
    assert found[-1] == "END:VCALENDAR"
    for line in (
        "VERSION:2.0",
        "PRODID:-//Meridian//Booking//EN",
        "METHOD:REQUEST",
        "UID:0192f0c4-5b7e@meridian.example",
        "SEQUENCE:0",
        "DTSTAMP:20261115T090000Z",
        "DTSTART:20261118T090000Z",
        "DTEND:20261118T094500Z",
        "SUMMARY:Intro call: Dev Patel",
        "DESCRIPTION:Bring the plans.\\nTimes in Dublin.",
        "LOCATION:Studio table",
        "STATUS:CONFIRMED",
        "TRANSP:OPAQUE",
        "URL:https://meridian.example/book/intro/m/abc",
        'ORGANIZER;CN="Amara Okafor":mailto:amara@finchharbour.example',
        (
            "CONFERENCE;FEATURE=AUDIO,VIDEO;LABEL=Join;VALUE=URI"
            ":https://meet.google.example/abc-defg-hij"
        ),
        (
            'ATTENDEE;CN="Dev Patel";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION'
            ";ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:dev@ospreyrail.example"
        ),
        "TRIGGER:-PT15M",
    ):
        assert found.count(line) == 1, line


def test_a_request_is_read_back_by_icalendar():
    event = event_of(invitation())
    assert event.start == NINE
    assert event.end == NINE + timedelta(minutes=45)
    assert event["summary"] == "Intro call: Dev Patel"
    assert event["description"] == "Bring the plans.\nTimes in Dublin."
    assert event["organizer"].params["CN"] == "Amara Okafor"
    assert event["attendee"].params["RSVP"] == "TRUE"
    assert [conference.uri for conference in event.conferences] == [
        "https://meet.google.example/abc-defg-hij"
    ]
    (alarm,) = event.walk("VALARM")
    assert alarm["trigger"].dt == timedelta(minutes=-15)
    assert alarm["action"] == "DISPLAY"


def test_a_cancellation_names_the_same_event_and_asks_for_nothing():
    found = lines(cancellation())
    assert "METHOD:CANCEL" in found
    assert "STATUS:CANCELLED" in found
    assert "SEQUENCE:1" in found
    assert "UID:0192f0c4-5b7e@meridian.example" in found
    assert "TRANSP:TRANSPARENT" in found
    assert 'ATTENDEE;CN="Dev Patel":mailto:dev@ospreyrail.example' in found
    assert not [line for line in found if "RSVP" in line or "VALARM" in line]


def test_who_is_taken_off_an_event_that_goes_on_is_told_no_status():
    """RFC 5546, 3.2.5: STATUS must be CANCELLED for all of it, and is not included for some."""
    found = lines(cancellation(status=""))
    assert "METHOD:CANCEL" in found
    assert "TRANSP:TRANSPARENT" in found
    assert not [line for line in found if line.startswith("STATUS")]
    with pytest.raises(ValueError, match="CANCEL"):
        invitation(status="")


@pytest.mark.parametrize(
    ("reminders", "triggers"),
    [
        ([], []),
        ([timedelta(hours=1), timedelta(days=1)], ["TRIGGER:-P1D", "TRIGGER:-PT1H"]),
        ([timedelta(minutes=90), timedelta(minutes=90)], ["TRIGGER:-PT1H30M"]),
        ([timedelta(0)], ["TRIGGER:P0D"]),
    ],
)
def test_reminders_are_what_was_asked_for(reminders, triggers):
    found = lines(invitation(reminders=reminders))
    assert [line for line in found if line.startswith("TRIGGER")] == triggers
    assert found.count("BEGIN:VALARM") == len(triggers)


def test_what_waits_for_approval_is_tentative_in_outlook_too():
    assert "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE" in lines(invitation(status="TENTATIVE"))
    for ics in (invitation(), cancellation()):
        assert not [line for line in lines(ics) if "BUSYSTATUS" in line]


def test_times_of_any_zone_are_written_in_utc():
    new_york = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 1, 30, 0, 5, tzinfo=new_york)
    found = lines(invitation(start=first, end=first.replace(fold=1)))
    assert "DTSTART:20261101T053000Z" in found
    assert "DTEND:20261101T063000Z" in found
    assert not [line for line in found if "TZID" in line or "VTIMEZONE" in line]


def test_what_is_not_given_is_not_written():
    found = names(invitation(location="", url="", conference_url="", description=""))
    assert not {"LOCATION", "URL", "CONFERENCE"} & set(found)
    assert found.count("DESCRIPTION") == 1  # the alarm's, which has to have one


def test_an_address_without_a_name_has_no_cn():
    found = lines(invitation(organizer=Address("team@finchharbour.example")))
    assert "ORGANIZER:mailto:team@finchharbour.example" in found


def test_every_attendee_has_a_line():
    found = event_of(invitation(attendees=[DEV, Address("bea@lindqvist.example")]))
    assert [str(attendee) for attendee in found["attendee"]] == [
        "mailto:dev@ospreyrail.example",
        "mailto:bea@lindqvist.example",
    ]


def test_addresses_that_need_it_are_percent_encoded():
    found = event_of(invitation(attendees=[Address("zoë+50%@lindqvist.example")]))
    assert str(found["attendee"]) == "mailto:zo%C3%AB+50%25@lindqvist.example"
    found = event_of(invitation(url="https://meridian.example/ü?a=1%2C2&b=;,#x"))
    assert str(found["url"]) == "https://meridian.example/%C3%BC?a=1%2C2&b=;,#x"


def test_separators_in_texts_are_escaped():
    found = lines(invitation(summary="A; B, C\\D: E", location="Hall; 2, \\n"))
    assert "SUMMARY:A\\; B\\, C\\\\D: E" in found
    assert "LOCATION:Hall\\; 2\\, \\\\n" in found


@pytest.mark.parametrize("text", ["C:\\New\\Notes", "\\N", "a\\nb\\Nc", "\\\\NAS\\plans; x, y"])
def test_a_typed_backslash_before_an_n_breaks_no_line(text):
    made = invitation(summary=text, description=text, location=text)
    for read in READERS.values():
        found = read(made)
        assert (found.summary, found.description, found.location) == (text, text, text)


@pytest.mark.parametrize("uid", ["DOMAIN\\New\\1", "\\N", "a\\nb", "a,b;c"])
def test_an_answer_names_the_uid_that_the_invitation_had(uid):
    made = build_answer(
        uid=uid,
        sequence=0,
        dtstamp=NINE,
        start=NINE,
        end=NINE + timedelta(minutes=45),
        summary="Intro call",
        organizer=AMARA,
        guest=DEV,
        sent_by="",
        answer="ACCEPTED",
    )
    assert read_message(made.decode()).uid == uid


@pytest.mark.parametrize("name", ["Ann\\", "\\", "A\\, B", "A\\;B", "A\\\\"])
def test_a_backslash_in_a_name_loses_no_address(name):
    """RFC 5545 escapes nothing in a parameter; programs do, and read on behind the quotation."""
    found = Address("pat@x.example", name)
    event = event_of(invitation(organizer=found, attendees=[found]))
    for read in (event["organizer"], event["attendee"]):
        assert (str(read), read.params["CN"]) == (
            "mailto:pat@x.example",
            name.replace("\\", "/"),
        )


def test_a_quotation_mark_in_a_name_becomes_one_every_program_reads():
    found = lines(invitation(organizer=Address("pat@x.example", "Pat \"Ace; O'Neill:x")))
    assert "ORGANIZER;CN=\"Pat 'Ace; O'Neill:x\":mailto:pat@x.example" in found


@pytest.mark.parametrize("breaker", ["\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_a_line_break_cannot_add_a_property(breaker):
    evil = f"Hello{breaker}ATTENDEE:mailto:mallory@evil.example"
    name = Address("dev@x.example", evil)
    found = invitation(summary=evil, description=evil, location=evil, attendees=[name])
    assert names(found) == names(invitation())
    assert event_of(found)["summary"] == "Hello ATTENDEE:mailto:mallory@evil.example"
    assert event_of(found)["description"] == "Hello\nATTENDEE:mailto:mallory@evil.example"
    assert event_of(found)["location"] == "Hello ATTENDEE:mailto:mallory@evil.example"


def test_control_characters_are_dropped():
    found = event_of(invitation(summary="a\x00b\x07c\x1bd\x7fe\x9bf\ud800g"))
    assert found["summary"] == "abcdefg"


hostile = st.text(
    st.sampled_from("a;,:\\\"^'n\r\n\t\v\x00\x07\x1c\x85\u2028 ü漢🗓\ud800") | st.characters(),
    max_size=120,
)


@given(hostile, hostile, hostile, hostile)
@example("🗓" * 60, "漢" * 200, "ü" * 74, "é" * 300)
def test_hostile_text_stays_text(summary, description, location, name):
    plain = names(
        invitation(
            description="x" if event_text(description) else "",
            location="x" if event_text(location) else "",
        )
    )
    found = invitation(
        summary=summary,
        description=description,
        location=location,
        attendees=[Address("dev@x.example", name)],
    )
    physical = found.split(b"\r\n")
    assert all(len(line) <= 75 for line in physical)
    assert all(line.decode() is not None for line in physical)  # no character is cut in two
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", b"".join(physical))
    assert names(found) == plain
    event = event_of(found)
    assert str(event["summary"]) == " ".join(event_text(summary).split())
    assert str(event.get("description", "")) == event_text(description)
    assert str(event["attendee"]) == "mailto:dev@x.example"


def event_text(text):
    """What is to be read back: breaks as newlines, no control characters, no outer blanks."""
    kept = re.sub(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    return "".join(
        c
        for c in kept
        if c in "\n\t" or not (c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff")
    ).strip()


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "CANCELLED"},
        {"method": "CANCEL"},
        {"sequence": -1},
        {"attendees": []},
        {"uid": ""},
        {"uid": "a b"},
        {"uid": "a\r\nATTENDEE:mailto:m@evil.example"},
        {"start": NINE.replace(tzinfo=None)},
        {"dtstamp": NINE.replace(tzinfo=None)},
        {"end": NINE},
        {"end": NINE - timedelta(hours=1)},
        {"url": "javascript:alert(1)"},
        {"url": "data:text/html,x"},
        {"url": "https://"},
        {"url": "https://x.example/a b"},
        {"url": "https://x.example/\r\nATTENDEE:mailto:m@evil.example"},
        {"conference_url": "ftp://x.example"},
        {"conference_url": "https://x.example/\n"},
    ],
)
def test_what_cannot_be_written_truly_is_refused(changes):
    with pytest.raises(ValueError, match=r"."):
        invitation(**changes)


@pytest.mark.parametrize(
    "email",
    ["", "dev", "@x.example", "dev@", "d v@x.example", "dev@x.example\r\nX:1", "a@b@c", "<a@b.c>"],
)
def test_an_address_that_is_none_is_refused(email):
    with pytest.raises(ValueError, match="e-mail"):
        Address(email)


# --- the MIME part --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "ics", "filename"),
    [("REQUEST", invitation(), "invite.ics"), ("CANCEL", cancellation(), "cancel.ics")],
)
def test_mime_part_carries_the_method_and_the_same_bytes(method, ics, filename):
    part = mime_part(ics, method)
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == method
    assert part.get_param("charset") == "utf-8"
    assert part.get_filename() == filename
    assert part.get_payload(decode=True) == ics


def test_mime_part_refuses_another_method_than_the_message_has():
    with pytest.raises(ValueError, match="another method"):
        mime_part(invitation(), "CANCEL")


def test_mime_part_is_not_fooled_by_a_method_in_a_text():
    with pytest.raises(ValueError, match="another method"):
        mime_part(invitation(description="x\r\nMETHOD:CANCEL\r\n"), "CANCEL")


def mail():
    message = EmailMessage("Your meeting", "Text", "book@meridian.example", ["dev@x.example"])
    message.attach(mime_part(invitation(summary="Größe 漢"), "REQUEST"))
    return message


def test_mime_part_survives_smtp():
    received = message_from_bytes(mail().message().as_bytes(), policy=SMTP)
    (part,) = [part for part in received.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert part.get_payload(decode=True) == invitation(summary="Größe 漢")


@responses.activate
def test_mime_part_survives_resend():
    responses.post("https://api.resend.com/emails", json={"id": "1"})
    EmailBackend(api_key="k").send_messages([mail()])
    (attachment,) = json.loads(responses.calls[0].request.body)["attachments"]
    assert attachment["filename"] == "invite.ics"
    assert sorted(attachment["content_type"].split("; ")) == [
        'charset="utf-8"',
        'method="REQUEST"',
        "text/calendar",
    ]
