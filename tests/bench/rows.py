"""The rows that the bench measures with."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from audit.actors import Actor
from audit.enums import ActorKind
from booking.models import BookingLink
from tests.factories import make_calendar, make_connection, make_event, make_user, make_workspace
from workspaces.availability import DEFAULT_AVAILABILITY, parse_availability
from workspaces.owners import owner_of_user

ACTOR = Actor(kind=ActorKind.PUBLIC_LINK, id="bench")


def owner_of(number: int = 0):
    """A user with a workspace of their own."""
    user = make_user(f"Owner {number}")
    workspace = make_workspace(f"Bench {number}", owner=user)
    return owner_of_user(user, workspace)


def this_monday() -> date:
    today = timezone.now().date()
    return today - timedelta(days=today.weekday())


def next_monday(hour: int = 0) -> datetime:
    day = this_monday() + timedelta(days=7)
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def copied_calendar(owner, number: int):
    """A calendar of an account of its own, as a sync a moment ago would have left it."""
    now = timezone.now()
    window = {"window_from": now - timedelta(days=90), "window_until": now + timedelta(days=450)}
    row = make_connection(owner, account_remote_id=f"a{number}")
    return make_calendar(row, f"Calendar {number}", **window)


def full_week(*, calendars: int, events: int):
    """An owner with so many events this week, spread over so many calendars."""
    owner = owner_of()
    dice = random.Random(7)
    monday = next_monday() - timedelta(days=7)
    for number in range(calendars):
        calendar = copied_calendar(owner, number)
        for _ in range(events // calendars):
            start = monday + timedelta(days=dice.randrange(7), minutes=15 * dice.randrange(28, 72))
            end = start + timedelta(minutes=45)
            made = make_event(calendar, "Something to do", start=start, end=end)
    return owner, made


def link_of(owner, **more) -> BookingLink:
    return BookingLink.objects.create(
        workspace=owner.workspace,
        user=owner.user,
        slug=f"bench-{owner.user.pk.hex[:12]}",
        title="Bench",
        notice_minutes=0,
        step_minutes=5,
        horizon_days=365,
        conference="none",
        **more,
    )


def open_all_day(owner) -> None:
    """Every hour of every day can be booked."""
    hours = {
        day: {"enabled": True, "start": "00:00", "end": "24:00"}
        for day in DEFAULT_AVAILABILITY.to_json()
    }
    owner.save_hours(zone_name="UTC", availability=parse_availability(hours))
