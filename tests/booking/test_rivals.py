"""Many visitors, one slot: threads with connections of their own against a real database."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser

from booking.booker import Booker
from booking.enums import MessageKind
from booking.errors import SlotTaken
from booking.owners import tables_of
from calendars.models import Hold
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, book, make_link
from tests.booking.pages import fill_in, open_form

pytestmark = pytest.mark.django_db(transaction=True)

RIVALS = 50


@pytest.fixture
def link(owner, clock):
    return make_link(owner, step_minutes=5)


def at_once(work, count=RIVALS):
    """Run it in that many threads that start together; what each returned or raised."""
    barrier = threading.Barrier(count)

    def run(number):
        try:
            barrier.wait(timeout=30)
            return work(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def rival(number):
    return Booker(name=f"Rival {number}", email=f"rival{number}@example.org", timezone="UTC")


def test_one_of_fifty_gets_the_slot(link):
    meeting = tables_of(link.owner_kind).meeting
    answers = at_once(lambda number: book(link, booker=rival(number)))
    assert Counter(type(answer) for answer in answers) == {meeting: 1, SlotTaken: RIVALS - 1}
    assert (meeting.objects.count(), Hold.objects.count()) == (1, 1)
    assert OutboxMessage.objects.count() == 2


def test_overlapping_but_different_slots_never_both_win(link):
    answers = at_once(
        lambda number: book(
            link, booker=rival(number), start=NINE + timedelta(minutes=5 * (number % 6))
        )
    )
    kinds = Counter(isinstance(answer, SlotTaken) for answer in answers)
    assert kinds == {False: 1, True: RIVALS - 1}
    assert Hold.objects.count() == 1


def test_fifty_forms_for_one_slot_are_one_booking_and_polite_refusals(link):
    forms = [open_form(Browser(), link) for _rival in range(RIVALS)]

    def submit(number):
        form = forms[number]
        values = fill_in(form, name=f"Rival {number}", email=f"rival{number}@example.org")
        return Browser().post(form["action"], values).status_code

    assert Counter(at_once(submit)) == {303: 1, 409: RIVALS - 1}
    assert Hold.objects.count() == 1


def test_one_form_pressed_ten_times_is_one_meeting(link):
    form = open_form(Browser(), link)
    values = fill_in(form, name="Ann", email="ann@tallship.example")
    answers = at_once(lambda number: Browser().post(form["action"], values), 10)
    assert Counter(answer.status_code for answer in answers) == {303: 10}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Hold.objects.count() == 1


def test_neighbouring_slots_all_win(link):
    answers = at_once(
        lambda number: book(link, booker=rival(number), start=NINE + number * HALF_HOUR), 10
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert Hold.objects.count() == 10
    kinds = Counter(OutboxMessage.objects.values_list("kind", flat=True))
    assert kinds == {MessageKind.CALENDAR_EVENT: 10, MessageKind.NOTIFICATION: 10}


def test_prospects_of_two_owners_are_made_once(user_owner, bob_owner, clock):
    links = [make_link(user_owner, slug="one"), make_link(bob_owner, slug="two")]
    answers = at_once(
        lambda number: book(
            links[number % 2], booker=rival(7), start=NINE + (number // 2) * HALF_HOUR
        ),
        8,
    )
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    assert len({answer.prospect_id for answer in answers}) == 1
