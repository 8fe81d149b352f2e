"""One of a series, the following, or all of them are deleted, on both providers."""

from __future__ import annotations

import pytest

from calendars.enums import Scope
from calendars.models import Event
from calendars.services import series
from tests.calendars.services.series.conftest import EIGHT, provider_side

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("scope", "day", "left"),
    [
        ("this", 3, [0, 1, 2, 4, 5, 6, 7]),
        ("following", 3, [0, 1, 2]),
        ("following", 0, []),
        ("following", 7, [0, 1, 2, 3, 4, 5, 6]),
        ("all", 3, []),
    ],
)
def test_delete(book, scope, day, left):
    book.create()
    gone = book.on(EIGHT[day])
    assert book.delete(EIGHT[day], scope) == ()
    assert book.days() == [EIGHT[one] for one in left]
    assert book.same_after_sync()
    # Once more is done, too.
    gone.refresh_from_db()
    assert series.delete_event(event=gone, actor=book.actor, scope=Scope(scope)) == ()


def test_delete_of_the_following_leaves_single_changes_before_it(book):
    book.create()
    book.delete(EIGHT[1])
    book.change(EIGHT[2], "this", title="Special")
    assert book.delete(EIGHT[5], "following") == ()
    assert [title for title, _ in book.told()] == ["Stand-up", "Special", "Stand-up", "Stand-up"]
    assert book.days() == [EIGHT[0], EIGHT[2], EIGHT[3], EIGHT[4]]
    assert book.same_after_sync()


@pytest.mark.parametrize("scope", ["following", "all"])
def test_delete_of_a_series_that_is_gone_is_done(book, sandbox, scope):
    made = book.create()
    record = sandbox.events(book.calendar.connection)[0]
    provider_side(sandbox, record)
    book.delete(EIGHT[3], scope)
    assert book.days() == []
    assert Event.objects.get(pk=made.pk).deleted_at is not None
