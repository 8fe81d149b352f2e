"""Mails through Resend's API: once for each key, with what its answers and events mean."""

from __future__ import annotations

import base64
from datetime import timedelta
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
import time_machine

from common import mail
from common.enums import MailState
from common.errors import BadReply, RateLimited, UpstreamUnavailable
from common.mail_form import Letter, named
from common.mail_trouble import MailRefused
from common.models import OutboxMessage, SeenEvent, SentMail
from sandbox.server.push import Courier
from tests.common.test_mail_smtp import ICS, NAME, letter
from tests.resend import Postman, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def postman():
    return Postman()


@pytest.fixture
def resend(sandbox, settings, postman):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    sandbox.store.set_setting("resend.tracking", "http://testserver/anymail/resend/tracking/")
    sandbox.store.courier = Courier(sandbox.store, postman)
    return sandbox


def send(message=None, *, key="a", **changes):
    given = {"kind": "test.mail", "key": key, "workspace_id": None, **changes}
    return mail.send(message or letter(), **given)


def taken(resend):
    return resend.store.all("resend_mail")


def test_mail_reaches_resend_with_its_invitation_and_key(resend):
    row = send()
    (got,) = taken(resend)
    body = got["body"]
    assert (row.state, row.remote_id) == (MailState.DELIVERED, got["id"])
    assert body["to"] == ["ann@tallship.example"]
    assert body["html"] == "<p>Text</p>"
    (file,) = body["attachments"]
    assert file["filename"] == "invite.ics"
    assert file["content_type"].startswith("text/calendar")
    assert 'method="REQUEST"' in file["content_type"]
    assert base64.b64decode(file["content"]) == ICS.encode()
    assert got["key"] == row.key_digest
    assert "Idempotency-Key" not in body["headers"]
    assert body["headers"]["Message-ID"] == f"<{row.message_id}>"


def test_repeat_after_a_lost_answer_is_one_mail(resend, postman):
    """The stand-in took it; nothing told us. The second try finds it."""
    postman.held = True
    resend.fault("resend.emails.send", lost=True)
    with pytest.raises(UpstreamUnavailable):
        send()
    row = send()
    assert len(taken(resend)) == 1
    assert (row.state, row.remote_id) == (MailState.SENT, taken(resend)[0]["id"])
    assert not mail.said_otherwise(row, letter())


def test_event_that_outruns_the_answer_is_of_that_mail(resend):
    """The answer was lost, and the event told that the mail had gone: it is not sent again."""
    resend.fault("resend.emails.send", lost=True)
    with pytest.raises(UpstreamUnavailable):
        send()
    row = SentMail.objects.get()
    assert (row.state, row.remote_id) == (MailState.DELIVERED, taken(resend)[0]["id"])
    resend.store.log.clear()
    send()
    assert resend.calls("resend.emails.send") == []


def test_an_outrun_mail_that_was_taken_all_the_same_is_told_as_delivered(resend, postman):
    postman.held = True
    resend.fault("resend.emails.send", lost=True)
    with pytest.raises(UpstreamUnavailable):
        send()
    SentMail.objects.update(state=MailState.OUTRUN)
    postman.bring_all()
    row = SentMail.objects.get()
    assert (row.state, row.remote_id) == (MailState.DELIVERED, taken(resend)[0]["id"])


class Overtaken(Letter):
    """Of which the service tells at the moment before it is tried once more."""

    told = ""

    def digest(self):
        if self.told and SentMail.objects.exists():
            tell(self.told, tags={"mail": SentMail.objects.get().pk.hex}, email_id="re-7")
        return super().digest()


def test_event_of_this_moment_is_not_overwritten_by_another_try(resend):
    resend.fault("resend.emails.send", unreached=True)
    with pytest.raises(UpstreamUnavailable):
        send()
    again = Overtaken(
        subject="Hello", body="x", from_email="us@meridian.example", to=["ann@x.example"]
    )
    again.told = "email.bounced"
    row = send(again)
    assert (row.state, row.remote_id) == (MailState.BOUNCED, "re-7")
    assert taken(resend) == []


@pytest.mark.parametrize(
    ("domain", "state"),
    [
        ("suppressed.example", MailState.FAILED),
        ("bounce.example", MailState.BOUNCED),
        ("delayed.example", MailState.DELAYED),
    ],
)
def test_trouble_that_is_told_before_the_answer_stands(resend, domain, state):
    row = send(letter(to=f"ann@{domain}"), problem_kind="test.trouble")
    assert row.state == state
    assert row.accepted_at is not None
    (told,) = OutboxMessage.objects.all()
    assert (told.kind, told.payload) == ("test.trouble", {"mail_id": str(row.pk)})


