"""The calendar feed of an owner, opened, and read by two libraries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client as Browser
from ical.calendar_stream import IcsCalendarStream
from icalendar import Calendar

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import FeedDetail
from booking.services.feeds import open_feed

ANN = Booker(
    name="Ann Other", email="ann@tallship.example", phone="+49 30 901820", timezone="Europe/Berlin"
)
DAY = timedelta(days=1)


@pytest.fixture
def opened(owner, membership, clock):
    """Call it with how much is to be told: the path of a new feed of the owner's."""

    def made(detail=FeedDetail.DETAILS, of=None):
        found = open_feed(
            owner=of or owner,
            detail=detail,
            by=membership,
            actor=task_actor("tests"),
            now=datetime.now(UTC),
        )
        return found.url().removeprefix("http://testserver")

    return made


def get(path, **headers):
    return Browser(headers=headers).get(path)


def entries(path):
    """What both libraries read, by summary; they have to agree."""
    content = get(path).content
    (one,) = (Calendar.from_ical(content),)
    found = {
        str(event["summary"]): (
            str(event["status"]),
            event["dtstart"].dt,
            event["dtend"].dt,
            int(event["sequence"]),
        )
        for event in one.walk("VEVENT")
    }
    other = IcsCalendarStream.calendar_from_ics(content.decode())
    assert found == {
        event.summary: (event.status.value, event.dtstart, event.dtend, event.sequence)
        for event in other.events
    }
    return found
