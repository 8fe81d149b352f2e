"""One link in both modes, a clock that stands still, and ways to book."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.cache import cache

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import MessageKind
from booking.models import BookingLink
from booking.services import meetings
from common import outbox
from common.models import OutboxMessage
from tests.factories import make_client

# A Wednesday; the first slot of the next day in Berlin is 08:00 UTC.
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
NINE = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
BERLIN = ZoneInfo("Europe/Berlin")
LATER = timedelta(minutes=1)
ANN = Booker(name="Ann Other", email="ann@tallship.example", timezone="America/New_York")


@pytest.fixture
def clock():
    """Wednesday 18 November 2026, 09:00 UTC; `clock.shift(…)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _fresh_limits(request):
    """What other tests booked does not count."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        cache.clear()


def make_link(owner, slug="intro", **fields):
    """A link for half an hour or three quarters, on weekdays from nine to five."""
    defaults = {
        "title": "Intro call",
        "workspace": owner.workspace,
        f"{owner.kind.value}_id": owner.id,
        "durations": [30, 45],
        "step_minutes": 30,
        "notice_minutes": 0,
        "conference": "none",
    }
    return BookingLink.objects.create(slug=slug, **{**defaults, **fields})


@pytest.fixture
def link(owner, clock):
    """In client mode, then in internal mode."""
    return make_link(owner)


@pytest.fixture
def other_owner(owner, workspace, bob_owner):
    """Somebody else of the same kind, with an address of their own."""
    if owner.kind == bob_owner.kind:
        return bob_owner
    southgate = make_client(workspace, "Southgate", primary_contact_email="desk@southgate.example")
    return type(owner)(workspace=workspace, client=southgate)


@pytest.fixture
def client_link(client_owner, clock):
    return make_link(client_owner)


@pytest.fixture
def user_link(user_owner, clock):
    return make_link(user_owner)


def book(link, *, start=NINE, booker=ANN, key="", now=None, duration=HALF_HOUR, **more):
    """Book as the public page does, without it."""
    return meetings.book_meeting(
        link=link,
        start=start,
        duration=duration,
        booker=booker,
        submit_key=key or uuid4().hex,
        now=now or datetime.now(UTC),
        actor=task_actor("tests"),
        **more,
    )


def deliver_all(rounds=5):
    """What the worker would do by now."""
    for _round in range(rounds):
        if not outbox.sweep():
            return


def messages(**rules):
    """The outbox, oldest first."""
    return list(OutboxMessage.objects.filter(**rules).order_by("created_at", "pk"))


def deliveries():
    """What was, or is to be, sent of meetings: their events and their mails."""
    return messages(kind__in=[MessageKind.CALENDAR_EVENT, MessageKind.NOTIFICATION])


@pytest.fixture
def side(sandbox):
    """Call it with a connection: its owner's hands, at the provider."""

    class Side:
        def __init__(self, connection):
            self.calendar = sandbox.calendar(connection)

            (record,) = sandbox.events(connection)
            self.event_id = record["body"].get("id") or record["id"]

        def change(self, fields):
            sandbox.store.change_event(self.calendar, self.event_id, fields)

        def move(self, start, length=HALF_HOUR):
            self.change({"start": wall(start), "end": wall(start + length)})

        def delete(self):
            sandbox.store.delete_event(self.calendar, self.event_id)

        def add(self, start, length=HALF_HOUR, **fields):
            return sandbox.store.add_event(
                self.calendar, title="Dentist", start=start, end=start + length, **fields
            )

    return Side


def wall(moment):
    local = moment.astimezone(BERLIN).replace(tzinfo=None).isoformat()
    return {"dateTime": local, "timeZone": "Europe/Berlin"}


@pytest.fixture
def look(clock, copy_events):
    """Call it with a connection: what changed there is read, and acted on a minute later."""

    def looked(connection):
        copy_events(connection, now=datetime.now(BERLIN))
        clock.shift(LATER)
        deliver_all()

    return looked
