"""Mails to a meeting's own address: a table of what people, programs and attackers send, and what
becomes of each. Whatever it is, nothing of the meeting itself is ever taken from a mail.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post
from icalendar import Calendar

from booking import inbound
from booking.enums import MailOutcome, MailReason, MeetingState, MessageKind, Party
from booking.models import IncomingMail, MeetingAnswer
from booking.services import changes
from booking.services.answers import answers_of, is_current
from booking.services.incoming import forget_old, take_in
from booking.services.mail_log import Fate
from common.errors import InvalidInput, RateLimited
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.booking.mails import calendar, event, line_of, mail, nested, part, reply
from tests.booking.test_changes import GUEST, TEN
from tests.rivals import at_once

pytestmark = pytest.mark.django_db

ANN, CY = "ann@tallship.example", "cy@tallship.example"
HERE = "inbound.example"
MX = "mx.ours.example"


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = HERE, MX


@pytest.fixture
def meeting(link):
    return booked(link)


def booked(link, **more):
    """A meeting that Ann and Cy were invited to, and know of."""
    made = book(link, **more)
    made.guests = [{"name": "Cy Guest", "email": CY}]
    made.save()
    deliver_all()
    post.outbox.clear()
    made.refresh_from_db()
    return made


def answering(meeting, answer="ACCEPTED", *, method="REPLY", text=None, **said):
    """The calendar text of an answer to it."""
    said = {"UID": meeting.uid, "SEQUENCE": str(meeting.sequence), **said}
    said.setdefault("ORGANIZER", f"mailto:{inbound.reply_address(meeting.pk)}")
    return calendar(reply(answer, **said), method=method)


def sent(meeting, content, *, now=NOW, to=None, **headers):
    """Bring a mail with that content to the meeting's address; its fate there."""
    content = part(content, method="") if isinstance(content, str) else content
    headers.setdefault("to", inbound.reply_address(meeting.pk) if to is None else to)
    (fate,) = take_in(raw=mail(content, **headers), now=now)
    return fate


def answers(meeting):
    return {one.email: one.answer for one in MeetingAnswer.objects.filter(meeting_id=meeting.pk)}


def snapshot(meeting):
    """Everything a mail must not touch."""
    meeting.refresh_from_db()
    fields = ("state", "start_at", "end_at", "title", "sequence", "booker_email", "guests", "uid")
    return {name: getattr(meeting, name) for name in fields}


# --- What we send names the address ---


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


def test_what_was_done_keeps_nobodys_words(meeting):
    sent(meeting, answering(meeting, COMMENT="Gladly"), subject="Private")
    row = IncomingMail.objects.get()
    assert (row.sender, row.subject, row.comment) == ("", "", "")


# --- Order ---


def stamped(minute):
    return f"20261118T08{minute:02}00Z"


def test_the_later_of_two_answers_stands_whatever_comes_first(client_link):
    meeting = booked(client_link)
    assert (
        sent(meeting, answering(meeting, "TENTATIVE", DTSTAMP=stamped(20)), message_id="2")
        is Fate.DONE
    )
    early = answering(meeting, "ACCEPTED", DTSTAMP=stamped(10))
    assert sent(meeting, early, message_id="1") is Fate.NOTED
    assert answers(meeting) == {ANN: "tentative"}
    assert (
        sent(meeting, answering(meeting, "ACCEPTED", DTSTAMP=stamped(30)), message_id="3")
        is Fate.DONE
    )
    assert answers(meeting) == {ANN: "accepted"}


def test_a_replay_under_another_message_id_changes_nothing(client_link):
    meeting = booked(client_link)
    first, second = (
        answering(meeting, DTSTAMP=stamped(1)),
        answering(meeting, "DECLINED", DTSTAMP=stamped(2)),
    )
    sent(meeting, first, message_id="a")
    sent(meeting, second, message_id="b")
    assert sent(meeting, first, message_id="c") is Fate.NOTED
    assert sent(meeting, second, message_id="d") is Fate.NOTED
    assert answers(meeting) == {ANN: "declined"}


def test_the_same_mail_twice_is_one(client_link):
    meeting = booked(client_link)
    assert sent(meeting, answering(meeting)) is Fate.DONE
    again = {"received": "from somewhere else", "x_hop": "2"}
    assert sent(meeting, answering(meeting), **again) is Fate.REPEAT
    assert IncomingMail.objects.count() == 1


