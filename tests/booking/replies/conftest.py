"""A meeting that its booker and a guest know of, and mails to its own address."""

from __future__ import annotations

import pytest
from django.core import mail as post

from booking import inbound
from booking.models import MeetingAnswer
from booking.services.incoming import take_in
from tests.booking.conftest import NOW, book, deliver_all
from tests.booking.mails import calendar, mail, part, reply

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


def stamped(minute):
    return f"20261118T08{minute:02}00Z"
