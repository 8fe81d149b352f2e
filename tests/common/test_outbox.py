from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from common import outbox
from common.enums import OutboxState
from common.errors import (
    BadReply,
    InvalidInput,
    RateLimited,
    ReconnectNeeded,
    UpstreamUnavailable,
)
from common.models import OutboxMessage
from common.outbox import delivery
from common.tasks import deliver_outbox_message
from tests.common.post import KIND, state, write


@pytest.mark.django_db
def test_a_message_is_sent_once(post):
    message = write()
    assert outbox.deliver(message.id) == OutboxState.SENT
    assert outbox.deliver(message.id) is None
    assert post.sent == ["a"]
    message.refresh_from_db()
    assert message.sent_at is not None


@pytest.mark.django_db
def test_the_same_key_twice_is_one_message(post):
    assert write().id == write().id
    outbox.sweep()
    assert post.sent == ["a"]


def fresh(key, **more):
    return OutboxMessage(kind=KIND, payload={"id": key}, dedupe_key=key, **more)


@pytest.mark.django_db
def test_new_messages_are_one_statement_and_one_kick(
    post, django_assert_num_queries, django_capture_on_commit_callbacks
):
    later = timezone.now() + timedelta(hours=1)
    with django_capture_on_commit_callbacks() as kicks, django_assert_num_queries(1):
        outbox.enqueue_new([fresh("a"), fresh("b"), fresh("c", due_at=later)])
    assert len(kicks) == 1
    assert OutboxMessage.objects.filter(state=OutboxState.PENDING).count() == 3


@pytest.mark.django_db
def test_one_kick_delivers_in_order_and_goes_on_after_a_failure(post):
    first, second, third = fresh("a"), fresh("b"), fresh("c")
    outbox.enqueue_new([first, second, third])
    post.troubles = [InvalidInput("id", "No such thing.")]
    deliver_outbox_message(str(first.id), str(second.id), str(third.id))
    assert post.told == [("a", "No such thing.")]
    assert post.sent == ["b", "c"]
    assert [state(one) for one in (first, second, third)] == [
        OutboxState.FAILED,
        OutboxState.SENT,
        OutboxState.SENT,
    ]


@pytest.mark.django_db
def test_a_new_message_whose_key_is_taken_is_an_error(post):
    write("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.enqueue_new([fresh("a")])


@pytest.mark.django_db
def test_a_message_of_a_rolled_back_transaction_never_leaves(post):
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert outbox.sweep() == 0
    assert post.sent == []


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [UpstreamUnavailable(), BadReply()], ids=["silence", "nonsense"])
def test_a_passing_fault_is_tried_again_later_with_the_same_key(post, fault):
    post.troubles = [fault]
    message = write()
    assert outbox.deliver(message.id) == OutboxState.PENDING
    message.refresh_from_db()
    assert message.attempts == 1
    assert message.due_at > timezone.now()
    assert outbox.sweep() == 0
    OutboxMessage.objects.update(due_at=timezone.now())
    assert outbox.sweep() == 1
    assert post.sent == ["a"]


@pytest.mark.django_db
def test_retry_after_is_respected(post):
    post.troubles = [RateLimited(retry_after=timedelta(minutes=7))]
    message = write()
    outbox.deliver(message.id)
    message.refresh_from_db()
    assert timedelta(minutes=6) < message.due_at - timezone.now() < timedelta(minutes=8)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "refusal", [ReconnectNeeded("Connect it again."), InvalidInput("to", "No such place.")]
)
def test_a_decided_refusal_fails_at_once_and_somebody_is_told(post, refusal):
    post.troubles = [refusal]
    message = write()
    assert outbox.deliver(message.id) == OutboxState.FAILED
    assert post.told == [("a", refusal.message)]
    message.refresh_from_db()
    assert message.last_error == refusal.message


@pytest.mark.django_db
def test_a_failure_is_written_and_told_both_or_neither(post):
    message = write()

    def die(failed, words):
        raise KeyboardInterrupt  # as a process that is ended at this moment

    outbox.register(KIND, post.handle, die)
    post.troubles = [ReconnectNeeded(), ReconnectNeeded()]
    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(message.id)
    assert state(message) == OutboxState.PENDING
    outbox.register(KIND, post.handle, post.on_failure)
    OutboxMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert outbox.deliver(message.id) == OutboxState.FAILED
    assert [key for key, _ in post.told] == ["a"]


