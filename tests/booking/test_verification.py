"""A link that books for proved addresses only: the code, its limits, and what it is bound to."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from booking.errors import EmailUnproven
from booking.models import EmailCheck
from booking.owners import tables_of
from booking.services.verification import MAX_ATTEMPTS, forget_checks, require_proof
from booking.tokens import email_code
from calendars.models import Hold
from common.errors import RateLimited
from common.models import OutboxMessage
from tests.booking.conftest import NINE, NOW, book, deliver_all, make_link

pytestmark = pytest.mark.django_db

ANN = "ann@tallship.example"
KEY = "k" * 64


@pytest.fixture
def proved_link(owner, clock):
    return make_link(owner, verifies_email=True)


def ask(link, *, email=ANN, key=KEY, now=NOW, **more):
    require_proof(link=link, email=email, submit_key=key, address="192.0.2.1", now=now, **more)


def mailed_code():
    deliver_all()
    return re.search(r"(\d{3}) (\d{3})", mail.outbox[-1].body).expand(r"\1\2")


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


def post(link, **said):
    body = {"link": link.slug, "start": NINE.isoformat(), "name": "Ann", "email": ANN, **said}
    return Browser().post(
        reverse("booking_api:meetings"), json.dumps(body), content_type="application/json"
    )


class TestProof:
    def test_a_code_comes_by_mail_and_opens_this_submit_only(self, proved_link):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        assert mail.outbox[-1].to == [ANN]
        assert "Intro call" in mail.outbox[-1].subject
        ask(proved_link, code=f" {code[:3]} {code[3:]}")
        ask(proved_link)  # proved from now on
        with pytest.raises(EmailUnproven):
            ask(proved_link, key="o" * 64, code=code)
        with pytest.raises(EmailUnproven):
            ask(proved_link, email="ben@tallship.example", code=code)

    def test_neither_outbox_nor_table_holds_the_code(self, proved_link):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        rows = [*OutboxMessage.objects.values(), *EmailCheck.objects.values()]
        assert rows
        assert code not in str(rows)

    def test_a_wrong_code_is_told_and_ten_end_it(self, proved_link):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        for _try in range(MAX_ATTEMPTS):
            with pytest.raises(EmailUnproven, match="This is not the code") as refusal:
                ask(proved_link, code=wrong(code))
            assert refusal.value.is_wrong
        with pytest.raises(EmailUnproven, match="holds no longer"):
            ask(proved_link, code=code)
        with pytest.raises(EmailUnproven, match="on its way"):
            ask(proved_link, wants_another=True, now=NOW + timedelta(minutes=1))
        again = mailed_code()
        assert again != code
        ask(proved_link, code=again, now=NOW + timedelta(minutes=1))

    def test_a_code_holds_for_a_quarter_of_an_hour(self, proved_link, clock):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        with pytest.raises(EmailUnproven, match="holds no longer"):
            ask(proved_link, code=code, now=NOW + timedelta(minutes=15))
        ask(proved_link, code=code, now=NOW + timedelta(minutes=14, seconds=59))

    def test_another_mail_brings_the_same_code_and_not_at_once(self, proved_link, clock):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        with pytest.raises(EmailUnproven):
            ask(proved_link, wants_another=True, now=NOW + timedelta(seconds=5))
        deliver_all()
        assert len(mail.outbox) == 1
        clock.shift(timedelta(seconds=31))
        with pytest.raises(EmailUnproven):
            ask(proved_link, wants_another=True, now=NOW + timedelta(seconds=31))
        assert mailed_code() == code
        assert len(mail.outbox) == 2

    def test_a_mailbox_gets_few_mails_whatever_its_spelling(self, proved_link):
        for number in range(6):
            with pytest.raises(EmailUnproven):
                ask(proved_link, email=f"ann+{number}@tallship.example", key=f"{number}" * 64)
        with pytest.raises(RateLimited, match="Too many codes"):
            ask(proved_link, email="Ann+x@tallship.example", key="x" * 64)
        deliver_all()
        assert len(mail.outbox) == 6

    def test_an_older_secret_key_still_knows_its_codes(self, proved_link, settings):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        code = mailed_code()
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another-" + "x" * 50
        ask(proved_link, code=code)

    def test_a_code_that_helps_nobody_is_not_mailed(self, proved_link, clock):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        clock.shift(timedelta(minutes=16))
        deliver_all()
        assert mail.outbox == []

    def test_checks_are_forgotten(self, proved_link, clock):
        with pytest.raises(EmailUnproven):
            ask(proved_link)
        with pytest.raises(EmailUnproven):
            ask(proved_link, key="o" * 64)
        code = email_code(EmailCheck.objects.get(submit_key=KEY).pk, 1)
        ask(proved_link, code=code)
        assert forget_checks(NOW + timedelta(hours=1)) == 0
        assert forget_checks(NOW + timedelta(minutes=76)) == 1
        assert EmailCheck.objects.get().submit_key == KEY
        assert forget_checks(NOW + timedelta(hours=13)) == 1

    def test_a_link_that_asks_for_no_proof_mails_no_code(self, link):
        ask(link)
        assert EmailCheck.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_rivals_get_ten_guesses_in_all(client_owner, clock):
    link = make_link(client_owner, verifies_email=True)
    with pytest.raises(EmailUnproven):
        ask(link)
    check = EmailCheck.objects.get()
    bad = wrong(email_code(check.pk, 1))

    def guess(_number):
        try:
            ask(link, code=bad)
        except EmailUnproven as refusal:
            return "not the code" in refusal.message
        finally:
            connection.close()
        return None

    barrier = threading.Barrier(1)
    barrier.wait()
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(guess, range(16))) == MAX_ATTEMPTS


class TestApi:
    def test_two_steps_book(self, proved_link):
        first = post(proved_link)
        assert first.status_code == 428
        assert first.json()["code"] == "email_unverified"
        assert Hold.objects.count() == 0
        verification = first.json()["verification"]
        bad = post(proved_link, verification=verification, code="x")
        assert (bad.status_code, bad.json()["verification"]) == (428, verification)
        done = post(proved_link, verification=verification, code=mailed_code())
        assert done.status_code == 201
        meeting = tables_of(proved_link.owner_kind).meeting.objects.get()
        assert meeting.booker_email == ANN
        # One proof is one meeting.
        again = post(proved_link, verification=verification, start="2026-11-19T09:00:00Z")
        assert again.json()["url"] == done.json()["url"]
        assert Hold.objects.count() == 1

    def test_a_callers_own_key_is_the_verification(self, proved_link):
        mine = "mine" * 4
        first = post(proved_link, idempotency_key=mine)
        assert first.json()["verification"] == mine
        odd = post(proved_link, idempotency_key=mine, verification="other" * 4)
        assert (odd.status_code, odd.json()["field"]) == (400, "verification")
        assert post(proved_link, idempotency_key=mine, code=mailed_code()).status_code == 201

    def test_a_time_that_went_meanwhile_leaves_the_address_proved(self, proved_link):
        verification = post(proved_link).json()["verification"]
        code = mailed_code()
        book(proved_link)
        lost = post(proved_link, verification=verification, code=code)
        assert (lost.status_code, lost.json()["code"]) == (409, "slot_taken")
        other = post(proved_link, verification=verification, start=lost.json()["nearest"][0])
        assert other.status_code == 201

    def test_no_code_is_sent_for_a_time_that_is_gone(self, proved_link):
        book(proved_link)
        mail.outbox.clear()
        assert post(proved_link).status_code == 409
        assert EmailCheck.objects.count() == 0
