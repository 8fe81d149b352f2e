"""Killed before and after each request to Close: never a second lead, contact or note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from booking.enums import CrmLeadState, MessageKind
from booking.models import CrmLead
from booking.services import changes, crm_leads, crm_upkeep
from common import outbox
from common.models import OutboxMessage
from tests.booking.conftest import ANN, book, deliver_all
from tests.booking.crm.conftest import Crm
from tests.booking.test_changes import STAFF
from tests.booking.test_crashes import Killed

pytestmark = pytest.mark.django_db

# The requests of a first booking, in their order.
FIRST = ("/data/search/", "/lead/", "/activity/note/")


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    # Longer than a worker's lease: whoever takes over does not find what was made.
    sandbox.store.set_setting("close.search_lag", 200)
    return made


def die_at(crm, ending, *, when):
    """The process ends at the next such request: before it is sent, or after it was done."""
    adapter = crm.sandbox.adapter

    def before(request):
        if request.url.endswith(ending):
            del adapter.before
            raise Killed

    def after(request, status, body):
        if request.url.endswith(ending):
            del adapter.after
            raise Killed

    setattr(adapter, when, before if when == "before" else after)


def go_on(clock, rounds=12):
    """Another worker finds what is left, and goes on for as long as anything waits."""
    clock.shift(outbox.LEASE + timedelta(seconds=1))
    for _ in range(rounds):
        deliver_all()
        if not OutboxMessage.objects.filter(state="pending").exists():
            return
        clock.shift(timedelta(minutes=1))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("ending", FIRST)
def test_first_booking_killed_at_each_request(crm, user_link, clock, ending, when):
    die_at(crm, ending, when=when)
    book(user_link)
    with pytest.raises(Killed):
        deliver_all()
    go_on(clock)
    is_open = (ending, when) == ("/lead/", "before")
    if is_open:
        # Nobody can know whether the request had left: a person looks, and says so.
        assert CrmLead.objects.get().state == CrmLeadState.UNSURE
        assert crm.leads == []
        lead = CrmLead.objects.get()
        crm_upkeep.make_unsure_lead(workspace=crm.workspace, lead_id=lead.pk)
        go_on(clock)
    assert len(crm.leads) == len(crm.contacts) == len(crm.notes) == 1
    assert CrmLead.objects.get().lead_remote_id == crm.leads[0]["id"]
    assert {one.state for one in OutboxMessage.objects.all()} == {"sent"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_change_killed_at_its_request(crm, user_link, clock, when):
    meeting = book(user_link)
    deliver_all()
    note = crm.sandbox.store.all("close_note")[0]["id"]
    changes.cancel_meeting(meeting=meeting, doer=STAFF, now=datetime.now(UTC))
    die_at(crm, f"/activity/note/{note}/", when=when)
    with pytest.raises(Killed):
        deliver_all()
    go_on(clock)
    assert len(crm.notes) == 1
    assert crm.notes[0].startswith("Intro call: Cancelled")


def test_worker_that_slept_through_its_lease_makes_no_second_lead(crm, user_link, clock):
    """It stops between noting that it asks and asking; another one looks, and waits."""
    book(user_link)
    adapter, seen = crm.sandbox.adapter, []

    def sleep(request):
        if request.url.endswith("/lead/"):
            del adapter.before
            clock.shift(crm_leads.LEASE + outbox.LEASE)
            row = OutboxMessage.objects.get(kind=MessageKind.CRM_LEAD)
            seen.extend([outbox.deliver(row.pk), CrmLead.objects.get().state])

    adapter.before = sleep
    deliver_all()
    assert seen == ["pending", CrmLeadState.ASKED]
    go_on(clock)
    assert len(crm.leads) == len(crm.notes) == 1
    assert CrmLead.objects.get(email=ANN.email).lead_remote_id == crm.leads[0]["id"]
    assert len(crm.sandbox.calls("close.leads.create")) == 1