@pytest.mark.django_db
def test_a_failure_that_cannot_be_told_still_ends_as_failed(post):
    message = write()

    def break_down(failed, words):
        raise LookupError

    outbox.register(KIND, post.handle, break_down)
    post.troubles = [ReconnectNeeded()]
    assert outbox.deliver(message.id) == OutboxState.FAILED
    assert state(message) == OutboxState.FAILED


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_tells_no_failure(post):
    message = write()

    def slow(claimed):
        OutboxMessage.objects.filter(pk=claimed.pk).update(lease_holder="somebody else")
        raise ReconnectNeeded

    outbox.register(KIND, slow, post.on_failure)
    outbox.deliver(message.id)
    assert (state(message), post.told) == (OutboxState.PENDING, [])


@pytest.mark.django_db
def test_a_sweep_stops_before_celery_would_end_it(post, monkeypatch):
    write("a")
    write("b")
    monkeypatch.setattr(delivery, "SWEEP_FOR", timedelta(0))
    assert (outbox.sweep(), post.sent) == (0, [])
    deliver_outbox_message(*map(str, OutboxMessage.objects.values_list("pk", flat=True)))
    assert post.sent == []
    monkeypatch.undo()
    assert outbox.sweep() == 2


@pytest.mark.django_db
def test_a_failed_message_can_be_sent_again(post):
    post.troubles = [ReconnectNeeded()]
    message = write()
    outbox.deliver(message.id)
    outbox.send_again(message)
    outbox.sweep()
    assert post.sent == ["a"]


@pytest.mark.django_db
def test_waiting_is_not_an_attempt(post):
    post.troubles = [outbox.NotYet(timezone.now() + timedelta(seconds=30))]
    message = write()
    assert outbox.deliver(message.id) == OutboxState.PENDING
    message.refresh_from_db()
    assert message.attempts == 0
    assert message.due_at > timezone.now() + timedelta(seconds=20)


@pytest.mark.django_db
def test_messages_of_one_order_go_one_after_the_other(post):
    first = write("first", ordering_key="meeting 1")
    second = write("second", ordering_key="meeting 1")
    other = write("other", ordering_key="meeting 2")
    assert outbox.deliver(second.id) is None
    assert outbox.deliver(other.id) == OutboxState.SENT
    assert outbox.deliver(first.id) == OutboxState.SENT
    assert outbox.deliver(second.id) == OutboxState.SENT
    assert post.sent == ["other", "first", "second"]


@pytest.mark.django_db
def test_a_failed_message_does_not_hold_up_the_next_one(post):
    post.troubles = [ReconnectNeeded()]
    write("first", ordering_key="meeting 1")
    second = write("second", ordering_key="meeting 1")
    outbox.sweep()
    assert outbox.deliver(second.id) == OutboxState.SENT


@pytest.mark.django_db
def test_a_message_of_a_dead_worker_is_taken_over_when_its_lease_ends(post):
    message = write()
    assert outbox.claim(message.id, timezone.now()) is not None  # and then it dies
    assert outbox.sweep() == 0
    OutboxMessage.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert outbox.sweep() == 1
    assert post.sent == ["a"]


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_does_not_close_the_message(post):
    message = write()

    def slow(claimed):
        OutboxMessage.objects.filter(pk=claimed.pk).update(lease_holder="somebody else")

    outbox.register(KIND, slow)
    outbox.deliver(message.id)
    message.refresh_from_db()
    assert (message.state, message.lease_holder) == (OutboxState.PENDING, "somebody else")


@pytest.mark.django_db(transaction=True)
def test_ten_workers_send_each_message_once(post):
    keys = [f"m{number}" for number in range(60)]
    for key in keys:
        write(key)
    barrier, problems = threading.Barrier(10), []

    def work():
        try:
            barrier.wait()
            outbox.sweep()
        except Exception as error:
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(post.sent) == sorted(keys)
