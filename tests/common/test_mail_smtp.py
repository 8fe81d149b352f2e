"""Mails over SMTP, to a real server: what it gets, and what its answers mean."""

from __future__ import annotations

import email
import re
import socket
import threading
import time
import uuid
from datetime import timedelta
from email.header import decode_header, make_header
from email.mime.text import MIMEText
from email.utils import parseaddr

import pytest
from django.db import connection

from common import mail
from common.enums import MailState
from common.errors import UpstreamUnavailable
from common.mail_backends import WHOLE_LIMIT
from common.mail_form import Letter, named
from common.mail_trouble import MailRefused
from common.models import SentMail
from tests.mail_server import mail_server

pytestmark = pytest.mark.django_db
NAME = "Αριστοτέλειο Κέντρο Συμβουλευτικής και Ψυχολογίας Θεσσαλονίκης via Meridian"
ICS = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Zoë\r\nEND:VCALENDAR\r\n"


@pytest.fixture
def server(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def letter(
    *,
    subject="Hello",
    to="ann@tallship.example",
    body="Text",
    html="<p>Text</p>",
    ics=ICS,
    sender="us@meridian.example",
):
    message = Letter(subject=subject, body=body, from_email=sender, to=[to])
    if html:
        message.attach_alternative(html, "text/html")
    if ics:
        part = MIMEText(ics, "calendar", "utf-8")
        part.set_param("method", "REQUEST")
        part.add_header("Content-Disposition", "attachment", filename="invite.ics")
        message.attach(part)
    return message


def send(message=None, *, key="a", **changes):
    given = {"kind": "test.mail", "key": key, "workspace_id": None, **changes}
    return mail.send(message or letter(), **given)


def shape(part):
    """The tree of a mail's parts."""
    if part.is_multipart():
        return [part.get_content_subtype(), *(shape(one) for one in part.iter_parts())]
    return part.get_content_type()


def test_invitation_stands_beside_the_text_and_once_more_as_a_file(server):
    row = send()
    (got,) = server.received
    assert shape(got.mail) == [
        "mixed",
        ["alternative", "text/plain", "text/html", "text/calendar"],
        "application/ics",
    ]
    beside, file = (
        part
        for part in got.mail.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    )
    assert beside.get_param("method") == "REQUEST"
    assert beside.get_param("charset") == "utf-8"
    assert beside.get_filename() is None
    assert file.get_filename() == "invite.ics"
    assert file.get_param("method") is None
    for part in (beside, file):
        assert part.get_payload(decode=True) == ICS.encode()
    assert got.raw.isascii()  # every server on the way passes it on as it is
    assert (row.state, row.recipient) == (MailState.SENT, "ann@tallship.example")
    assert got.mail["Message-ID"] == f"<{row.message_id}>"
    assert got.mail["Auto-Submitted"] == "auto-generated"
    assert got.mail["Idempotency-Key"] is None


def test_invitation_without_html_gets_alternatives_too(server):
    send(letter(html=""))
    (got,) = server.received
    assert shape(got.mail) == [
        "mixed",
        ["alternative", "text/plain", "text/calendar"],
        "application/ics",
    ]


def test_mail_without_an_invitation_stays_plain(server):
    message = letter(ics="")
    message.attach("notes.txt", "words", "text/plain")
    send(message)
    (got,) = server.received
    assert shape(got.mail) == ["mixed", ["alternative", "text/plain", "text/html"], "text/plain"]


def test_making_the_message_twice_changes_nothing(server):
    message = letter()
    before = message.digest()
    assert shape_of_types(message) == shape_of_types(message)
    assert message.digest() == before
    assert message.attachments[0].get_content_type() == "text/calendar"


def shape_of_types(message):
    return [part.get_content_type() for part in message.message().walk()]


def test_what_was_taken_is_not_sent_again(server):
    first = send()
    again = send()
    assert len(server.received) == 1
    assert first.pk == again.pk
    assert not mail.said_otherwise(again, letter())
    other = send(letter(subject="Hello, with a link"))
    assert len(server.received) == 1
    assert mail.said_otherwise(other, letter(subject="Hello, with a link"))


def test_repeat_after_a_lost_answer_bears_the_same_id(server):
    server.drops = 1
    with pytest.raises(UpstreamUnavailable):
        send()
    assert SentMail.objects.get().state == MailState.SENDING
    send()
    first, again = (got.mail["Message-ID"] for got in server.received)
    assert first == again
    assert SentMail.objects.get().state == MailState.SENT


def test_other_words_after_a_lost_answer_are_another_message(server):
    """A mailbox that drops repeats by Message-ID would keep the older words."""
    server.drops = 2
    for subject in ("one", "two"):
        with pytest.raises(UpstreamUnavailable):
            send(letter(subject=subject))
    row = send(letter(subject="three"))
    ids = [got.mail["Message-ID"] for got in server.received]
    assert len(set(ids)) == 3
    assert ids[-1] == f"<{row.message_id}>"


@pytest.mark.parametrize(
    ("command", "answer", "words"),
    [
        (
            "RCPT",
            "550 5.1.1 <ann@tallship.example> unknown",
            "there is no such mailbox (550 5.1.1)",
        ),
        ("RCPT", "552 5.2.2 full", "the mailbox is full (552 5.2.2)"),
        ("RCPT", "553 no", "refused this address (553)"),
        ("MAIL", "552 5.3.4 message size exceeds", "the mail is too large (552 5.3.4)"),
        ("DATA", "554 5.7.1 ann@tallship.example is spam", "no mails from here (554 5.7.1)"),
    ],
)
def test_refusal_for_good_says_why_and_names_nobody(server, command, answer, words, caplog):
    server.says[command] = [answer]
    with pytest.raises(MailRefused) as caught:
        send()
    assert words in caught.value.message
    assert "ann@" not in caught.value.message
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    row = SentMail.objects.get()
    assert (row.state, row.detail) == (MailState.FAILED, caught.value.message)
    assert row.accepted_at is None
    assert "ann@" not in caplog.text


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("RCPT", "450 4.2.1 later"),
        ("DATA", "451 4.3.0 later"),
        ("MAIL", "421 4.3.2 closing"),
        ("MAIL", "550 5.7.1 not as this sender"),
        ("MAIL", "530 5.7.0 log in first"),
        ("RCPT", "530 5.7.0 Must issue a STARTTLS command first"),
        ("DATA", "535 5.7.8 who are you"),
    ],
)
def test_what_may_pass_is_tried_again_and_then_arrives(server, command, answer):
    server.says[command] = [answer]
    with pytest.raises(UpstreamUnavailable) as caught:
        send()
    assert caught.value.retryable
    assert send().state == MailState.SENT
    assert len(server.received) == 1


