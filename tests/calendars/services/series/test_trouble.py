"""Lost answers, refusals and deaths while a series is changed lose and double nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from calendars.enums import Scope
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services import series, splitting
from common import outbox
from common.enums import OutboxState
from common.errors import (
    Forbidden,
    UpstreamConflict,
    UpstreamError,
    UpstreamForbidden,
)
from common.models import OutboxMessage
from tests.calendars.services.series.conftest import EIGHT, HOUR, NOW, provider_side, wall

pytestmark = pytest.mark.django_db


def both_halves(book):
    titles = ["Stand-up"] * 3 + ["Later"] * 5
    return [(t, f"{d}T09:00:00") for t, d in zip(titles, EIGHT, strict=True)]


@pytest.mark.parametrize("call", ["create", "update"])
def test_one_lost_answer_loses_and_doubles_nothing(book, fault, call):
    book.create()
    fault(call, lost=True)
    done = book.change(EIGHT[3], "following", title="Later")
    assert (book.told(), done.notes) == (both_halves(book), ())
    assert book.same_after_sync()


def deliver(later=timedelta(minutes=5)):
    """What workers do some time later."""
    with time_machine.travel(NOW + later):
        outbox.sweep()


def test_new_series_made_without_an_answer_is_found_by_the_next_try(book, fault):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]
    book.change(EIGHT[3], "following", title="Later still")
    assert [title for title, _ in book.told()] == ["Stand-up"] * 3 + ["Later still"] * 5
    assert book.same_after_sync()


@pytest.mark.parametrize("status", [412, 403])
def test_new_series_that_a_former_try_made_is_not_made_again_when_it_cannot_be_changed(
    book, fault, status
):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    fault("update", status=status)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later still")
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_new_series_made_without_an_answer_is_finished_by_a_worker(book, fault):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_old_series_that_cannot_be_ended_yet_is_said_and_ended_later(book, fault):
    book.create()
    fault("update", status=503, count=2)
    done = book.change(EIGHT[3], "following", title="Later")
    assert done.notes == (splitting.NOT_ENDED,)
    assert len(book.live()) == 8 + 5  # rather twice than not at all
    deliver()
    deliver(timedelta(minutes=9))
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_end_that_came_through_without_an_answer_is_seen(book, fault, sandbox, provider):
    book.create()
    fault("update", lost=True)
    get = {"google": "google.events.get", "outlook": "microsoft.events.get"}[provider]
    sandbox.fault(get, status=503, skip=2 if provider == "outlook" else 1)
    done = book.change(EIGHT[3], "following", title="Later")
    assert done.notes == (splitting.NOT_ENDED,)
    deliver()
    assert book.told() == both_halves(book)
    assert book.same_after_sync()


def test_process_that_dies_between_the_calls_leaves_it_to_a_worker(book, monkeypatch):
    book.create()

    class Killed(BaseException):
        pass

    def die(*args, **more):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(splitting, "end_head", die)
        with pytest.raises(Killed):
            book.change(EIGHT[3], "following", title="Later")
    deliver()
    assert book.told() == both_halves(book)
    assert OutboxMessage.objects.get(kind=splitting.SPLIT_KIND).state == OutboxState.SENT


@pytest.mark.parametrize("call", ["create", "update"])
def test_refusal_leaves_everything_as_it_was(book, fault, call, provider):
    book.create()
    reason = {"google": "forbiddenForNonOrganizer", "outlook": "ErrorAccessDenied"}[provider]
    fault(call, status=403, reason=reason)
    with pytest.raises(UpstreamForbidden):
        book.change(EIGHT[3], "following", title="Later")
    assert OutboxMessage.objects.filter(kind=splitting.SPLIT_KIND).count() == 0
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]
    assert book.same_after_sync()


def test_worker_takes_the_new_series_back_when_the_old_one_may_not_be_ended(book, fault, provider):
    book.create()
    fault("create", lost=True, count=2)
    with pytest.raises(UpstreamError):
        book.change(EIGHT[3], "following", title="Later")
    reason = {"google": "forbiddenForNonOrganizer", "outlook": "ErrorAccessDenied"}[provider]
    fault("update", status=403, reason=reason, count=None)
    deliver()
    book.copy(book.calendar.connection)
    assert book.told() == [("Stand-up", f"{day}T09:00:00") for day in EIGHT]


def test_lost_answer_of_all_moves_nothing_twice(book, fault):
    book.create()
    start = wall(EIGHT[3], 10)
    fault("update", lost=True)
    book.change(EIGHT[3], start=start, end=start + HOUR)
    assert book.told() == [("Stand-up", f"{day}T10:00:00") for day in EIGHT]
    assert book.same_after_sync()


def test_lost_answer_that_is_not_looked_into_is_a_conflict_on_the_next_try(
    book, fault, sandbox, provider
):
    book.create()
    event = book.on(EIGHT[3])
    start = wall(EIGHT[3], 10)
    draft = EventDraft(start=start, end=start + HOUR)
    get = {"google": "google.events.get", "outlook": "microsoft.events.get"}[provider]
    fault("update", lost=True)
    sandbox.fault(get, status=503, skip=1)
    with pytest.raises(UpstreamError):
        series.update_event(event=event, draft=draft, actor=book.actor, scope=Scope.ALL)
    with pytest.raises(UpstreamConflict, match="changed elsewhere"):
        series.update_event(event=event, draft=draft, actor=book.actor, scope=Scope.ALL)
    book.copy(book.calendar.connection)
    assert book.told() == [("Stand-up", f"{day}T10:00:00") for day in EIGHT]


@pytest.mark.parametrize("scope", ["following", "all"])
def test_lost_answer_of_a_delete_is_done_on_the_next_try(book, fault, scope):
    book.create()
    call = "update" if scope == "following" else "delete"
    fault(call, lost=True)
    try:
        book.delete(EIGHT[3], scope)
    except UpstreamError:
        book.delete(EIGHT[3], scope)
    assert book.days() == (EIGHT[:3] if scope == "following" else [])
    assert book.same_after_sync()


@pytest.mark.parametrize("scope", ["following", "all"])
def test_change_of_a_series_that_is_gone_says_so(book, sandbox, scope):
    book.create()
    provider_side(sandbox, sandbox.events(book.calendar.connection)[0])
    with pytest.raises(EventGone):
        book.change(EIGHT[3], scope, title="Later")
    assert book.days() == []


def test_only_the_organiser_changes_more_than_one(book, sandbox, provider):
    book.create()
    record = sandbox.events(book.calendar.connection)[0]
    if provider == "google":
        record["body"]["organizer"] = {"email": "boss@example.org"}
    else:
        record["body"]["organizer"] = {"emailAddress": {"address": "boss@example.org", "name": "B"}}
    sandbox.store.put("event", record["key"], record)
    for scope in ("following", "all"):
        with pytest.raises(Forbidden, match="organiser"):
            book.change(EIGHT[3], scope, title="Later")
    assert book.days() == EIGHT
