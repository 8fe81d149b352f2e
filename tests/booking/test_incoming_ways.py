"""The ways by which mails come in: Resend's notice and what is fetched after it, files, a pipe."""

from __future__ import annotations

import base64
import hmac
import io
import json
import mailbox
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import responses
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection

from booking import inbound
from booking.enums import MailReason, MessageKind
from booking.models import IncomingMail, MeetingAnswer
from booking.services.mail_fetch import expect_mail
from common.enums import OutboxState
from common.fetch_guard import AddressRefused, is_public, resolving_with
from common.models import OutboxMessage
from common.webhooks import secret_bytes
from sandbox.server.resend import receiving
from tests.booking.conftest import NOW, deliver_all, messages
from tests.booking.mails import mail, part
from tests.booking.replies.conftest import ANN, HERE, answering, booked

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = "/anymail/resend/inbound/"
API, CDN = "https://api.resend.test", "https://files.resend.test"


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN = HERE
    settings.RESEND_INBOUND_SECRET, settings.RESEND_API_KEY = SECRET, "re_key"
    settings.RESEND_API_URL = API


@pytest.fixture
def meeting(client_link):
    return booked(client_link)


def notice(email_id="e-1", kind="email.received"):
    return json.dumps(
        {"type": kind, "data": {"email_id": email_id, "to": ["x@y.example"]}}
    ).encode()


def told(client, body, *, event_id="msg_1", secret=SECRET, **headers):
    stamp = f"{NOW.timestamp():.0f}"
    signed = f"{event_id}.{stamp}.".encode() + body
    mark = base64.b64encode(hmac.digest(secret_bytes(secret), signed, "sha256")).decode()
    headers = {
        "svix-id": event_id, "svix-timestamp": stamp, "svix-signature": f"v1,{mark}", **headers,
    }  # fmt: skip
    return client.post(HOOK, body, content_type="application/json", headers=headers).status_code


def raw_answer(meeting, **headers):
    headers.setdefault("to", inbound.reply_address(meeting.pk))
    return mail(part(answering(meeting), method="REPLY"), **headers)


class TestNotice:
    def test_it_only_has_the_mail_fetched(self, client, clock):
        assert told(client, notice()) == 204
        (row,) = messages(kind=MessageKind.MAIL_FETCH)
        assert row.payload == {"email_id": "e-1"}
        assert not IncomingMail.objects.exists()

    def test_the_same_mail_is_fetched_once(self, client, clock):
        for event_id in ("msg_1", "msg_1", "msg_2"):
            assert told(client, notice(), event_id=event_id) == 204
        assert len(messages(kind=MessageKind.MAIL_FETCH)) == 1

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (notice(kind="email.bounced"), 400),
            (notice("../../emails"), 400),
            (notice("e" * 65), 400),
            (notice(None), 400),
            (b"[]", 400),
            (b"{", 400),
            (b'{"type": "email.received", "data": []}', 400),
            (b"[" * 100_000, 400),
            (notice() + b" " * 300_000, 413),
        ],
    )
    def test_what_is_no_notice_is_refused(self, client, clock, body, status):
        assert told(client, body) == status
        assert not OutboxMessage.objects.exists()

    def test_without_the_right_signature_nothing_is_done(self, client, clock):
        other = "whsec_" + "A" * 32
        assert told(client, notice(), secret=other) == 401
        assert told(client, notice(), **{"svix-signature": "v1,"}) == 401
        assert not OutboxMessage.objects.exists()
        assert client.get(HOOK).status_code == 405

    @pytest.mark.parametrize(
        "stamp", ["", "0", "-1", "1e9", "\u0661", "999999999999", "9" * 13, "1" * 5000]
    )
    def test_a_time_that_is_none_or_not_now_is_refused(self, client, clock, stamp):
        assert told(client, notice(), **{"svix-timestamp": stamp}) == 401
        assert not OutboxMessage.objects.exists()

    @pytest.mark.parametrize("name", ["RESEND_INBOUND_SECRET", "INBOUND_DOMAIN"])
    def test_where_none_is_expected_there_is_nothing_here(self, client, clock, settings, name):
        setattr(settings, name, "")
        assert told(client, notice()) == 404