def test_refused_mail_may_be_tried_anew(server):
    server.says["RCPT"] = ["550 5.1.1 unknown"]
    with pytest.raises(MailRefused):
        send()
    row = send()
    assert (row.state, row.detail, row.refusals) == (MailState.SENT, "", 1)


def test_nobody_at_home_is_passing(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", probe.getsockname()[1]
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        with pytest.raises(UpstreamUnavailable):
            send()


@pytest.fixture
def silent(settings):
    """A server that greets nobody."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listening.getsockname()[1]
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        settings.EMAIL_TIMEOUT = 1
        yield listening


def let_go(listening):
    """Who waits there for the first caller, where none came within the time limit."""
    socket.create_connection(listening.getsockname()).close()


def test_silent_server_is_given_up_in_time(silent):
    began = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        send()
    assert time.monotonic() - began < WHOLE_LIMIT.total_seconds() / 2


def test_a_server_that_was_long_looked_for_is_offered_nothing(server, monkeypatch):
    """Each of a name's addresses may take its time to be tried, before the one that answers."""
    limit = timedelta(seconds=0.2)
    monkeypatch.setattr("common.mail_backends.WHOLE_LIMIT", limit)
    connect = socket.create_connection

    def look_for_long(*args, **kwargs):
        time.sleep(limit.total_seconds())
        return connect(*args, **kwargs)

    monkeypatch.setattr(socket, "create_connection", look_for_long)
    with pytest.raises(UpstreamUnavailable):
        send()
    assert server.received == []


def test_server_that_answers_without_end_is_given_up(silent, settings, monkeypatch):
    """Each word comes within the time limit of a single read; there is one for the whole."""
    monkeypatch.setattr("common.mail_backends._Bounded.ends", time.monotonic() + 0.5)
    stop = threading.Event()

    def talk():
        peer, _address = silent.accept()
        with peer:
            peer.sendall(b"220 hello\r\n")
            while not stop.is_set():
                try:
                    if not peer.recv(1024):
                        return
                    time.sleep(0.3)
                    peer.sendall(b"250 go on\r\n")
                except OSError:
                    return

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        with pytest.raises(UpstreamUnavailable):
            send()
    finally:
        stop.set()
        let_go(silent)
        talking.join(5)


@pytest.mark.parametrize("drip", [b"2", b"220-hello\r\n"], ids=["bytes", "lines"])
def test_an_answer_that_never_ends_is_given_up(silent, monkeypatch, drip):
    """Each piece comes in time, and there is always another one."""
    monkeypatch.setattr("common.mail_backends._Bounded.ends", time.monotonic() + 1)
    stop = threading.Event()

    def talk():
        peer, _address = silent.accept()
        with peer:
            while not stop.wait(0.1):
                try:
                    peer.sendall(drip)
                except OSError:
                    return

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        with pytest.raises(UpstreamUnavailable):
            send()
    finally:
        stop.set()
        let_go(silent)
        talking.join(5)


def test_a_server_may_take_its_time_over_the_whole_mail(server, settings):
    """It looks for viruses: given up too early, it would take the same mail again and again."""
    settings.EMAIL_TIMEOUT = 1
    server.thinks = 2
    assert send().state == MailState.SENT
    assert len(server.received) == 1


@pytest.mark.parametrize(
    "to", ["ann\r\nBcc: eve@x.example", "Ann <>", "ann@", "@x.example", "\x00"]
)
def test_address_that_is_none_is_refused_without_a_word_to_the_server(server, to):
    with pytest.raises(MailRefused) as caught:
        send(letter(to=to))
    assert server.received == []
    assert "eve" not in caught.value.message


@pytest.mark.parametrize("name", [NAME, "\U0001d518" * 200, "é" * 200, "a" * 200, 'Bob "The, (x)'])
def test_long_names_are_read_as_they_are_and_make_no_long_lines(server, name):
    """Programs read words of 75 characters, and servers take lines of 998."""
    send(letter(sender=named(name, "us@meridian.example"), subject=name))
    (got,) = server.received
    assert got.sender == "us@meridian.example"
    read = email.message_from_bytes(got.raw)
    said = {one: str(make_header(decode_header(read[one]))) for one in ("From", "Subject")}
    assert parseaddr(said["From"]) == (name, "us@meridian.example")
    assert said["Subject"].strip() == name
    head = got.raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) < 300
    for one in ("From", "Subject"):
        assert max(map(len, re.findall(r"=\?\S+\?=", read[one])), default=0) <= 75


