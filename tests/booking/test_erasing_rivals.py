"""Somebody books at the moment in which their record is erased."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import connection

from booking.enums import MeetingState
from booking.errors import RecordBusy
from booking.models import Erasure
from booking.owners import owner_of_link, tables_of
from booking.services import changes, erasing
from calendars.models import Hold
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.booking.test_changes import STAFF
from tests.booking.test_rivals import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def link(owner, clock):
    return make_link(owner)


@pytest.fixture
def person(link):
    """Ann has a record, made with a meeting that was called off."""
    meeting = changes.cancel_meeting(meeting=book(link), doer=STAFF, now=NOW)
    return getattr(meeting, "contact", None) or meeting.prospect


def by_booker(link):
    return book(link)


def by_staff(link):
    return changes.book_for(
        owner=owner_of_link(link),
        link=link,
        start=NINE,
        duration=HALF_HOUR,
        booker=ANN,
        doer=STAFF,
        now=NOW,
        submit_key=uuid4().hex,
    )


def erase_slowly(person, alice, table, deleting):
    """The row is deleted, and the transaction that does it takes a while."""

    def slowly(execute, sql, params, many, context):
        answer = execute(sql, params, many, context)
        if sql.startswith(f'DELETE FROM "{table}"'):
            deleting.set()
            threading.Event().wait(0.5)
        return answer

    with connection.execute_wrapper(slowly):
        return erasing.erase_person(person=person, by=alice, tells_booker=False)


@pytest.mark.parametrize("book_it", [by_booker, by_staff])
def test_who_books_while_their_record_is_erased_is_booked_with_a_new_one(
    link, person, alice, book_it
):
    """They were told that somebody had taken the time, which nobody had."""
    table, deleting = tables_of(link.owner_kind).person._meta.db_table, threading.Event()

    def work(number):
        if number == 0:
            return erase_slowly(person, alice, table, deleting)
        assert deleting.wait(20)
        return book_it(link)

    _erasure, meeting = at_once(work, 2)
    assert getattr(meeting, "state", meeting) == MeetingState.CONFIRMED
    now_there = getattr(meeting, "contact", None) or meeting.prospect
    assert now_there.pk != person.pk
    assert Hold.objects.count() == 1
    deliver_all()
    assert Erasure.objects.get().finished_at is not None
    assert tables_of(link.owner_kind).people().get().pk == now_there.pk


def test_a_record_that_is_erased_again_and_again_says_so_and_holds_nothing(link, person):
    """Each time it is looked for, somebody has just erased it and somebody made another."""
    people = tables_of(link.owner_kind).person
    table = people._meta.db_table
    row = {field.attname: getattr(person, field.attname) for field in people._meta.concrete_fields}
    tables_of(link.owner_kind).meeting.objects.all().delete()

    def erased(execute, sql, params, many, context):
        if sql.startswith("SELECT") and f'FROM "{table}"' in sql:
            people.objects.all()._raw_delete("default")
            answer = execute(sql, params, many, context)
            people.objects.bulk_create([people(**row)])
            return answer
        return execute(sql, params, many, context)

    with connection.execute_wrapper(erased), pytest.raises(RecordBusy) as refusal:
        book(link)
    assert (refusal.value.status, refusal.value.code) == (409, "record_busy")
    assert "Nothing was booked. Try again." in refusal.value.message
    assert not Hold.objects.exists()
    assert book(link).state == MeetingState.CONFIRMED