def test_other_words_after_a_lost_answer_are_not_sent_and_said_to_be_so(resend, postman):
    postman.held = True
    resend.fault("resend.emails.send", lost=True)
    with pytest.raises(UpstreamUnavailable):
        send()
    later = letter(subject="Hello, with a link")
    row = send(later)
    assert len(taken(resend)) == 1
    assert mail.said_otherwise(row, later)
    assert row.accepted_at is not None
    assert "earlier version" in row.detail
    postman.bring_all()
    row.refresh_from_db()
    assert (row.state, row.remote_id) == (MailState.DELIVERED, taken(resend)[0]["id"])


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 500}, UpstreamUnavailable),
        ({"status": 503}, UpstreamUnavailable),
        ({"status": 409}, UpstreamUnavailable),
        ({"status": 401}, UpstreamUnavailable),
        ({"status": 403, "reason": "invalid_api_key"}, UpstreamUnavailable),
        ({"status": 403}, UpstreamUnavailable),
        ({"status": 302, "body": ""}, UpstreamUnavailable),
        ({"status": 404, "body": "<html>"}, UpstreamUnavailable),
        ({"status": 404, "reason": "not_found"}, UpstreamUnavailable),
        ({"status": 405, "reason": "method_not_allowed"}, UpstreamUnavailable),
        ({"status": 422, "reason": "invalid_from_address"}, UpstreamUnavailable),
        ({"status": 429, "retry_after": 7}, RateLimited),
        ({"status": 429, "reason": "daily_quota_exceeded"}, RateLimited),
        ({"body": "<html>busy</html>"}, BadReply),
        ({"body": "{}"}, BadReply),
        ({"body": "[]"}, BadReply),
        ({"delay": 60}, UpstreamUnavailable),
        ({"unreached": True}, UpstreamUnavailable),
    ],
)
def test_what_may_pass_is_tried_again_and_is_one_mail(resend, fault, error):
    resend.fault("resend.emails.send", **fault)
    with pytest.raises(error):
        send()
    assert send().accepted_at is not None
    assert len(taken(resend)) == 1


def test_limits_say_how_long_to_wait(resend):
    resend.fault("resend.emails.send", status=429, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        send()
    assert caught.value.retry_after == timedelta(seconds=7)
    resend.fault("resend.emails.send", status=429, reason="monthly_quota_exceeded")
    with pytest.raises(RateLimited) as caught:
        send()
    assert caught.value.retry_after == timedelta(hours=1)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 422, "message": "Invalid `to` field: ann@tallship.example"},
        {"status": 400, "reason": "invalid_parameter"},
        {"status": 413, "reason": "invalid_attachment"},
    ],
)
def test_refusal_is_for_good_and_names_nobody(resend, fault, caplog):
    resend.fault("resend.emails.send", **fault)
    with pytest.raises(MailRefused) as caught:
        send(problem_kind="test.trouble")
    assert "tallship" not in caught.value.message + caplog.text
    assert str(fault["status"]) in caught.value.message
    row = SentMail.objects.get()
    assert (row.state, row.detail) == (MailState.FAILED, caught.value.message)
    assert OutboxMessage.objects.get().payload == {"mail_id": str(row.pk)}


def test_key_under_which_a_mail_was_refused_is_not_used_again(resend):
    """The service may answer a used key with the old refusal."""
    resend.fault("resend.emails.send", status=422)
    with pytest.raises(MailRefused):
        send()
    row = send()
    assert taken(resend)[0]["key"] == f"{row.key_digest}-1"


def test_domain_that_is_not_verified_keeps_mails_waiting(resend):
    resend.store.set_setting("resend.domains", ["other.example"])
    with pytest.raises(UpstreamUnavailable) as caught:
        send()
    assert "operator" in caught.value.message
    resend.store.set_setting("resend.domains", ["meridian.example"])
    assert send().accepted_at is not None


def test_wrong_key_keeps_mails_waiting(resend, settings):
    settings.RESEND_API_KEY = "re_wrong"
    with pytest.raises(UpstreamUnavailable) as caught:
        send()
    assert caught.value.retryable
    assert "re_wrong" not in caught.value.message
    assert "operator" in caught.value.message


