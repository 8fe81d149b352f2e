"""Ids in the order of their making."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from common.ids import ordered_id
from common.models import OutboxMessage

NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)


def test_ids_of_one_moment_sort_as_they_were_made(time_machine):
    time_machine.move_to(NOW, tick=False)
    made = [ordered_id() for _ in range(2000)]
    assert sorted(made) == made
    assert sorted(one.hex for one in made) == [one.hex for one in made]
    assert len(set(made)) == 2000
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}


@pytest.mark.parametrize("later", [timedelta(microseconds=1), timedelta(milliseconds=1)])
def test_ids_sort_by_the_clock(time_machine, later):
    time_machine.move_to(NOW, tick=False)
    first = ordered_id()
    time_machine.move_to(NOW + later, tick=False)
    assert first < ordered_id()


@pytest.mark.django_db
def test_messages_of_one_moment_are_in_order(time_machine):
    time_machine.move_to(NOW, tick=False)
    for number in range(20):
        OutboxMessage.objects.create(kind="test", dedupe_key=str(number))
    rows = OutboxMessage.objects.order_by("created_at", "pk").values_list("dedupe_key", flat=True)
    assert list(rows) == [str(number) for number in range(20)]
