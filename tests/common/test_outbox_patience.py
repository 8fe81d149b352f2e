"""How long a message is tried, what is told meanwhile, and what ends it."""

from __future__ import annotations

import smtplib
import uuid
from datetime import timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from common import outbox
from common.enums import OutboxState
from common.errors import RateLimited, UpstreamUnavailable
from common.models import OutboxMessage
from common.outbox import retrying
from tests.common.post import KIND, state, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def try_until(message, ends, clock):
    """Deliver whenever it is due, as the sweep does; how often that was."""
    tries = 0
    while timezone.now() < ends and state(message) == OutboxState.PENDING:
        clock.move_to(max(message.due_at, timezone.now()))
        if timezone.now() >= ends:
            break
        outbox.deliver(message.pk)
        tries += 1
    return tries


def registered(post, **more):
    outbox.register(KIND, post.handle, post.on_failure, on_delay=post.on_delay, **more)


def test_a_mail_survives_two_days_without_a_mail_server(post, clock):
    registered(post, patience=outbox.OF_MAIL)
    post.troubles = [ConnectionRefusedError()] * 1000
    message, began = write(), timezone.now()
    tries = try_until(message, began + timedelta(days=2), clock)
    assert state(message) == OutboxState.PENDING
    assert message.failing_since_at == began
    # Not a flood, and soon there once the server is: never further apart than this.
    assert 2 * 24 * 3 < tries < 2 * 24 * 6
    assert message.due_at - timezone.now() <= outbox.LONGEST_WAIT * 1.25
    post.troubles = []
    clock.move_to(max(message.due_at, timezone.now()))
    assert outbox.deliver(message.pk) == OutboxState.SENT
    message.refresh_from_db()
    assert (message.failing_since_at, message.last_error) == (None, "")
    assert post.told == []


def test_a_fault_that_never_passes_fails_when_patience_ends(post, clock):
    registered(post, patience=timedelta(hours=1))
    post.troubles = [ValueError("secret detail")] * 1000
    message, began = write(), timezone.now()
    try_until(message, began + timedelta(days=9), clock)
    assert state(message) == OutboxState.FAILED
    assert timedelta(hours=1) <= timezone.now() - began < timedelta(hours=1.5)
    assert message.failing_since_at == began
    assert post.told == [("a", "Something broke on our side (ValueError).")]
    assert "secret detail" not in message.last_error


def test_its_owner_is_told_while_it_is_still_tried(post, clock):
    registered(post, patience=outbox.DAY, tells_after=timedelta(hours=1))
    post.troubles = [UpstreamUnavailable("The calendar is away.")] * 1000
    message, began = write(), timezone.now()
    try_until(message, began + timedelta(minutes=50), clock)
    assert post.late == []
    try_until(message, began + timedelta(hours=3), clock)
    assert set(post.late) == {("a", "The calendar is away.")}
    assert (state(message), post.told) == (OutboxState.PENDING, [])


def test_a_delay_that_cannot_be_told_is_no_reason_to_give_up(post, clock):
    def break_down(message, words):
        raise LookupError

    outbox.register(KIND, post.handle, on_delay=break_down, tells_after=timedelta(0))
    post.troubles = [UpstreamUnavailable()]
    message = write()
    assert outbox.deliver(message.pk) == OutboxState.PENDING
    message.refresh_from_db()
    assert message.lease_holder == ""
    assert message.due_at > timezone.now()


def test_patience_begins_with_the_first_failure(post, clock):
    """Workers that were switched off for a week have not tried it once."""
    registered(post, patience=timedelta(hours=1))
    message = write()
    clock.shift(timedelta(days=7))
    post.troubles = [ConnectionRefusedError()]
    assert outbox.deliver(message.pk) == OutboxState.PENDING


def test_waits_that_are_asked_for_do_not_use_its_patience_up(post, clock):
    registered(post, patience=timedelta(hours=1))
    post.troubles = [RateLimited(retry_after=timedelta(hours=10)), UpstreamUnavailable()]
    message, began = write(), timezone.now()
    tries = try_until(message, began + timedelta(days=1), clock)
    assert (tries, state(message)) == (3, OutboxState.SENT)


@pytest.mark.parametrize("asked", [timedelta(days=900), timedelta(0), timedelta(minutes=7)])
def test_what_a_receiver_asks_for_is_kept_within_bounds(post, clock, asked):
    post.troubles = [RateLimited(retry_after=asked)]
    message = write()
    outbox.deliver(message.pk)
    message.refresh_from_db()
    wait = message.due_at - timezone.now()
    least = min(max(asked, timedelta(seconds=1)), timedelta(days=1))
    assert least <= wait <= least + timedelta(seconds=1)


def test_one_that_asks_for_a_moment_again_and_again_is_asked_less_often(post, clock):
    """A quota that is used up for the month, and says: in a second."""
    registered(post, patience=outbox.OF_MAIL)
    post.troubles = [RateLimited(retry_after=timedelta(seconds=1))] * 5000
    message, began = write(), timezone.now()
    tries = try_until(message, began + timedelta(days=1), clock)
    assert 24 * 3 < tries < 24 * 7
    assert state(message) == OutboxState.PENDING


def test_waits_grow_and_are_never_the_same_for_all():
    now = timezone.now()
    waits = [
        [
            (retrying.next_try(OutboxMessage(attempts=count), OSError(), now) - now).total_seconds()
            for _ in range(40)
        ]
        for count in (1, 4, 9, 5000)
    ]
    ceiling = outbox.LONGEST_WAIT.total_seconds()
    for some, middle in zip(waits, (2, 16, 512, ceiling), strict=True):
        assert middle * 0.75 <= min(some) < max(some) <= middle * 1.25
        assert len(set(some)) > 30


