"""Mails to a meeting's own address: a table of what people, programs and attackers send, and what
becomes of each. Whatever it is, nothing of the meeting itself is ever taken from a mail.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post

from booking.enums import MailOutcome, MailReason, MessageKind
from booking.models import IncomingMail, MeetingAnswer
from booking.services.answers import is_current
from booking.services.mail_log import Fate
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, NOW
from tests.booking.mails import calendar, event, line_of, mail, nested, part, reply
from tests.booking.replies.conftest import ANN, CY, MX, answering, answers, booked, sent

pytestmark = pytest.mark.django_db


def snapshot(meeting):
    """Everything a mail must not touch."""
    meeting.refresh_from_db()
    fields = ("state", "start_at", "end_at", "title", "sequence", "booker_email", "guests", "uid")
    return {name: getattr(meeting, name) for name in fields}


# --- Answers that count ---

GOOD = {
    "an acceptance": ({}, {ANN: "accepted"}),
    "a maybe": ({"answer": "TENTATIVE"}, {ANN: "tentative"}),
    "small letters": ({"answer": "accepted"}, {ANN: "accepted"}),
    "a guest's decline": (
        {"answer": "DECLINED", "attendee": CY, "from_": f"Cy <{CY}>"}, {CY: "declined"},
    ),
    "another case": (
        {"attendee": ANN.upper(), "from_": "Ann <ANN@TALLSHIP.EXAMPLE>"}, {ANN: "accepted"},
    ),
    "no sequence": ({"SEQUENCE": None}, {ANN: "accepted"}),
    "another organiser, as programs that lost ours": (
        {"ORGANIZER": "mailto:somebody@else.example"}, {ANN: "accepted"},
    ),
    "another time, which is not believed": (
        {"DTSTART": "20270101T080000Z", "DTEND": "20270101T090000Z"}, {ANN: "accepted"},
    ),
    "another title, which is not believed": ({"SUMMARY": "Paid by you"}, {ANN: "accepted"}),
    "a cancelled status, which is not believed": ({"STATUS": "CANCELLED"}, {ANN: "accepted"}),
    "an assistant's mark, sent by themself": (
        {"params": ';SENT-BY="mailto:pa@tallship.example"'}, {ANN: "accepted"},
    ),
    "a clock that runs ahead": ({"DTSTAMP": "20991231T000000Z"}, {ANN: "accepted"}),
    "proven": ({"authentication_results": f"{MX}; dmarc=pass"}, {ANN: "accepted"}),
    "not looked into": ({"authentication_results": f"{MX}; dmarc=none"}, {ANN: "accepted"}),
    "a verdict of somebody else's": (
        {"authentication_results": "mx.evil.example; dmarc=fail"}, {ANN: "accepted"},
    ),
    "a mailing list that broke the path": (
        {"authentication_results": f"{MX}; spf=fail; dkim=pass"}, {ANN: "accepted"},
    ),
}  # fmt: skip


def composed(meeting, said):
    """Headers and content of a case."""
    said = dict(said)
    headers = {name: said.pop(name) for name in list(said) if name.islower() and name not in
               ("answer", "attendee", "params", "method", "content")}  # fmt: skip
    content = said.pop("content", None)
    if content is not None:
        return content(meeting), headers
    method, attendee = said.pop("method", "REPLY"), said.pop("attendee", ANN)
    params = said.pop("params", "")
    status = said.pop("answer", "ACCEPTED")
    said = {"UID": meeting.uid, "SEQUENCE": str(meeting.sequence), **said}
    who = line_of("ATTENDEE", f";PARTSTAT={status}{params}:mailto:{attendee}")
    return part(calendar(event(who, **said), method=method), method=method), headers


@pytest.mark.parametrize("case", GOOD)
def test_an_answer_counts(link, case):
    meeting = booked(link)
    said, expected = GOOD[case]
    before = snapshot(meeting)
    content, headers = composed(meeting, said)
    assert sent(meeting, content, **headers) is Fate.DONE
    assert answers(meeting) == expected
    (answer,) = MeetingAnswer.objects.filter(meeting_id=meeting.pk)
    assert is_current(answer, meeting)
    assert answer.stamped_at <= NOW + timedelta(days=1)
    assert snapshot(meeting) == before
    assert IncomingMail.objects.get().outcome == MailOutcome.DONE


# --- What is quarantined, with its reason ---

OTHER = "mailto:someone@else.example"
BAD = {
    "somebody else's mail": ({"from_": "m@evil.example"}, MailReason.WRONG_SENDER),
    "the address in a display name": (
        {"from_": f'"{ANN}" <m@evil.example>'}, MailReason.WRONG_SENDER,
    ),
    "the address in an encoded display name": (
        {"from_": "=?utf-8?q?ann=40tallship=2Eexample?= <m@evil.example>"}, MailReason.WRONG_SENDER,
    ),
    "a domain that looks alike": ({"from_": "ann@tallshíp.example"}, MailReason.WRONG_SENDER),
    "a domain below": ({"from_": "ann@tallship.example.evil.example"}, MailReason.WRONG_SENDER),
    "a tag at a domain that may not know them": (
        {"from_": "ann+x@tallship.example"}, MailReason.WRONG_SENDER,
    ),
    "two senders": ({"from_": f"{ANN}, m@evil.example"}, MailReason.WRONG_SENDER),
    "no sender": ({"from_": None}, MailReason.WRONG_SENDER),
    "a header within the sender": (
        {"from_": f"m@evil.example\r\nX-A: {ANN}"}, MailReason.WRONG_SENDER,
    ),
    "a second From": ({"from_": f"{ANN}\r\nFrom: m@evil.example"}, MailReason.WRONG_SENDER),
    "a guest for the booker": ({"from_": CY}, MailReason.WRONG_SENDER),
    "the booker for a guest": ({"attendee": CY}, MailReason.WRONG_SENDER),
    "an assistant": (
        {"params": ';SENT-BY="mailto:pa@tallship.example"', "from_": "pa@tallship.example"},
        MailReason.WRONG_SENDER,
    ),
    "a party crasher": (
        {"attendee": "eve@evil.example", "from_": "eve@evil.example"}, MailReason.NOT_INVITED,
    ),
    "an attendee without a mailbox": ({"attendee": ""}, MailReason.NOT_INVITED),
    "handed on": (
        {"answer": "DELEGATED", "params": ';DELEGATED-TO="mailto:eve@evil.example"'},
        MailReason.DELEGATED,
    ),
    "whom it was handed to": (
        {"params": f';DELEGATED-FROM="mailto:{CY}"'}, MailReason.DELEGATED,
    ),
    "forged, as our server found": (
        {"authentication_results": f"{MX}; spf=fail; dkim=none; dmarc=fail"}, MailReason.UNPROVEN,
    ),
    "forged beneath a verdict of its own": (
        {"authentication_results": f"{MX}; dmarc=fail\r\nAuthentication-Results: {MX}; dmarc=pass"},
        MailReason.UNPROVEN,
    ),
    "forged, as our server says with the sender's own words": (
        {"authentication_results": f"{MX}; spf=fail smtp.mailfrom=dmarc=pass@m.io; dmarc=fail"},
        MailReason.UNPROVEN,
    ),
    "another UID": ({"UID": "else@evil.example"}, MailReason.UNKNOWN_EVENT),
    "a version that was never sent": ({"SEQUENCE": "7"}, MailReason.FUTURE),
    "one occurrence": ({"RECURRENCE-ID": "20261119T080000Z"}, MailReason.INSTANCE),
    "a counter-proposal": (
        {"method": "COUNTER", "DTSTART": "20261120T100000Z", "DTEND": "20261120T103000Z"},
        MailReason.COUNTER,
    ),
    "a counter-proposal from somebody else": (
        {"method": "COUNTER", "from_": "m@evil.example"}, MailReason.WRONG_SENDER,
    ),
    "a request to the meeting's address": ({"method": "REQUEST"}, MailReason.METHOD),
    "a cancellation by the booker": ({"method": "CANCEL"}, MailReason.METHOD),
    "a cancellation by the owner's name": (
        {"method": "CANCEL", "from_": "desk@northgate.example"}, MailReason.METHOD,
    ),
    "refresh": ({"method": "REFRESH"}, MailReason.METHOD),
    "declinecounter": ({"method": "DECLINECOUNTER"}, MailReason.METHOD),
    "add": ({"method": "ADD"}, MailReason.METHOD),
    "publish": ({"method": "PUBLISH"}, MailReason.METHOD),
    "an unknown method": ({"method": "EXPLODE"}, MailReason.METHOD),
    "method and envelope at odds": (
        {"content": lambda m: part(answering(m), method="REQUEST")}, MailReason.MISMATCH,
    ),
    "two answers in one": (
        {"content": lambda m: part(calendar(reply(UID=m.uid), reply("DECLINED", UID=m.uid)))},
        MailReason.MISMATCH,
    ),
    "two files that differ": (
        {"content": lambda m: nested(
            part(answering(m)), part(answering(m, "DECLINED"), "application/ics", charset=""),
        )},
        MailReason.MISMATCH,
    ),
    "two meetings in one": (
        {"content": lambda m: part(calendar(reply(UID=m.uid), reply(UID="u2")))},
        MailReason.MISMATCH,
    ),
    "no DTSTAMP": ({"DTSTAMP": None}, MailReason.MALFORMED),
    "cut in the middle": (
        {"content": lambda m: part(answering(m)[:-40])}, MailReason.MALFORMED,
    ),
    "a task": (
        {"content": lambda m: part(calendar(["BEGIN:VTODO", "UID:a", "END:VTODO"]))},
        MailReason.COMPONENT,
    ),
    "a bomb of parts": (
        {"content": lambda m: nested(*[part("x", "text/plain")] * 5000)}, MailReason.TOO_LARGE,
    ),
    "a bomb of lines": (
        {"content": lambda m: part(calendar(reply(UID=m.uid), before=["X-A:b"] * 6000))},
        MailReason.TOO_LARGE,
    ),
    "a letter": ({"content": lambda m: part("Can we talk?", "text/plain")}, MailReason.NO_CALENDAR),
    "a letter in HTML": (
        {"content": lambda m: part("<script>x</script>", "text/html")}, MailReason.NO_CALENDAR,
    ),
    "a forwarded answer": (
        {"content": lambda m: nested(
            part("fyi", "text/plain"),
            b"Content-Type: message/rfc822\r\n\r\n" + mail(part(answering(m), method="REPLY")),
            kind="mixed",
        )},
        MailReason.NO_CALENDAR,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_done_is_kept_for_review_with_its_reason(client_link, case):
    meeting = booked(client_link)
    said, reason = BAD[case]
    before = snapshot(meeting)
    content, headers = composed(meeting, said)
    assert sent(meeting, content, **headers) is Fate.REVIEW
    row = IncomingMail.objects.get()
    assert (row.outcome, row.reason) == (MailOutcome.REVIEW, reason)
    assert (row.workspace_id, row.meeting_id) == (meeting.workspace_id, meeting.pk)
    assert row.words.endswith(".")
    assert "<script" not in row.comment
    assert answers(meeting) == {}
    assert snapshot(meeting) == before
    assert not OutboxMessage.objects.filter(kind=MessageKind.ANSWERED).exists()
    assert post.outbox == []


NOTHING = {
    "no answer yet": {"answer": "NEEDS-ACTION"},
    "an absence notice": {
        "content": lambda m: part("I am away", "text/plain"), "auto_submitted": "auto-replied",
    },
    "a delivery report": {
        "content": lambda m: nested(
            part("Not delivered", "text/plain"),
            b"Content-Type: message/rfc822\r\n\r\n" + mail(part(answering(m), method="REPLY")),
            kind="report",
        ),
        "from_": "mailer-daemon@tallship.example",
    },
}  # fmt: skip


@pytest.mark.parametrize("case", NOTHING)
def test_what_says_nothing_troubles_nobody(client_link, case):
    meeting = booked(client_link)
    content, headers = composed(meeting, NOTHING[case])
    assert sent(meeting, content, **headers) is Fate.NOTED
    assert IncomingMail.objects.get().outcome == MailOutcome.NOTED
    assert answers(meeting) == {}


def test_a_counter_proposal_keeps_the_time_that_was_proposed(meeting):
    said = {"DTSTART": "20261120T100000Z", "DTEND": "20261120T103000Z", "COMMENT": "Later?"}
    sent(meeting, answering(meeting, "DECLINED", method="COUNTER", **said))
    row = IncomingMail.objects.get()
    assert (row.proposed_start_at - NINE, row.comment) == (timedelta(hours=26), "Later?")
    assert row.proposed_end_at - row.proposed_start_at == HALF_HOUR


def test_a_counter_proposal_may_name_everybody(meeting):
    """RFC 5546, 4.2.4: it is its sender's."""
    who = [line_of("ATTENDEE", f"mailto:{one}") for one in ("org@else.example", CY, ANN)]
    said = {"UID": meeting.uid, "DTSTART": "20261120T100000Z", "DTEND": "20261120T103000Z"}
    text = calendar(event(*who, **said), method="COUNTER")
    assert sent(meeting, text) is Fate.REVIEW
    row = IncomingMail.objects.get()
    assert (row.reason, row.sender) == (MailReason.COUNTER, ANN)
    assert row.proposed_start_at - NINE == timedelta(hours=26)
    assert sent(meeting, text, from_="m@evil.example", message_id="2") is Fate.REVIEW
    forged = IncomingMail.objects.exclude(pk=row.pk).get()
    assert forged.reason in {MailReason.WRONG_SENDER, MailReason.NOT_INVITED}