@pytest.fixture
def resend():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mocked:
        yield mocked


def describe(resend, url, to=(), **more):
    """What Resend says of the mail `e-1`."""
    told = {"object": "email", "id": "e-1", "to": list(to), "raw": {"download_url": url}}
    resend.get(f"{API}/emails/receiving/e-1", json={**told, **more})


def fetch(client):
    assert told(client, notice()) == 204
    deliver_all()
    (row,) = messages(kind=MessageKind.MAIL_FETCH)
    return row


class TestFetching:
    def test_the_mail_is_read_from_where_the_service_says(self, client, meeting, resend):
        to = inbound.reply_address(meeting.pk)
        describe(resend, f"{API}/raw/e-1", [f"Somebody <{to}>"])
        resend.get(f"{API}/raw/e-1", body=raw_answer(meeting, to="list@else.example"))
        assert fetch(client).state == OutboxState.SENT
        assert MeetingAnswer.objects.get().email == ANN
        assert resend.calls[0].request.headers["Authorization"] == "Bearer re_key"
        assert "Authorization" not in resend.calls[1].request.headers

    @pytest.mark.parametrize("ip", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1"])
    def test_no_address_within_is_ever_asked(self, client, meeting, resend, ip):
        describe(resend, f"{CDN}/raw/e-1")

        def resolver(_host, _port):
            if not is_public(ip):
                raise AddressRefused
            return [ip]

        with resolving_with(resolver):
            row = fetch(client)
        assert row.state == OutboxState.FAILED
        assert "private network" in row.last_error
        assert len(resend.calls) == 1

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:6379/",
            "file:///etc/passwd",
            "https://u:p@files.test/x",
            "x",
            "http://[",
        ],
    )
    def test_nor_one_that_is_none(self, client, meeting, resend, url):
        describe(resend, url)
        assert fetch(client).state in {OutboxState.FAILED, OutboxState.PENDING}
        assert len(resend.calls) == 1
        assert not IncomingMail.objects.exists()

    def test_a_redirect_of_the_service_is_not_followed(self, client, meeting, resend):
        describe(resend, f"{API}/raw/e-1")
        resend.get(f"{API}/raw/e-1", status=302, headers={"Location": "http://127.0.0.1/"})
        row = fetch(client)
        assert (row.state, row.last_error) == (OutboxState.PENDING, "Resend answered 302.")
        assert len(resend.calls) == 2

    @pytest.mark.parametrize(
        ("status", "state"),
        [
            (400, OutboxState.PENDING),
            (401, OutboxState.PENDING),
            (403, OutboxState.PENDING),
            (404, OutboxState.PENDING),
            (429, OutboxState.PENDING),
            (500, OutboxState.PENDING),
        ],
    )
    def test_trouble_with_the_service_is_told_apart(self, client, meeting, resend, status, state):
        resend.get(f"{API}/emails/receiving/e-1", status=status, json={"message": "secret words"})
        row = fetch(client)
        assert row.state == state
        assert "secret" not in row.last_error

    def test_one_that_is_there_no_more_is_looked_for_an_hour(self, client, resend, clock):
        resend.get(f"{API}/emails/receiving/e-1", status=404)
        fetch(client)
        clock.shift(timedelta(minutes=59))
        deliver_all()
        assert OutboxMessage.objects.get().state == OutboxState.PENDING
        clock.shift(timedelta(minutes=30))
        deliver_all()
        assert OutboxMessage.objects.get().state == OutboxState.SENT

    @pytest.mark.parametrize("status", [401, 404, 503])
    def test_after_an_outage_the_mail_is_read(self, client, meeting, resend, clock, status):
        resend.get(f"{API}/emails/receiving/e-1", status=status)
        row = fetch(client)
        assert row.state == OutboxState.PENDING
        resend.replace(
            responses.GET, f"{API}/emails/receiving/e-1", json={"raw": {"download_url": f"{API}/r"}}
        )
        resend.get(f"{API}/r", body=raw_answer(meeting))
        clock.shift(timedelta(hours=1))
        deliver_all()
        assert MeetingAnswer.objects.count() == 1

    def test_one_about_what_others_are_changing_is_read_later(self, client, meeting, resend, clock):
        """The service tells of it once; what was fetched for nothing is fetched again."""
        describe(resend, f"{API}/raw/e-1")
        resend.get(f"{API}/raw/e-1", body=raw_answer(meeting))

        def locked(execute, sql, params, many, context):
            if sql.startswith("INSERT") and "incoming_mails" in sql:
                raise OperationalError("canceling statement due to lock timeout")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(locked):
            row = fetch(client)
        assert row.state == OutboxState.PENDING
        assert "changing" in row.last_error
        clock.shift(timedelta(hours=1))
        deliver_all()
        assert MeetingAnswer.objects.count() == 1

    @pytest.mark.parametrize(
        "body", ["[]", '{"raw": null}', '{"raw": {"download_url": 7}}', "<html>"]
    )
    def test_an_answer_that_is_none_is_tried_again(self, client, meeting, resend, body):
        resend.get(f"{API}/emails/receiving/e-1", body=body)
        assert fetch(client).state == OutboxState.PENDING