@pytest.mark.parametrize(
    ("domain", "state", "words"),
    [
        ("bounce.example", MailState.BOUNCED, "no such mailbox"),
        ("complain.example", MailState.COMPLAINED, "may not be seen"),
        ("delayed.example", MailState.DELAYED, "still tried"),
        ("suppressed.example", MailState.FAILED, "came back before"),
    ],
)
def test_trouble_is_noted_and_told_once(resend, postman, domain, state, words):
    postman.held = True
    row = send(letter(to=f"ann@{domain}"), problem_kind="test.trouble")
    assert row.state == MailState.SENT
    waiting = list(postman.waiting)
    postman.bring_all()
    for delivery in waiting:  # once more: Svix repeats
        postman.bring(delivery)
    row.refresh_from_db()
    assert row.state == state
    assert words in row.detail
    assert "@" not in row.detail
    assert set(postman.statuses) == {204}
    (told,) = OutboxMessage.objects.all()
    assert (told.kind, told.payload) == ("test.trouble", {"mail_id": str(row.pk)})


@pytest.mark.parametrize("domain", ["bounce.example", "complain.example", "tallship.example"])
def test_order_of_arrival_changes_nothing(resend, postman, domain):
    postman.held = True
    row = send(letter(to=f"ann@{domain}"))
    postman.bring_all(backwards=True)
    row.refresh_from_db()
    expected = {"bounce.example": "bounced", "complain.example": "complained"}
    assert row.state == expected.get(domain, "delivered")


def test_bounced_stays_bounced(resend):
    row = send(letter(to="ann@bounce.example"))
    remote_id = SentMail.objects.get().remote_id
    for kind in ("email.sent", "email.delivered", "email.delivery_delayed", "email.failed"):
        assert tell(kind, email_id=remote_id).status_code == 204
    row.refresh_from_db()
    assert row.state == MailState.BOUNCED


def test_delivered_mail_may_come_back_later(resend):
    row = send()
    assert row.state == MailState.DELIVERED
    tell("email.bounced", email_id=row.remote_id, bounce={"subType": "MailboxFull"})
    row.refresh_from_db()
    assert (row.state, row.detail) == (MailState.BOUNCED, "The mailbox is full.")


def test_event_of_no_mail_of_ours_is_taken_and_leaves_nothing(resend):
    assert tell("email.bounced", email_id="5f5cbd0c").status_code == 204
    assert tell("email.bounced", tags={"mail": "nonsense"}).status_code == 204
    assert tell("email.bounced", tags=[["mail"]], email_id=7).status_code == 204
    assert tell("contact.created", id="x").status_code == 204
    assert SentMail.objects.count() == 0
    assert SeenEvent.objects.count() == 0


def test_a_mail_that_shows_opening_is_never_asked_for(resend):
    """No tracking: an event of it changes nothing."""
    row = send()
    tell("email.opened", email_id=row.remote_id)
    row.refresh_from_db()
    assert row.state == MailState.DELIVERED


def test_after_a_day_the_key_is_not_known_any_more_and_the_row_still_is(resend):
    first = send()
    resend.store.advance(25 * 3600)
    again = send()
    assert first.pk == again.pk
    assert len(taken(resend)) == 1


def test_old_traces_are_forgotten(resend):
    row = send()
    with time_machine.travel(row.created_at + mail.EVENTS_KEPT + timedelta(hours=1), tick=False):
        from django.utils import timezone

        mail.forget_old(timezone.now())
        assert (SentMail.objects.count(), SeenEvent.objects.count()) == (1, 0)
        mail.forget_old(timezone.now() + mail.MAILS_KEPT)
        assert SentMail.objects.count() == 0


def test_nothing_of_a_mail_is_logged(resend, caplog):
    caplog.set_level("DEBUG")
    resend.fault("resend.emails.send", status=422)
    with pytest.raises(MailRefused):
        send(letter(subject="A secret subject", body="A secret text"))
    send(letter(subject="A secret subject", body="A secret text"))
    assert "ann@tallship.example" not in caplog.text
    assert "secret" not in caplog.text


def test_name_of_the_sender_reaches_resend_whole(resend):
    send(letter(sender=named(NAME, "us@meridian.example")))
    (got,) = taken(resend)
    name, address = parseaddr(str(make_header(decode_header(got["body"]["from"]))))
    assert (name, address) == (NAME, "us@meridian.example")


@pytest.mark.parametrize("to", ["ann", "ann@", "ann\n@x.example", "a@b@c.example"])
def test_address_that_is_none_is_refused_here(resend, to):
    with pytest.raises(MailRefused):
        send(letter(to=to))
    assert resend.calls("resend.emails.send") == []
    assert SentMail.objects.get().recipient == ""


def test_mail_to_two_is_an_error_of_ours(resend):
    from common.errors import InvalidInput

    with pytest.raises(InvalidInput):
        send(Letter(subject="x", body="x", to=["ann@x.example", "ben@x.example"]))
