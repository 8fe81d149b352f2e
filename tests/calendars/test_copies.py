"""Copies of one event are told once, and the one to open is the one to write to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calendars.copies import told_once
from calendars.models import CalendarShare
from calendars.presenters import event_blocks
from calendars.queries import calendars_visible_to, events_between
from common.spans import Span
from tests.factories import make_calendar, make_connection, make_event

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
DAY = Span(NINE - timedelta(hours=8), NINE + timedelta(hours=16))


def told(membership):
    sources = {one.calendar.pk: one for one in calendars_visible_to(membership)}
    events = events_between(membership, DAY, calendars=list(sources.values()), for_grid=True)
    return told_once(events, sources), event_blocks(events, sources)


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner), "Studio", hue="moss")


@pytest.fixture
def board(user_owner):
    return make_calendar(
        make_connection(user_owner, provider="outlook"), "Board", hue="plum", is_writable=False
    )


def test_copies_of_one_event_are_told_once_with_all_colours(membership, own, board):
    for calendar in (board, own):
        make_event(calendar, "Review", start=NINE, ical_uid="one@x.example")
    (one,), (block,) = told(membership)
    assert one.event.calendar_id == own.pk  # the other can only be read
    assert [copy.calendar_id for copy in one.copies] == [board.pk]
    assert (block.hues, block.also) == (("moss", "plum"), ("Board",))


def test_occurrences_of_a_series_are_not_copies(membership, own):
    for hour in (0, 2):
        make_event(own, "Review", start=NINE + timedelta(hours=hour), ical_uid="one@x.example")
    assert len(told(membership)[0]) == 2


def test_events_without_a_uid_are_not_copies(membership, own, board):
    for calendar in (board, own):
        make_event(calendar, "Review", start=NINE)
    assert len(told(membership)[0]) == 2


def test_masked_copy_is_not_matched(bob_membership, own, bob_owner):
    theirs = make_calendar(make_connection(bob_owner), "Bob's")
    for calendar in (own, theirs):
        make_event(calendar, "Review", start=NINE, ical_uid="one@x.example")
    blocks = told(bob_membership)[1]
    assert sorted(block.title for block in blocks) == ["Busy", "Review"]
    assert all(block.hues == () for block in blocks)


def test_shared_copy_leads_nowhere_but_to_ones_own(bob_membership, own, bob_owner):
    CalendarShare.objects.create(calendar=own, level="details")
    theirs = make_calendar(make_connection(bob_owner), "Bob's")
    make_event(own, "Review", start=NINE, ical_uid="one@x.example")
    mine = make_event(theirs, "Review", start=NINE, ical_uid="one@x.example")
    (block,) = told(bob_membership)[1]
    assert block.href.endswith(str(mine.pk))
