"""Resend, which tells what became of a mail, and the page of a meeting that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.mail_troubles import troubles_of
from booking.owners import tables_for
from booking.services import changes
from booking.services.changes import Doer
from sandbox.server.push import Courier
from tests.booking.conftest import ANN, NOW
from tests.resend import Postman

LOST = replace(ANN, email="ann@bounce.example")


@pytest.fixture
def postman():
    return Postman()


@pytest.fixture
def resend(sandbox, settings, postman):
    settings.EMAIL_BACKEND = "common.mail_backends.ResendBackend"
    sandbox.store.clock = timezone.now
    sandbox.store.set_setting("resend.tracking", "http://testserver/anymail/resend/tracking/")
    sandbox.store.courier = Courier(sandbox.store, postman)
    return sandbox


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def taken(resend, to=""):
    found = [one["body"] for one in resend.store.all("resend_mail")]
    return [one for one in found if not to or one["to"] == [to]]


def fresh(meeting):
    return tables_for(meeting).meetings().get(pk=meeting.pk)


def standing(meeting):
    return troubles_of(meeting.workspace_id, [meeting.pk])[meeting.pk]


def page_of(browser, meeting):
    return browser.get(reverse("booking:meeting_detail", args=[meeting.pk])).text


def press(browser, meeting, mail, what):
    address = reverse("booking:meeting_mail", args=[meeting.pk])
    return browser.post(address, {"mail": str(mail.pk), "do": what}, follow=True)


def cancel(meeting):
    from audit.actors import task_actor
    from booking.enums import Party

    doer = Doer(Party.OWNER, task_actor("test"), "Alice")
    changes.cancel_meeting(meeting=fresh(meeting), doer=doer, now=NOW)


def move(meeting):
    from audit.actors import task_actor
    from booking.enums import Party

    doer = Doer(Party.OWNER, task_actor("test"), "Alice")
    later = fresh(meeting).start_at + timedelta(hours=1)
    changes.move_meeting(meeting=fresh(meeting), start=later, doer=doer, now=timezone.now())
