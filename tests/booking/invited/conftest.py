"""An owner's address for invitations, what an organiser mails there, and what is answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail as post
from icalendar import Calendar as ICalendar

from booking.enums import Answer
from booking.models import OutsideInvitation
from booking.services import invited
from booking.services.incoming import take_in
from booking.services.invite_addresses import make_address
from calendars.models import Event
from tests.booking.conftest import NINE, NOW, deliver_all
from tests.booking.mails import calendar, event, line_of, mail, part

HERE, MX = "inbound.example", "mx.ours.example"
ORG = "org@elsewhere.example"
TEN = NINE + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _mail_comes_in(settings):
    settings.INBOUND_DOMAIN, settings.INBOUND_AUTHSERV_ID = HERE, MX


@pytest.fixture
def address(owner, clock):
    return make_address(owner)


@pytest.fixture
def google(clock, connect, owner):
    return connect(owner, "google")


def inviting(*guests, method="REQUEST", lines=(), **said):
    """The calendar text of an invitation."""
    who = [line_of("ATTENDEE", f";RSVP=TRUE:mailto:{one}") for one in guests]
    return calendar(event(*who, *lines, **said), method=method)


def sent(address, content, *, now=NOW, method="", **headers):
    content = part(content, method=method) if isinstance(content, str) else content
    headers = {"from_": f"Org <{ORG}>", "to": address, "subject": "Invitation", **headers}
    (fate,) = take_in(raw=mail(content, **headers), now=now)
    return fate


def only():
    return OutsideInvitation.objects.get()


def answer(owner, actor, said=Answer.ACCEPTED, *, now=NOW, seen=None):
    found = only()
    return invited.answer_invitation(
        invitation=found,
        owner=owner,
        answer=said,
        actor=actor,
        name="Alice",
        seen=invited.version_of(found) if seen is None else seen,
        now=now,
    )


def events():
    return list(Event.objects.filter(deleted_at__isnull=True))


def replies():
    """The files mailed to the organiser, oldest first."""
    return [
        ICalendar.from_ical(file.get_payload(decode=True))
        for letter in post.outbox
        if letter.to == [ORG]
        for file in letter.attachments
    ]


def later(minute):
    return f"20261118T09{minute + 10:02}00Z"


@pytest.fixture
def accepted(user_owner, connect, actor, clock):
    """Alice's address, with an invitation that she accepted."""
    connect(user_owner, "google")
    address = make_address(user_owner)
    sent(address, inviting(address))
    answer(user_owner, actor)
    deliver_all()
    post.outbox.clear()
    return address
