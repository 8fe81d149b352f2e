"""Reminders that could not be sent at their time: those that come late are still true."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from booking.services import changes, reminding
from common.enums import OutboxState
from tests.booking import flaky_mail
from tests.booking.conftest import ANN, deliver_all, messages
from tests.booking.reminding.conftest import (
    CY,
    DAY,
    HOUR,
    NEXT_WEEK,
    booked,
    now,
    reminding_link,
    to_whom,
)
from tests.booking.test_changes import GUEST

pytestmark = pytest.mark.django_db


def test_a_move_that_is_still_to_be_told_is_not_reminded_of(
    client_owner, clock, post, monkeypatch, settings
):
    meeting = booked(reminding_link(client_owner, 1440))
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"
    monkeypatch.setattr(flaky_mail, "refuse", [ANN.email])
    changes.move_meeting(meeting=meeting, start=NEXT_WEEK + HOUR, doer=GUEST, now=now())
    deliver_all()
    at = NEXT_WEEK + HOUR - DAY
    clock.move_to(at)
    reminding.look_ahead(now=at)
    monkeypatch.setattr(flaky_mail, "refuse", [])
    mail.outbox.clear()
    deliver_all()
    assert [one.subject.partition(":")[0] for one in mail.outbox if one.to == [ANN.email]] == [
        "Moved"
    ]


def test_what_could_not_be_sent_before_the_start_is_not_sent_after_it(
    client_owner, clock, post, mail_is_down
):
    booked(reminding_link(client_owner, 60))
    mail_is_down(ANN.email)
    assert post(NEXT_WEEK - HOUR) == []
    mail_is_down()
    assert post(NEXT_WEEK) == []
    assert {one.state for one in messages(kind="booking.reminder")} == {OutboxState.SENT}


def test_after_an_outage_only_the_latest_reminder_comes(client_owner, clock, post, mail_is_down):
    booked(reminding_link(client_owner, 1440, 60))
    mail_is_down(ANN.email)
    assert post(NEXT_WEEK - DAY) == []
    mail_is_down()
    assert len(post(NEXT_WEEK - HOUR)) == 1
    assert post(NEXT_WEEK - HOUR + timedelta(minutes=40)) == []


def test_an_address_that_takes_no_mail_keeps_none_from_the_others(
    client_owner, clock, post, mail_is_down
):
    booked(reminding_link(client_owner, 60), guests=[CY])
    mail_is_down(ANN.email)
    assert to_whom(post(NEXT_WEEK - HOUR)) == [CY["email"]]
    mail_is_down()
    assert to_whom(post(NEXT_WEEK - HOUR + timedelta(minutes=10))) == [ANN.email]