def test_a_kind_that_only_a_newer_process_knows_waits_for_one():
    """During a release old workers meet what new pages have written."""
    message = outbox.enqueue(kind="tests.unknown", payload={}, dedupe_key="x")
    assert outbox.deliver(message.pk) == OutboxState.PENDING
    message.refresh_from_db()
    assert message.last_error == "Nobody here knows this kind of message yet."


@pytest.mark.parametrize("ending", [SystemExit, KeyboardInterrupt])
def test_a_message_that_ends_its_worker_each_time_fails_in_the_end(post, clock, ending):
    def die(message):
        raise ending

    outbox.register(KIND, die, post.on_failure)
    message = write()
    deaths = 0
    while deaths < 50:
        try:
            if outbox.deliver(message.pk) == OutboxState.FAILED:
                break
        except ending:
            deaths += 1
        clock.shift(outbox.LEASE + timedelta(seconds=1))
    assert deaths == retrying.MOST_LOST
    assert state(message) == OutboxState.FAILED
    assert post.told == [("a", retrying.LOST_WORDS)]


def test_workers_that_die_for_other_reasons_are_no_fault_of_the_message(post, clock):
    message = write()
    for _ in range(retrying.MOST_LOST * 3):
        assert outbox.claim(message.pk, timezone.now()) is not None  # and then it dies
        clock.shift(outbox.LEASE + timedelta(seconds=1))
        post.troubles = [UpstreamUnavailable()]
        assert outbox.deliver(message.pk) == OutboxState.PENDING
        clock.shift(timedelta(hours=1))
    assert outbox.deliver(message.pk) == OutboxState.SENT


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (smtplib.SMTPServerDisconnected("at bea@visitor.example"), "could not be reached"),
        (RuntimeError("bea@visitor.example"), "on our side (RuntimeError)"),
    ],
)
def test_reasons_say_nothing_that_an_error_holds(error, words):
    said = retrying.words_of(error)
    assert words in said
    assert "bea@" not in said


def test_what_failed_is_sent_again_put_aside_and_put_back(post):
    post.troubles = [LookupError()] * 2
    first, second = write("a"), write("b")
    outbox.sweep()
    assert outbox.put_back(first) == []
    assert outbox.dismiss(first, second) == [first.pk, second.pk]
    assert (state(first), outbox.sweep()) == (OutboxState.CANCELLED, 0)
    assert outbox.send_again(first) == 0
    assert outbox.put_back(first) == [first.pk]
    assert outbox.send_again(first, second) == 1
    outbox.sweep()
    assert (post.sent, state(second)) == (["a"], OutboxState.CANCELLED)
    message = write("a")
    assert (message.pk, message.attempts, message.last_error) == (first.pk, 1, "")


def test_a_duty_is_not_put_aside(post):
    outbox.register(KIND, post.handle, duty=True)
    post.troubles = [LookupError()]
    message = write()
    outbox.deliver(message.pk)
    assert outbox.dismiss(message) == []
    assert state(message) == OutboxState.FAILED


def test_what_was_sent_long_ago_is_forgotten_and_nothing_else(post, clock, settings):
    post.troubles = [LookupError(), LookupError()]
    failed, aside = write("failed"), write("aside")
    outbox.deliver(failed.pk)
    outbox.deliver(aside.pk)
    outbox.dismiss(aside)
    write("sent")
    outbox.sweep()
    clock.shift(settings.OUTBOX_KEEP - timedelta(minutes=1))
    waiting = write("waiting", due_at=timezone.now() - settings.OUTBOX_KEEP * 2)
    assert outbox.forget_old(timezone.now()) == 0
    # Was due all the time, and is sent only now: that is what counts.
    assert outbox.deliver(waiting.pk) == OutboxState.SENT
    clock.shift(timedelta(minutes=2))
    pending = write("pending", due_at=timezone.now() - settings.OUTBOX_KEEP * 2)
    assert outbox.forget_old(timezone.now()) == 2
    assert set(OutboxMessage.objects.all()) == {failed, waiting, pending}


def test_messages_of_before_are_found_by_their_meeting_too():
    """Rows written before they named what they are about, and failed before they said when."""
    about = uuid.uuid4()
    for number, (kind, payload) in enumerate(
        [
            ("booking.notification", {"meeting_id": str(about)}),
            ("booking.bulk_cancel", {"run_id": str(about)}),
            ("conferencing.room_gone", {"meeting_id": str(about)}),
        ]
    ):
        OutboxMessage.objects.create(
            kind=kind, payload=payload, dedupe_key=str(number), state=OutboxState.FAILED
        )
    import_module("common.migrations.0005_outbox_patience").fill(apps, None)
    rows = list(OutboxMessage.objects.order_by("dedupe_key"))
    assert [row.about_id for row in rows] == [about, None, None]
    assert [row.failing_since_at == row.created_at for row in rows] == [True] * 3


def test_figures_say_what_waits_for_how_long_and_what_failed(post, clock):
    post.troubles = [LookupError()]
    outbox.deliver(write("failed").pk)
    write("old")
    clock.shift(timedelta(minutes=3))
    write("new")
    write("later", due_at=timezone.now() + timedelta(days=1))
    (mine,) = [one for one in outbox.figures(timezone.now()) if one.kind == KIND]
    assert (mine.waiting, mine.due, mine.failed) == (3, 2, 1)
    assert mine.oldest == timedelta(minutes=3)
