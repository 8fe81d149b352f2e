"""Several workers at once over bookings of one address: one lead, and a note for each meeting."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from booking.enums import CrmLeadState, MessageKind
from booking.models import CrmLead
from common import outbox
from common.models import OutboxMessage
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, make_link
from tests.booking.crm.conftest import Crm
from tests.rivals import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MEETINGS, WORKERS = 4, 4


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    # So far behind that the index helps nobody here.
    sandbox.store.set_setting("close.search_lag", 10**6)
    # Slow enough that workers who may go on at once meet there.
    sandbox.adapter.before = lambda _request: time.sleep(0.1)
    return made


def work_off(clock, rounds=30):
    rows = OutboxMessage.objects.filter(kind=MessageKind.CRM_LEAD)
    for _ in range(rounds):
        waiting = list(rows.filter(state="pending").values_list("pk", flat=True))
        if not waiting:
            return
        answers = at_once(WORKERS, lambda number, ids=waiting: [outbox.deliver(one) for one in ids])
        assert not [one for one in answers if isinstance(one, Exception)]
        clock.shift(timedelta(seconds=5))


def test_bookings_of_one_address_are_one_lead(crm, user_owner, bob_owner, clock):
    links = [make_link(user_owner, slug="mine"), make_link(bob_owner, slug="bobs")]
    for number in range(MEETINGS):
        book(links[number % 2], start=NINE + number * HALF_HOUR)
    work_off(clock)
    assert len(crm.leads) == len(crm.contacts) == 1
    assert len(crm.notes) == len(set(crm.notes)) == MEETINGS
    assert len(crm.sandbox.calls("close.leads.create")) == 1
    assert CrmLead.objects.get().state == CrmLeadState.READY


def test_one_address_in_other_letters_is_one_lead(crm, user_owner, bob_owner, clock):
    links = [make_link(user_owner, slug="mine"), make_link(bob_owner, slug="bobs")]
    for link, email in zip(links, ("Ann@Tallship.example", "ann@TALLSHIP.EXAMPLE"), strict=True):
        book(link, booker=replace(ANN, email=email))
    work_off(clock)
    assert len(crm.leads) == len(crm.contacts) == 1
    assert len(crm.notes) == 2


def test_one_booking_in_the_hands_of_many_workers_is_written_once(crm, user_owner, clock):
    book(make_link(user_owner))
    work_off(clock)
    assert len(crm.leads) == len(crm.notes) == 1
    assert len(crm.sandbox.calls("close.notes.create")) == 1
