"""The guarantee under rivals that are processes, as several web workers are, on either engine.

Fifty for one slot, then two hundred bookings, moves, cancellations and approvals over twenty
starts that overlap their neighbours; on SQLite ten processes.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client as Browser

from audit.actors import task_actor
from booking.enums import TAKES_TIME, ChangeKind, MeetingState, MessageKind, Party, Step
from booking.models import MeetingChange
from booking.owners import meeting_tables, tables_of
from booking.services import changes
from booking.services.changes import Doer
from calendars.models import Hold
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, make_link
from tests.crowd import Answer, as_answer, in_processes

pytestmark = pytest.mark.django_db(transaction=True)

STARTS = [NINE + number * HALF_HOUR / 2 for number in range(20)]
BUFFER = timedelta(minutes=5)
GUEST = Doer(Party.BOOKER, task_actor("tests"), "A guest")
STAFF = Doer(Party.OWNER, task_actor("tests"), "Alice")
# What nobody could have wished for better: taken, changed by somebody else, asked too late.
REFUSED = {400, 404, 409}


def processes(on_postgres):
    return on_postgres if connection.vendor == "postgresql" else 10


def post_booking(link, start, name):
    """The status and body of a booking over the whole way from the request on."""
    answer = Browser(raise_request_exception=False).post(
        "/api/v1/booking/meetings",
        {
            "link": link.slug,
            "start": start.isoformat(),
            "duration": 30,
            "name": name,
            "email": f"{name.lower().replace(' ', '.')}@crowd.example",
        },
        content_type="application/json",
        # Each visitor has an address of their own, or the limits would stop them.
        REMOTE_ADDR=f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(256)}",
    )
    return Answer(answer.status_code, answer.json())


@pytest.fixture(autouse=True)
def _warm(client):
    """What a process loads once is loaded before they part, or fifty would load it."""
    assert client.get("/api/v1/booking/availability?link=nothing").status_code == 404


def overlaps():
    """Pairs of one owner's holds that share an instant."""
    pairs = """
        SELECT count(*) FROM holds a JOIN holds b
        ON a.owner_id = b.owner_id AND a.id < b.id
        AND a.held_from < b.held_until AND b.held_from < a.held_until
    """
    with connection.cursor() as cursor:
        cursor.execute(pairs)
        return cursor.fetchone()[0]


def no_overlap_meanwhile():
    assert overlaps() == 0


def check_holds():
    """Every meeting that takes time has its own hold with its buffers, and there are no others."""
    assert overlaps() == 0
    expected = {}
    for tables in meeting_tables():
        for meeting in tables.meeting.objects.select_related("hold"):
            if meeting.state in TAKES_TIME:
                expected[meeting.hold_id] = (meeting.start_at - BUFFER, meeting.end_at + BUFFER)
            else:
                assert meeting.hold_id is None
    held = {hold.pk: (hold.held_from, hold.held_until) for hold in Hold.objects.all()}
    assert held == expected


def check_outbox():
    """Each booking and each change has exactly its rows, and nothing else has any."""
    wanted = Counter()
    for tables in meeting_tables():
        for meeting in tables.meetings():
            history = list(MeetingChange.objects.filter(meeting_id=meeting.pk).order_by("sequence"))
            assert [one.sequence for one in history] == list(range(1, meeting.sequence + 1))
            key = f"booking:{meeting.pk}"
            wanted[f"{key}:{Step.BOOKED}"] += 1
            # An event for each yes: the link's own, or one to a request, which a guest's move of
            # what was approved is again.
            yes = sum(one.kind == ChangeKind.APPROVED for one in history)
            wanted[f"{key}:{Step.EVENT}"] += yes + (not meeting.link.requires_approval)
            for one in history:
                for step in (Step.FOLLOW, Step.CHANGED):
                    wanted[f"{key}:{step}:{one.sequence}"] += 1
    written = OutboxMessage.objects.values_list("dedupe_key", flat=True)
    assert Counter(_without_event_key(key) for key in written) == +wanted