def test_header_of_two_lines_is_refused(server):
    with pytest.raises(MailRefused):
        send(letter(subject="Hello\nBcc: eve@x.example"))
    assert server.received == []


def test_key_names_the_mail_for_whatever_is_made_anew(server, clock_at):
    first = clock_at("2026-11-21T10:00:00Z")
    begun = mail.begun_at("a", first)
    assert begun == first
    server.says["RCPT"] = ["450 later"]
    with pytest.raises(UpstreamUnavailable):
        send(begun=begun)
    assert mail.begun_at("a", clock_at("2026-11-21T11:00:00Z")) == first
    assert mail.begun_at("b", clock_at("2026-11-21T11:00:00Z")) != first


@pytest.fixture
def clock_at():
    from datetime import datetime

    return datetime.fromisoformat


@pytest.mark.django_db(transaction=True)
def test_mail_within_a_transaction_is_an_error(server):
    """It would have gone although what it tells of may not stand."""
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        send()
    assert server.received == []
    assert not connection.in_atomic_block


def test_trouble_is_written_into_the_outbox_with_an_id_only(server):
    from common.models import OutboxMessage

    server.says["RCPT"] = ["550 5.1.1 unknown"]
    workspace_id = uuid.uuid4()
    with pytest.raises(MailRefused):
        send(problem_kind="test.trouble", workspace_id=workspace_id)
    row = SentMail.objects.get()
    (told,) = OutboxMessage.objects.all()
    assert (told.kind, told.payload) == ("test.trouble", {"mail_id": str(row.pk)})
    assert told.workspace_id == workspace_id
