"""What has to hold of a draft."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from calendars import drafts
from calendars.models import Event
from calendars.providers.base import EventDraft
from common.errors import InvalidInput

NINE = datetime(2026, 12, 14, 8, tzinfo=UTC)  # 09:00 in Berlin
HOUR = timedelta(hours=1)


def timed(**fields):
    return Event(
        start_at=NINE, end_at=NINE + HOUR, start_wall="2026-12-14T09:00:00",
        end_wall="2026-12-14T10:00:00", timezone="Europe/Berlin", **fields,
    )  # fmt: skip


def all_day():
    return Event(
        start_at=datetime(2026, 12, 13, 23, tzinfo=UTC),
        end_at=datetime(2026, 12, 15, 23, tzinfo=UTC),
        start_wall="2026-12-14", end_wall="2026-12-16", timezone="Europe/Berlin", is_all_day=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (EventDraft(), "start"),
        (EventDraft(start=NINE), "end"),
        (EventDraft(start=NINE, end=NINE), "end"),
        (EventDraft(start=NINE, end=date(2026, 12, 15)), "end"),
        (EventDraft(start=NINE, end=NINE + timedelta(days=400)), "end"),
        (EventDraft(start=NINE.replace(tzinfo=None), end=NINE), "start"),
        (EventDraft(start=NINE, end=NINE + HOUR, all_day=True), "start"),
        (EventDraft(start=date(2026, 12, 1), end=date(2026, 12, 2), all_day=False), "start"),
        (EventDraft(start=date(1900, 1, 1), end=date(1900, 1, 2)), "start"),
        (EventDraft(start=NINE, end=NINE + HOUR, title="x" * 1025), "title"),
    ],
)
def test_bad_draft_names_its_field(draft, field):
    with pytest.raises(InvalidInput) as refused:
        drafts.check_new(draft)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (EventDraft(start=NINE + 2 * HOUR), "start"),
        (EventDraft(end=NINE - HOUR), "end"),
        (EventDraft(start=date(2026, 12, 14)), "end"),
        (EventDraft(all_day=True), "start"),
    ],
)
def test_bad_change_names_its_field(draft, field):
    with pytest.raises(InvalidInput) as refused:
        drafts.check_change(draft, timed())
    assert refused.value.field == field


def test_all_day_event_can_become_timed_and_back():
    drafts.check_change(EventDraft(start=NINE, end=NINE + HOUR, all_day=False), all_day())
    drafts.check_change(
        EventDraft(start=date(2026, 12, 14), end=date(2026, 12, 15), all_day=True), timed()
    )


def test_moving_one_end_sends_both():
    moved = drafts.whole(EventDraft(end=NINE + 2 * HOUR), timed())
    assert (moved.start, moved.end) == (NINE, NINE + 2 * HOUR)
    moved = drafts.whole(EventDraft(start=date(2026, 12, 13)), all_day())
    assert (moved.start, moved.end) == (date(2026, 12, 13), date(2026, 12, 16))
    untouched = EventDraft(title="x")
    assert drafts.whole(untouched, timed()) is untouched