def _without_event_key(key):
    """A later event of a meeting has a key of its own at the end of the row's."""
    stem = key.rpartition(":")[0]
    return stem if stem.endswith(f":{Step.EVENT}") else key


@pytest.fixture
def links(client_owner, user_owner, clock):
    """In each mode one that confirms at once and one that asks for approval, of one owner."""
    return [
        make_link(
            owner,
            f"{owner.kind.value}-{number}",
            step_minutes=15,
            buffer_before_minutes=5,
            buffer_after_minutes=5,
            requires_approval=bool(number),
        )
        for owner in (client_owner, user_owner)
        for number in range(2)
    ]


def test_fifty_processes_for_one_slot(owner, clock):
    link = make_link(owner)
    count = processes(on_postgres=50)

    answers = in_processes(
        count,
        lambda number: post_booking(link, NINE, f"Rival {number}"),
        meanwhile=no_overlap_meanwhile,
    )

    assert Counter(answer.status for answer in answers) == {201: 1, 409: count - 1}
    for answer in answers:
        if answer.status == 409:
            assert answer.said["code"] == "slot_taken"
            assert len(answer.said["nearest"]) == 4
            assert NINE.isoformat() not in answer.said["nearest"]
    assert tables_of(link.owner_kind).meeting.objects.count() == 1
    assert Hold.objects.count() == 1
    kinds = Counter(OutboxMessage.objects.values_list("kind", flat=True))
    assert kinds == {MessageKind.CALENDAR_EVENT: 1, MessageKind.NOTIFICATION: 1}


def test_two_hundred_bookings_and_changes_over_twenty_starts(links):
    count = processes(on_postgres=20)

    def work(number):
        dice = random.Random(number)
        kinds = dice.choices(KINDS, WEIGHTS, k=200 // count)
        return [do(kind, links, dice, f"Guest {number} {turn}") for turn, kind in enumerate(kinds)]

    done = [
        one for mine in in_processes(count, work, meanwhile=no_overlap_meanwhile) for one in mine
    ]

    assert len(done) == 200
    broken = [one for one in done if one[1].status not in {200, 201} | REFUSED]
    assert broken == []
    check_holds()
    check_outbox()
    succeeded = Counter(kind for kind, answer in done if answer.status in {200, 201})
    meetings = sum(tables.meeting.objects.count() for tables in meeting_tables())
    assert meetings == succeeded["book"]
    changed = Counter(MeetingChange.objects.values_list("kind", flat=True))
    # A repeat of the same change is a success that changes nothing, and no change has no answer.
    for kind, change in CHANGES.items():
        assert changed[change] <= succeeded[kind]
    assert set(changed) <= set(CHANGES.values())
    assert min(succeeded[kind] for kind in KINDS) > 0, succeeded


KINDS = ["book", "move", "cancel", "approve"]
WEIGHTS = [5, 4, 2, 3]
CHANGES = {
    "move": ChangeKind.MOVED,
    "cancel": ChangeKind.CANCELLED,
    "approve": ChangeKind.APPROVED,
}


def do(kind, links, dice, name):
    """One of the two hundred, by chance: who, which meeting, which start; a booking without any."""
    link, start = dice.choice(links), dice.choice(STARTS)
    meetings = tables_of(link.owner_kind).meeting.objects.filter(state__in=TAKES_TIME)
    if kind == "approve":
        meetings = meetings.filter(state=MeetingState.REQUESTED)
    found = list(meetings.order_by("created_at"))
    if kind == "book" or not found:
        return "book", post_booking(link, start, name)
    meeting, doer = dice.choice(found), dice.choice([GUEST, STAFF])
    now = datetime.now(UTC)
    calls = {
        "move": lambda: changes.move_meeting(meeting=meeting, start=start, doer=doer, now=now),
        "cancel": lambda: changes.cancel_meeting(meeting=meeting, doer=doer, now=now),
        "approve": lambda: changes.approve_meeting(meeting=meeting, doer=STAFF, now=now),
    }
    answer = as_answer(calls[kind])
    return kind, Answer(answer.status, str(answer.said))
