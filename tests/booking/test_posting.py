"""A round of mails while something else happens: somebody is erased, the mail server is slow."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core import mail as post

from booking.booker import Booker
from booking.enums import MeetingState
from booking.services import erasing, posting
from common import mail_backends, tasks
from common.enums import OutboxState
from common.models import OutboxMessage, SentMail
from common.outbox import delivery
from tests.booking import watched_mail
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all
from tests.booking.erasing.conftest import dump, person_of

pytestmark = pytest.mark.django_db
CY = Booker(name="Cyril Guest", email="cyril@quixotte.example", timezone="UTC")


@pytest.fixture(autouse=True)
def _watched(settings):
    settings.EMAIL_BACKEND = "tests.booking.watched_mail.Backend"
    yield
    watched_mail.on_sending = None


@pytest.fixture
def stopwatch(monkeypatch):
    """What a round of mails goes by; it stands still but for what is added to `now`."""
    watch = SimpleNamespace(now=0.0)
    monkeypatch.setattr(posting, "time", SimpleNamespace(monotonic=lambda: watch.now))
    return watch


@pytest.fixture
def cyril(link):
    """Somebody with a record, whom others bring along."""
    met = book(link, booker=CY)
    deliver_all()
    post.outbox.clear()
    return person_of(met)


def when_mailing(address, act):
    """Once, at the moment when a mail to this address is given to the mail server."""

    def on_sending(message):
        if message.to == [address]:
            watched_mail.on_sending = None
            act()

    watched_mail.on_sending = on_sending


@pytest.mark.parametrize("moment", [ANN.email, CY.email], ids=["before", "during"])
def test_a_guest_who_is_erased_while_others_are_mailed_leaves_no_trace(
    link, cyril, alice, clock, moment
):
    when_mailing(moment, lambda: erasing.erase_person(person=cyril, by=alice, tells_booker=False))
    meeting = book(link, start=NINE + HALF_HOUR, guests=[{"name": CY.name, "email": CY.email}])
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.guests == []
    assert "quixotte" not in dump()
    mailed = [letter.to[0] for letter in post.outbox]
    assert mailed.count(CY.email) == (moment == CY.email)
    assert mailed.count(ANN.email) == 1
    assert not OutboxMessage.objects.exclude(state=OutboxState.SENT).exists()


@pytest.mark.parametrize("moment", ["booker", "owner"])
def test_a_booker_who_is_erased_while_they_are_mailed_leaves_no_trace(
    link, owner, alice, clock, moment
):
    meeting = book(link, booker=CY, guests=[{"name": "", "email": ANN.email}])
    person = person_of(meeting)
    address = CY.email if moment == "booker" else owner.notice_email
    when_mailing(address, lambda: erasing.erase_person(person=person, by=alice, tells_booker=False))
    deliver_all()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CANCELLED
    assert meeting.told == {}
    assert "quixotte" not in dump()
    # The booker comes first, their guest after them, the owner last.
    mailed = [letter.to[0] for letter in post.outbox]
    assert mailed == [CY.email, ANN.email, owner.notice_email][: 1 if moment == "booker" else 3]


def test_a_slow_mail_server_is_given_a_few_mails_at_a_time_and_each_once(
    link, owner, clock, stopwatch
):
    """Celery would end the task in the middle of one, which would then go out twice."""

    def take_long(message):
        stopwatch.now += 20

    watched_mail.on_sending = take_long
    guests = [{"name": "", "email": f"guest{number}@x.example"} for number in range(2)]
    book(link, guests=guests)
    deliver_all(rounds=1)
    # Begun at 0 and 20 seconds; a third would have begun at 40.
    assert len(post.outbox) == 2
    deliver_all(rounds=9)
    mailed = sorted(letter.to[0] for letter in post.outbox)
    assert mailed == sorted([ANN.email, owner.notice_email, *(one["email"] for one in guests)])


@pytest.mark.parametrize("task", [tasks.deliver_outbox_message, tasks.sweep_outbox])
def test_the_last_mail_of_a_task_may_take_as_long_as_any(task):
    """With one worker: a message begun after 18 s, whose second mail was begun 23 s later at a
    server that took 50 s over it, was ended by Celery in the middle and went out twice.
    """
    begun_at = delivery.SWEEP_FOR + posting._BEGINS_WITHIN
    longest = (begun_at + mail_backends.WHOLE_LIMIT).total_seconds()
    assert longest + 20 <= task.soft_time_limit < task.time_limit


def test_a_slow_mailbox_that_fails_each_time_keeps_none_from_the_others(
    link, owner, clock, stopwatch
):
    def hang(message):
        if message.to == [ANN.email]:
            stopwatch.now += 60
            raise TimeoutError

    watched_mail.on_sending = hang
    book(link)
    deliver_all()
    for _ in range(2):
        clock.shift(timedelta(minutes=1))
        deliver_all()
    assert [letter.to for letter in post.outbox] == [[owner.notice_email]]
    assert SentMail.objects.get(recipient=ANN.email).accepted_at is None