# --- Files and pipes ---


def ingest(*args, stdin=b"", monkeypatch=None):
    """What the command said, and its exit code."""
    if monkeypatch is not None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    said = io.StringIO()
    try:
        call_command("ingest_mail", *args, stdout=said)
    except CommandError as error:
        return str(error), error.returncode
    return said.getvalue(), 0


class TestCommand:
    def test_a_file(self, meeting, tmp_path):
        file = tmp_path / "answer.eml"
        file.write_bytes(raw_answer(meeting))
        assert ingest(str(file)) == ("1 done\n", 0)
        assert ingest(str(file), "--eml") == ("1 here before\n", 0)
        assert MeetingAnswer.objects.count() == 1

    def test_a_mailbox(self, meeting, tmp_path):
        box = mailbox.mbox(tmp_path / "mbox")
        box.add(mailbox.mboxMessage(raw_answer(meeting)))
        box.add(mailbox.mboxMessage(raw_answer(meeting, from_="m@evil.example", message_id="2")))
        box.add(mailbox.mboxMessage(raw_answer(meeting, to=f"x@{HERE}", message_id="3")))
        box.close()
        said, code = ingest(str(tmp_path / "mbox"), "--mbox")
        assert code == 0
        assert said.splitlines() == ["1 done", "1 to be looked at", "1 for no address of ours"]
        assert IncomingMail.objects.get(outcome="review", workspace=meeting.workspace).reason == (
            MailReason.WRONG_SENDER
        )

    @pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
    def test_a_mailbox_is_known_by_how_it_begins(self, meeting, tmp_path, ends):
        """Read as one mail, all but the first would be lost without a word."""
        mails = [raw_answer(meeting, message_id=str(n)).replace(b"\r\n", ends) for n in range(3)]
        head = b"From ann@tallship.example Wed Nov 18 09:05:00 2026" + ends
        (tmp_path / "mails").write_bytes(b"".join(head + one + ends for one in mails))
        said, code = ingest(str(tmp_path / "mails"))
        assert (said.splitlines(), code) == (["1 done", "2 noted, changed nothing"], 0)

    def test_one_mail_may_begin_as_mailboxes_do(self, meeting, tmp_path, monkeypatch):
        raw = b"From ann@tallship.example Wed Nov 18 09:05:00 2026\n" + raw_answer(meeting)
        (tmp_path / "answer.eml").write_bytes(raw)
        assert ingest(str(tmp_path / "answer.eml"), "--eml") == ("1 done\n", 0)
        assert ingest("-", stdin=raw, monkeypatch=monkeypatch) == ("1 here before\n", 0)

    def test_several_files(self, meeting, tmp_path):
        names = [str(tmp_path / f"{number}.eml") for number in range(3)]
        for number, name in enumerate(names):
            Path(name).write_bytes(raw_answer(meeting, message_id=str(number)))
        missing = str(tmp_path / "none.eml")
        assert ingest(*names, missing) == (f"{missing}: there is no such file.", 66)
        assert not MeetingAnswer.objects.exists()
        said, code = ingest(*names)
        assert (said.splitlines(), code) == (["1 done", "2 noted, changed nothing"], 0)
        assert ingest(names[0], "-")[1] == 64

    def test_a_file_that_is_no_mailbox_is_not_taken_for_an_empty_one(self, meeting, tmp_path):
        (tmp_path / "answer.eml").write_bytes(raw_answer(meeting))
        said, code = ingest(str(tmp_path / "answer.eml"), "--mbox")
        assert (said, code) == (f"{tmp_path}/answer.eml is no mailbox.", 65)
        (tmp_path / "empty").write_bytes(b"")
        assert ingest(str(tmp_path / "empty"), "--mbox") == ("", 0)

    def test_a_name_that_no_file_can_have(self, meeting, tmp_path):
        assert ingest(str(tmp_path / ("a" * 300)))[1] == 66
        assert ingest(str(tmp_path / "a\0b"))[1] == 66

    @pytest.mark.parametrize("error", [InterfaceError, OperationalError])
    def test_a_database_that_is_gone_has_the_mail_brought_again(self, meeting, monkeypatch, error):
        raw = raw_answer(meeting)

        def gone(execute, sql, params, many, context):
            raise error("connection already closed")

        with connection.execute_wrapper(gone):
            said, code = ingest("-", stdin=raw, monkeypatch=monkeypatch)
        assert (code, said) == (75, "The database did not take it. Bring it again.")

    def test_a_pipe_with_its_envelope(self, meeting, monkeypatch):
        raw = raw_answer(meeting, to="list@else.example")
        address = inbound.reply_address(meeting.pk)
        said = ingest("-", "--recipient", address, stdin=raw, monkeypatch=monkeypatch)
        assert said == ("1 done\n", 0)

    def test_nobodys_mail_is_given_back(self, meeting, monkeypatch):
        raw = raw_answer(meeting, to=f"nobody@{HERE}")
        assert ingest("-", stdin=raw, monkeypatch=monkeypatch) == ("No address of ours.", 67)

    def test_too_large_a_mail_is_judged_and_not_read_whole(self, meeting, monkeypatch):
        raw = raw_answer(meeting) + b"x\r\n" * 5_000_000
        said = ingest("-", stdin=raw, monkeypatch=monkeypatch)
        assert said == ("1 to be looked at\n", 0)
        assert IncomingMail.objects.get().reason == MailReason.TOO_LARGE

    def test_nothing_at_all(self, meeting, monkeypatch):
        assert ingest("-", stdin=b"", monkeypatch=monkeypatch)[1] == 67

    def test_no_such_file(self, meeting, tmp_path):
        assert ingest(str(tmp_path / "none"))[1] == 66
        assert ingest(str(tmp_path))[1] == 66

    def test_a_mailbox_is_no_pipe(self, meeting):
        assert ingest("-", "--mbox")[1] == 64

    def test_where_no_mail_comes_in(self, meeting, settings, tmp_path):
        file = tmp_path / "answer.eml"
        file.write_bytes(raw_answer(meeting))
        settings.INBOUND_DOMAIN = ""
        said, code = ingest(str(file))
        assert (code, "INBOUND_DOMAIN" in said) == (78, True)

    def test_a_flood_is_asked_to_come_later(self, meeting, tmp_path):
        box = mailbox.mbox(tmp_path / "mbox")
        for number in range(125):
            box.add(mailbox.mboxMessage(raw_answer(meeting, message_id=str(number))))
        box.close()
        assert ingest(str(tmp_path / "mbox"), "--mbox")[1] == 75


def test_what_the_stand_in_received_is_fetched_from_it(client_link, sandbox, settings):
    settings.INBOUND_DOMAIN = HERE
    meeting = booked(client_link)
    to = inbound.reply_address(meeting.pk)
    kept = receiving.receive(sandbox.store, raw_answer(meeting), [to])
    expect_mail(kept["id"])
    deliver_all()
    assert MeetingAnswer.objects.get().answer == "accepted"