def test_an_answer_to_an_earlier_time_is_recorded_and_does_not_count(client_link):
    meeting = booked(client_link)
    old = answering(meeting, "DECLINED")
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    deliver_all()
    meeting.refresh_from_db()
    assert sent(meeting, old) is Fate.DONE
    (answer,) = MeetingAnswer.objects.all()
    assert (answer.answer, answer.sequence) == ("declined", 0)
    assert not is_current(answer, meeting)
    assert not OutboxMessage.objects.filter(kind=MessageKind.ANSWERED).exists()


def test_an_answer_stops_counting_when_the_meeting_moves(client_link):
    meeting = booked(client_link)
    sent(meeting, answering(meeting))
    moved = changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    assert not is_current(answers_of([moved])[moved.pk][ANN], moved)


def test_an_answer_counts_to_what_its_reader_was_told_last(client_link):
    """Moved away and back within a moment: nobody is told, and calendars know the first version."""
    meeting = booked(client_link)
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    changes.move_meeting(meeting=meeting, start=NINE, doer=GUEST, now=NOW)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.sequence == 2
    assert sent(meeting, answering(meeting, SEQUENCE="0")) is Fate.DONE
    assert is_current(MeetingAnswer.objects.get(), meeting)


# --- A booker who declines ---


def test_a_decline_tells_the_owner_and_changes_nothing(link, owner):
    meeting = booked(link)
    sent(meeting, answering(meeting, "DECLINED", COMMENT="Sorry, ill"))
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.sequence) == (MeetingState.CONFIRMED, 0)
    (letter,) = post.outbox
    assert letter.to == [owner.notice_email]
    assert letter.subject.startswith("Ann Other declined Intro call")
    assert "Sorry, ill" in letter.body
    assert f"/meetings/{meeting.pk}" in letter.body


def test_a_decline_frees_the_time_where_the_link_says_so(owner, clock):
    link = make_link(owner, on_decline="free")
    meeting = booked(link)
    sent(meeting, answering(meeting, "DECLINED", COMMENT="Sorry, ill"))
    deliver_all()
    meeting.refresh_from_db()
    assert (meeting.state, meeting.hold) == (MeetingState.CANCELLED, None)
    assert (meeting.cancelled_by, meeting.cancel_reason) == (Party.BOOKER, "Sorry, ill")
    assert {one.to[0] for one in post.outbox} == {ANN, CY, owner.notice_email}
    assert book(link).state == MeetingState.CONFIRMED


