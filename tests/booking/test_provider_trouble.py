"""A provider that is down, slow, or whose answer is lost, at each step of a meeting's life.

A table: what is done, over the pages that people use, with which fault, at which provider. Before
anything is promised the calendars are read: trouble there leaves everything as it was, in words.
What was promised stands, is carried out once when the provider is back, and its owner sees until
then what is pending.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.enums import MeetingState
from booking.models import Meeting, MeetingChange
from calendars.models import Event, Hold
from tests.booking.conftest import NINE, book, deliver_all, make_link, messages
from tests.booking.pages import fill_in, open_form
from tests.booking.test_change_crashes import DELETE, UPDATE, check_done, later, settled
from tests.booking.test_changes import TEN
from tests.booking.test_crashes import CREATE
from tests.booking.test_manage import at, url_of, words

pytestmark = pytest.mark.django_db

ANN_AT = "ann@tallship.example"
# For ever, until the test ends it.
FAULTS = {
    "down": {"status": 503},
    "unreachable": {"unreached": True},
    "slow": {"delay": 60},
    "answer lost": {"lost": True},
}
FORBIDDEN = {"google": "insufficientPermissions", "outlook": "ErrorAccessDenied"}
SIDE = {"google": "google", "outlook": "microsoft"}


@pytest.fixture(params=["google", "outlook"])
def connection(request, clock, connect, client_owner):
    return connect(client_owner, request.param)


@pytest.fixture(params=list(FAULTS))
def trouble(request, sandbox):
    """Call it with an operation, or a pattern; the answer ends the trouble."""
    made = []

    def set_up(operation):
        made.append(sandbox.fault(operation, count=None, **FAULTS[request.param]))
        return lambda: sandbox.store.drop("fault", made.pop()["id"])

    return set_up


@pytest.fixture
def staff(sign_in, alice):
    return sign_in(alice)


@pytest.fixture
def link(client_owner, connection):
    return make_link(client_owner)


@pytest.fixture
def visitor():
    return Browser(enforce_csrf_checks=True)


def everything():
    """What a step that was refused may not have changed."""
    return (
        list(Meeting.objects.values_list("pk", "state", "start_at", "sequence", "updated_at")),
        list(Hold.objects.values_list("pk", "held_from", "held_until")),
        sorted(message.dedupe_key for message in messages()),
        MeetingChange.objects.count(),
    )


# --- Each step as a press on a page: what it makes ready, and then the press ---


def booking(link, visitor, staff):
    form = open_form(visitor, link)
    values = fill_in(form, name="Ann Other", email=ANN_AT)
    return lambda: visitor.post(form["action"], values)


def moving(link, visitor, staff):
    meeting = settled(book(link))
    return lambda: visitor.post(url_of(meeting, "manage_move"), {"start": at(TEN), "tz": "UTC"})


def cancelling(link, visitor, staff):
    meeting = settled(book(link))
    return lambda: visitor.post(url_of(meeting, "manage_cancel"), {})


def approving(link, visitor, staff):
    link.requires_approval = True
    link.save()
    meeting = settled(book(link))
    address = reverse("booking:meeting_approve", args=[meeting.pk])
    # Back to the list, with a line about what became of it.
    return lambda: staff.post(address, {"sequence": meeting.sequence}, follow=True)


# What the page says when the calendars cannot be read for it.
READ_FIRST = {
    booking: "The calendar did not answer, so no time can be promised",
    moving: "nothing was moved. The meeting stands",
    approving: "did not answer",
}
# The call that carries it out later, what becomes of the event, and what the owner sees meanwhile.
CARRIED_OUT = {
    booking: (CREATE, NINE, "On its way to the calendar"),
    moving: (UPDATE, TEN, "The calendar is being changed"),
    cancelling: (DELETE, None, "The calendar is being changed"),
    approving: (CREATE, NINE, "On its way to the calendar"),
}


@pytest.mark.parametrize("step", list(READ_FIRST), ids=lambda step: step.__name__)
def test_trouble_while_the_calendar_is_read_changes_nothing_and_says_so(
    step, link, connection, trouble, visitor, staff
):
    press = step(link, visitor, staff)
    was = everything()
    end_trouble = trouble(f"{SIDE[connection.provider]}.*")

    answer = press()

    assert answer.status_code == (200 if step is approving else 503)
    assert READ_FIRST[step] in words(answer)
    assert everything() == was
    end_trouble()
    assert press().status_code in {200, 303}
    deliver_all()
    (meeting,) = Meeting.objects.all()
    assert meeting.state == MeetingState.CONFIRMED
    assert Event.objects.get(pk=meeting.calendar_event_id).start_at == meeting.start_at


@pytest.mark.parametrize("step", list(CARRIED_OUT), ids=lambda step: step.__name__)
def test_what_was_promised_is_carried_out_once_when_the_provider_is_back(
    step, link, connection, trouble, visitor, staff, sandbox, clock
):
    operations, start, pending = CARRIED_OUT[step]
    press = step(link, visitor, staff)
    mail.outbox.clear()
    end_trouble = trouble(operations[connection.provider])

    answer = press()
    deliver_all()

    # Whoever pressed has what was promised, and the owner sees that the calendar lacks it.
    assert answer.status_code in {200, 303}
    (meeting,) = Meeting.objects.all()
    state = MeetingState.CANCELLED if start is None else MeetingState.CONFIRMED
    assert (meeting.state, meeting.start_at) == (state, start or NINE)
    assert Hold.objects.count() == (start is not None)
    page = staff.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    assert pending in words(page)

    clock.shift(timedelta(minutes=5))
    deliver_all()
    end_trouble()
    later(clock)

    # It is there once, as often as it was tried; everybody was told once.
    there = [] if start is None else [start]
    live = Event.objects.filter(deleted_at__isnull=True)
    assert [event.start_at for event in live] == there
    assert len(sandbox.events(connection)) == len(there)
    assert [letter.to for letter in mail.outbox].count([ANN_AT]) == 1
    check_done()
    page = staff.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    assert pending not in words(page)


@pytest.mark.parametrize(
    ("step", "says"),
    [(moving, "Not changed in the calendar"), (cancelling, "Still in the calendar")],
    ids=["moving", "cancelling"],
)
def test_what_the_provider_refuses_for_good_is_not_called_done(
    step, says, link, connection, visitor, staff, sandbox
):
    """The page said "In the calendar" of an event that stood at the former time."""
    press = step(link, visitor, staff)
    operation = CARRIED_OUT[step][0][connection.provider]
    sandbox.fault(operation, status=403, reason=FORBIDDEN[connection.provider], count=None)
    press()
    deliver_all()
    (meeting,) = Meeting.objects.all()
    page = staff.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    assert says in words(page)
