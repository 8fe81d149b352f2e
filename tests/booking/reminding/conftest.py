"""Meetings of next week with reminders, and what is mailed when their time comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from booking.enums import Answer
from booking.models import MeetingAnswer
from booking.services import reminding
from booking.services.links import LinkData
from tests.booking import flaky_mail
from tests.booking.conftest import ANN, NINE, book, deliver_all, make_link

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CY = {"name": "Cy Guest", "email": "cy@tallship.example"}
# A week after the clock of the fixtures.
NEXT_WEEK = NINE + timedelta(days=7)


@pytest.fixture
def post(clock):
    """Go to an instant and do what beat and worker do; the mails that came of it."""

    def went(at):
        mail.outbox.clear()
        clock.move_to(at)
        reminding.look_ahead(now=at)
        deliver_all()
        return list(mail.outbox)

    return went


def booked(link, start=NEXT_WEEK, **more):
    meeting = book(link, start=start, **more)
    deliver_all()
    meeting.refresh_from_db()
    return meeting


def reminding_link(owner, *minutes, **more):
    return make_link(owner, reminders=list(minutes), **more)


def data_of(link, **more):
    known = {"title": link.title, "slug": link.slug, "conference": "none", "notice_minutes": 0}
    return LinkData(**{**known, "reminders": tuple(link.reminders), **more})


def to_whom(letters):
    return sorted(letter.to[0] for letter in letters)


def now():
    return datetime.now(UTC)


def decline(meeting, email, *, is_sure=True):
    """What their calendar answered to the meeting's time as it is."""
    MeetingAnswer.objects.create(
        workspace=meeting.workspace,
        owner_kind="client",
        meeting_id=meeting.pk,
        email=email,
        is_booker=email == ANN.email,
        is_sure=is_sure,
        answer=Answer.DECLINED,
        sequence=meeting.sequence,
        stamped_at=now(),
        start_at=meeting.start_at,
        end_at=meeting.end_at,
        received_at=now(),
    )


@pytest.fixture
def mail_is_down(settings, monkeypatch):
    settings.EMAIL_BACKEND = "tests.booking.flaky_mail.Backend"

    def set_down(*addresses):
        monkeypatch.setattr(flaky_mail, "refuse", list(addresses))

    return set_down
