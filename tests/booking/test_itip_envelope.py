"""What is read of a mail's envelope: who sent it, to whom, and what our own server says of it."""

from __future__ import annotations

import pytest

from booking.itip.addresses import canonical, of_uri, same_mailbox
from booking.itip.post import read_mail
from booking.itip.shapes import Verdict
from tests.booking.mails import mail, part


class TestEnvelope:
    @pytest.mark.parametrize(
        ("header", "sender"),
        [
            ("Ann <Ann@TallShip.example>", "ann@tallship.example"),
            ("ann@tallship.example", "ann@tallship.example"),
            ('"ann@tallship.example" <mallory@evil.example>', "mallory@evil.example"),
            ('"Ann <ann@tallship.example>" <mallory@evil.example>', "mallory@evil.example"),
            ("=?utf-8?q?ann=40tallship.example?= <mallory@evil.example>", "mallory@evil.example"),
            ("=?utf-8?q?Ann_=3Cann=40tallship.example=3E=2C?= <m@evil.example>", "m@evil.example"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@tallship.example, mallory@evil.example", ""),
            ("ann@tallship.example <mallory@evil.example>", ""),
            ("", ""),
            ("undisclosed-recipients:;", ""),
            ("G: mallory@evil.example;, ann@tallship.example", ""),
            ('"mallory x"@evil.example, ann@tallship.example', ""),
            (f"{'m' * 70}@evil.example, ann@tallship.example", ""),
            ("mallory@[192.0.2.1], ann@tallship.example", ""),
            (f"ann@tallship.example{' ' * 13_000}, mallory@evil.example", ""),
            ("ann@tallship.example,", "ann@tallship.example"),
        ],
    )
    def test_the_sender_is_the_one_address(self, header, sender):
        assert read_mail(mail(part("x", "text/plain"), from_=header)).envelope.sender == sender

    def test_two_senders_are_none(self):
        raw = b"From: ann@tallship.example\r\n" + mail(part("x", "text/plain"))
        assert read_mail(raw).envelope.sender == ""

    def test_a_subject_is_one_line(self):
        subject = "=?utf-8?q?Yes=0D=0ABcc:_all=40evil.example?="
        found = read_mail(mail(part("x", "text/plain"), subject=subject)).envelope
        assert found.subject == "Yes Bcc: all@evil.example"

    def test_who_it_is_to_is_told_by_the_server_first(self):
        found = read_mail(
            mail(part("x", "text/plain"), to="b@b.example, c@c.example", delivered_to="a@a.example")
        )
        assert found.envelope.recipients == ("a@a.example", "b@b.example", "c@c.example")

    @pytest.mark.parametrize(
        ("said", "verdict"),
        [
            ("mx.ours.example; dmarc=pass header.from=tallship.example", Verdict.PASSED),
            ("mx.ours.example; dmarc=pass (p=x) header.from=Ann@TallShip.example", Verdict.PASSED),
            ("mx.ours.example; dmarc=pass header.from=evil.example", Verdict.FAILED),
            ("mx.ours.example; dmarc=pass header.from=x.tallship.example", Verdict.FAILED),
            ("mx.ours.example; dmarc=pass header.from=hip.example", Verdict.FAILED),
            (
                f"mx.ours.example; {'dkim=pass header.d=a.example; ' * 300}dmarc=fail",
                Verdict.FAILED,
            ),
            ("mx.ours.example; spf=fail; dkim=none; dmarc=fail (p=none)", Verdict.FAILED),
            ("mx.ours.example; spf=fail smtp.mailfrom=a.example", Verdict.FAILED),
            ("mx.ours.example; spf=softfail; dkim=pass header.d=list.example", Verdict.UNKNOWN),
            ("mx.ours.example 1; dmarc=none", Verdict.UNKNOWN),
            ("mx.theirs.example; dmarc=pass", Verdict.UNKNOWN),
            ("mx.ours.example.evil.example; dmarc=pass", Verdict.UNKNOWN),
            ("(mx.ours.example; dmarc=pass) mx.theirs.example; dmarc=none", Verdict.UNKNOWN),
        ],
    )
    def test_only_our_own_server_is_believed(self, said, verdict):
        raw = mail(part("x", "text/plain"), authentication_results=said)
        assert read_mail(raw, authserv_id="mx.ours.example").envelope.verdict is verdict

    def test_what_stands_below_the_topmost_verdict_came_with_the_mail(self):
        forged = b"Authentication-Results: mx.ours.example; dmarc=fail\r\n" + mail(
            part("x", "text/plain"), authentication_results="mx.ours.example; dmarc=pass"
        )
        found = read_mail(forged, authserv_id="mx.ours.example").envelope
        assert found.verdict is Verdict.FAILED

    def test_without_a_server_of_ours_nobody_is_believed(self):
        raw = mail(part("x", "text/plain"), authentication_results="mx.ours.example; dmarc=fail")
        assert read_mail(raw).envelope.verdict is Verdict.UNKNOWN


class TestAddresses:
    @pytest.mark.parametrize(
        ("one", "other", "is_same"),
        [
            ("Ann@Example.com", "ann@example.COM", True),
            ("ann@bücher.example", "ann@xn--bcher-kva.example", True),
            ("j.doe@gmail.com", "jdoe@googlemail.com", True),
            ("j.doe@example.com", "jdoe@example.com", False),
            ("ann+a@example.com", "ann@example.com", False),
            ("ann@example.com.", "ann@example.com", True),
            ("", "", False),
        ],
    )
    def test_mailboxes_are_compared_as_mail_is_delivered(self, one, other, is_same):
        assert same_mailbox(one, other) is is_same

    @pytest.mark.parametrize(
        "text", ["", "a", "@", "a@", "@b", "a b@c.example", "a@b@c.example", "a\n@b.example",
                 f"{'a' * 400}@b.example", f"a@{'b' * 80}.example", "a@..", "a,b@c.example",
                 "a@\x00b.example"],
    )  # fmt: skip
    def test_what_is_no_address_is_none(self, text):
        assert canonical(text) == ""

    def test_a_mailto_address_may_be_escaped(self):
        assert of_uri("MAILTO:ann%2Bcal@example.com?subject=x") == "ann+cal@example.com"