def test_a_guests_decline_is_only_shown(owner, clock):
    meeting = booked(make_link(owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED", attendee=CY), from_=CY)
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert post.outbox == []
    assert answers(meeting) == {CY: "declined"}


def test_a_decline_that_was_taken_back_at_once_has_no_consequence(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    sent(meeting, answering(meeting, "DECLINED", DTSTAMP=stamped(1)), message_id="1")
    sent(meeting, answering(meeting, "ACCEPTED", DTSTAMP=stamped(2)), message_id="2")
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert post.outbox == []


def test_a_decline_of_what_is_over_has_no_consequence(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    clock.shift(timedelta(days=2))
    sent(meeting, answering(meeting, "DECLINED"), now=NOW + timedelta(days=2))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    assert answers(meeting) == {ANN: "declined"}


def test_whoever_changes_their_mind_all_day_fills_nobodys_mailbox(client_link):
    meeting = booked(client_link)
    for minute in range(30):
        answer = "ACCEPTED" if minute % 2 else "DECLINED"
        sent(meeting, answering(meeting, answer, DTSTAMP=stamped(minute)), message_id=str(minute))
        deliver_all()
    assert len(post.outbox) == 6


# --- Whose address it is ---


def test_another_meetings_uid_at_this_address_touches_neither(client_link):
    mine = booked(client_link)
    theirs = booked(client_link, start=TEN)
    assert sent(mine, answering(theirs)) is Fate.REVIEW
    assert MeetingAnswer.objects.count() == 0
    assert IncomingMail.objects.get().meeting_id == mine.pk


def test_this_meetings_uid_at_another_workspaces_address_stays_there(
    client_link, other_workspace, charlie
):
    from workspaces.owners import owner_of_user

    mine = booked(client_link)
    theirs = booked(make_link(owner_of_user(charlie, other_workspace), slug="theirs"))
    assert sent(theirs, answering(mine)) is Fate.REVIEW
    assert MeetingAnswer.objects.count() == 0
    assert IncomingMail.objects.get().workspace_id == other_workspace.pk


def test_an_address_that_was_never_given_out_is_for_the_operators(client_link):
    meeting = booked(client_link)
    forged = inbound.reply_address(meeting.pk).replace("reply+", "reply+a")[:-1]
    for number, to in enumerate(
        [f"reply+{'a' * 52}@{HERE}", f"hello@{HERE}", "x@else.example", forged]
    ):
        assert sent(meeting, answering(meeting), to=to, message_id=str(number)) is Fate.NOBODY
    assert set(IncomingMail.objects.values_list("workspace", "reason")) == {
        (None, MailReason.UNKNOWN_ADDRESS)
    }
    assert answers(meeting) == {}


def test_what_the_server_was_told_outranks_the_headers(client_link):
    mine, other = booked(client_link), booked(client_link, start=TEN)
    raw = mail(part(answering(mine)), to=inbound.reply_address(other.pk))
    assert take_in(raw=raw, recipients=[inbound.reply_address(mine.pk)], now=NOW) == [Fate.DONE]


def test_a_blind_copy_is_known_by_the_server_alone(client_link):
    meeting = booked(client_link)
    raw = mail(part(answering(meeting)), to="undisclosed-recipients:;")
    assert take_in(raw=raw, recipients=[inbound.reply_address(meeting.pk)], now=NOW) == [Fate.DONE]


def test_a_mail_to_two_of_our_addresses_is_judged_at_each(client_link):
    mine, other = booked(client_link), booked(client_link, start=TEN)
    to = ", ".join(inbound.reply_address(one.pk) for one in (mine, other))
    assert take_in(raw=mail(part(answering(mine)), to=to), now=NOW) == [Fate.DONE, Fate.REVIEW]


def test_an_erased_bookers_meeting_has_no_address(client_link):
    meeting = booked(client_link)
    meeting.erased_at = NOW
    meeting.save()
    assert sent(meeting, answering(meeting)) is Fate.NOBODY
    assert answers(meeting) == {}


def test_where_no_mail_comes_in_none_is_taken(client_link, settings):
    meeting = booked(client_link)
    raw = mail(part(answering(meeting)), to=inbound.reply_address(meeting.pk))
    settings.INBOUND_DOMAIN = ""
    with pytest.raises(InvalidInput, match="INBOUND_DOMAIN"):
        take_in(raw=raw, now=NOW)


def test_a_flood_at_one_address_is_asked_to_come_later(client_link):
    meeting, other = booked(client_link), booked(client_link, start=TEN)
    for number in range(120):
        sent(meeting, answering(meeting), message_id=str(number))
    with pytest.raises(RateLimited):
        sent(meeting, answering(meeting), message_id="one more")
    assert IncomingMail.objects.count() == 120
    assert sent(other, answering(other)) is Fate.DONE


def test_a_flood_to_nobody_is_kept_in_part(client_link, settings):
    meeting = booked(client_link)
    for number in range(320):
        sent(meeting, part("x", "text/plain"), to=f"a{number}@{HERE}")
    assert IncomingMail.objects.count() == 300


# --- Rivals, and what is kept how long ---


@pytest.mark.django_db(transaction=True)
def test_rivals_with_one_mail_have_one_effect(client_owner, clock):
    meeting = booked(make_link(client_owner, on_decline="free"))
    raw = mail(part(answering(meeting, "DECLINED")), to=inbound.reply_address(meeting.pk))
    fates = at_once(8, lambda _number: take_in(raw=raw, now=NOW)[0])
    assert sorted(one.name for one in fates) == ["DONE"] + ["REPEAT"] * 7
    assert MeetingAnswer.objects.count() == IncomingMail.objects.count() == 1
    assert OutboxMessage.objects.filter(kind=MessageKind.ANSWERED).count() == 1


def test_what_is_settled_is_forgotten_after_a_month_and_the_rest_after_three(client_link):
    meeting = booked(client_link)
    sent(meeting, answering(meeting), message_id="1")
    sent(meeting, answering(meeting, method="COUNTER"), message_id="2")
    assert forget_old(NOW + timedelta(days=29)) == 0
    forget_old(NOW + timedelta(days=31))
    assert [one.outcome for one in IncomingMail.objects.all()] == [MailOutcome.REVIEW]
    forget_old(NOW + timedelta(days=91))
    assert not IncomingMail.objects.exists()
    assert answers(meeting) == {ANN: "accepted"}
