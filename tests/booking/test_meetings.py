"""Booking in both modes: the right rows, the rules, and the same submit twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from booking.booker import Booker
from booking.enums import MeetingState
from booking.errors import LinkClosed, SlotTaken
from booking.models import BookingLink, Contact, Meeting, SalesMeeting, SalesProspect
from booking.services.links import set_active
from booking.tokens import hash_manage_token, manage_token
from calendars.models import Hold
from common.errors import InvalidInput
from common.models import OutboxMessage
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, make_link

pytestmark = pytest.mark.django_db

BEN = Booker(name="Ben", email="ben@osprey.example", timezone="Europe/Dublin")


def test_client_mode_makes_a_contact_and_a_meeting(client_link, northgate):
    meeting = book(client_link, message="The plans")
    assert isinstance(meeting, Meeting)
    contact = Contact.objects.get()
    assert (contact.client, contact.name, contact.email) == (northgate, ANN.name, ANN.email)
    assert (meeting.client, meeting.contact, meeting.link) == (northgate, contact, client_link)
    assert (SalesMeeting.objects.count(), SalesProspect.objects.count()) == (0, 0)
    assert meeting.message == "The plans"


def test_internal_mode_makes_a_prospect_and_a_sales_meeting(user_link, alice, workspace):
    meeting = book(user_link)
    assert isinstance(meeting, SalesMeeting)
    prospect = SalesProspect.objects.get()
    assert (prospect.workspace, prospect.email) == (workspace, ANN.email)
    assert (meeting.user, meeting.prospect) == (alice, prospect)
    assert (Meeting.objects.count(), Contact.objects.count()) == (0, 0)


def test_a_meeting_promises_its_time_with_buffers(owner, clock):
    link = make_link(owner, buffer_before_minutes=10, buffer_after_minutes=20)
    meeting = book(link)
    hold = Hold.objects.get()
    assert meeting.hold == hold
    assert (hold.owner_kind, hold.owner_id) == (owner.kind, owner.id)
    assert hold.held_from == NINE - timedelta(minutes=10)
    assert hold.held_until == NINE + HALF_HOUR + timedelta(minutes=20)
    assert (meeting.start_at, meeting.end_at) == (NINE, NINE + HALF_HOUR)
    assert meeting.state == MeetingState.CONFIRMED


def test_a_booking_without_a_calendar_takes_few_statements(link, django_assert_max_num_queries):
    # Owner, calendars, lock, link, holds, five writes with the booker's id, and two for the
    # transaction.
    with django_assert_max_num_queries(12):
        book(link)


def test_event_and_mails_wait_in_the_outbox_by_ids_only(link):
    meeting = book(link)
    rows = OutboxMessage.objects.order_by("kind").values_list("kind", "payload", "workspace_id")
    payload = {"owner_kind": link.owner_kind, "meeting_id": str(meeting.id)}
    assert list(rows) == [
        ("booking.calendar_event", {**payload, "step": "event"}, link.workspace_id),
        ("booking.notification", {**payload, "step": "booked"}, link.workspace_id),
    ]


def test_the_receipt_says_what_was_decided_by(link):
    receipt = book(link).receipt
    assert receipt["decided_at"] == NOW.isoformat()
    assert (receipt["calendars_readable"], receipt["calendars"]) == (True, [])
    assert receipt["rules"]["duration"] == 1800
    assert receipt["rules"]["zone"] == "Europe/Berlin"
    assert receipt["zone_data"][:2] == "20"


def test_only_the_hash_of_the_manage_token_is_kept(link):
    meeting = book(link)
    token = manage_token(meeting.id)
    assert meeting.manage_token_hash == hash_manage_token(token)
    assert token not in str(vars(meeting))


def test_a_token_outlives_a_new_secret_key(link, settings):
    meeting = book(link)
    token = manage_token(meeting.id)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [settings.SECRET_KEY]
    assert manage_token(meeting.id, meeting.manage_token_hash) == token
    assert manage_token(meeting.id) != token


def test_the_same_submit_twice_is_one_meeting(link):
    first = book(link, key="k")
    assert book(link, key="k").pk == first.pk
    assert book(link, key="k", start=NINE + HALF_HOUR).pk == first.pk
    assert Hold.objects.count() == 1
    assert OutboxMessage.objects.count() == 2


def test_a_repeat_finds_its_meeting_whatever_has_changed_since(link):
    first = book(link, key="k")
    for change in (
        {"durations": [60]},
        {"is_active": False},
        {"horizon_days": 1, "notice_minutes": 60 * 24 * 300},
    ):
        BookingLink.objects.filter(pk=link.pk).update(**change)
        changed = BookingLink.objects.get(pk=link.pk)
        assert book(changed, key="k").pk == first.pk
    assert OutboxMessage.objects.count() == 2


def test_a_repeat_of_a_cancelled_meeting_books_nothing_anew(link):
    first = book(link, key="k")
    hold = first.hold
    first.state, first.hold = MeetingState.CANCELLED, None
    first.save()
    hold.delete()
    assert book(link, key="k").pk == first.pk
    assert Hold.objects.count() == 0
    assert type(first).objects.count() == 1


def test_a_taken_slot_is_refused_with_the_nearest_open_times(link):
    book(link)
    with pytest.raises(SlotTaken) as refusal:
        book(link, booker=BEN)
    assert refusal.value.status == 409
    assert refusal.value.details()["nearest"] == [
        (NINE + number * HALF_HOUR).isoformat() for number in (1, 2, 3, 4)
    ]
    assert Hold.objects.count() == 1


def test_an_overlapping_slot_of_another_length_is_taken(link):
    book(link, duration=timedelta(minutes=45))
    with pytest.raises(SlotTaken):
        book(link, start=NINE + HALF_HOUR, booker=BEN)


def test_two_links_of_one_owner_share_the_time(owner, clock):
    book(make_link(owner, slug="one"))
    with pytest.raises(SlotTaken):
        book(make_link(owner, slug="two"), booker=BEN)


def test_two_owners_do_not_share_the_time(user_owner, bob_owner, clock):
    book(make_link(user_owner, slug="one"))
    book(make_link(bob_owner, slug="two"))
    assert SalesMeeting.objects.count() == 2
    assert SalesProspect.objects.count() == 1


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(NINE - HALF_HOUR, id="before hours"),
        pytest.param(NINE + timedelta(minutes=7), id="off the grid"),
        pytest.param(NINE + timedelta(days=2), id="on a Saturday"),
        pytest.param(NINE + timedelta(days=200), id="past the horizon"),
    ],
)
def test_a_start_that_was_never_offered_is_refused(link, start):
    with pytest.raises(InvalidInput) as refusal:
        book(link, start=start)
    assert refusal.value.field == "start"
    assert Hold.objects.count() == 0


def test_a_start_that_is_too_close_is_gone(owner, clock):
    link = make_link(owner, notice_minutes=24 * 60)
    with pytest.raises(SlotTaken, match="too close by now"):
        book(link)


def test_a_length_the_link_does_not_offer_is_refused(link):
    with pytest.raises(InvalidInput) as refusal:
        book(link, duration=timedelta(minutes=60))
    assert refusal.value.field == "duration"


def test_a_naive_start_is_refused(link):
    with pytest.raises(InvalidInput) as refusal:
        book(link, start=datetime(2026, 11, 19, 8))
    assert refusal.value.field == "start"


def test_limits_per_day_and_week_count_only_this_link(owner, clock):
    link, other = make_link(owner, max_per_day=1, max_per_week=2), make_link(owner, slug="other")
    book(link)
    with pytest.raises(SlotTaken, match="day is full"):
        book(link, start=NINE + HALF_HOUR, booker=BEN)
    book(link, start=NINE + timedelta(days=1))
    with pytest.raises(SlotTaken, match="week is full"):
        book(link, start=NOW + timedelta(minutes=30), booker=BEN)
    book(other, start=NINE + HALF_HOUR)
    book(link, start=NINE + timedelta(days=4), booker=BEN)


def test_a_paused_link_takes_nothing(link):
    set_active(link=link, is_active=False)
    with pytest.raises(LinkClosed):
        book(link)
    assert Hold.objects.count() == 0


def test_a_link_of_a_user_who_left_takes_nothing(user_link, alice):
    alice.memberships.all().delete()
    with pytest.raises(LinkClosed):
        book(user_link)


def test_a_known_person_is_found_and_never_edited(client_link, northgate):
    known = Contact.objects.create(
        workspace=northgate.workspace,
        client=northgate,
        name="The real Ann",
        email="Ann@Tallship.example",
        phone="1",
    )
    meeting = book(client_link, booker=replace(ANN, name="An impostor", phone="+353 1 555"))
    known.refresh_from_db()
    assert meeting.contact == known
    assert (known.name, known.phone) == ("The real Ann", "1")
    assert (meeting.booker_name, meeting.booker_phone) == ("An impostor", "+353 1 555")


def test_a_link_that_asks_for_approval_takes_requests_that_hold_the_time(owner, clock):
    link = make_link(owner, requires_approval=True)
    meeting = book(link)
    assert meeting.state == MeetingState.REQUESTED
    assert list(OutboxMessage.objects.values_list("kind", flat=True)) == ["booking.notification"]
    with pytest.raises(SlotTaken):
        book(link, booker=BEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "Ann\r\nBcc: all@example.com"),
        ("name", "x" * 121),
        ("name", "Win at https://casino.example"),
        ("name", "nul\x00l"),
        ("name", "\u200b\u200d"),
        ("name", "\u0301 \u3000"),
        ("email", "nobody"),
        ("email", "a@b.example\nBcc: c@d.example"),
        ("email", '"quoted local"@example.com'),
        ("email", "a@[127.0.0.1]"),
        ("email", "root@localhost"),
        ("email", "\u212aim@example.com"),
        ("email", "\u017fam@example.com"),
        ("email", "a" * 300 + "@example.com"),
        ("phone", "call me"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
    ],
)
def test_hostile_input_is_refused_by_field(client_link, field, value):
    with pytest.raises(InvalidInput) as refusal:
        book(client_link, booker=replace(ANN, **{field: value}))
    assert refusal.value.field == {"timezone": "tz"}.get(field, field)
    assert Hold.objects.count() == 0


def test_answers_are_kept_with_their_questions(owner, clock):
    questions = [
        {"key": "before", "label": "Met before?", "kind": "choice", "choices": ["Yes", "No"]},
        {"key": "topic", "label": "Topic", "kind": "text", "required": True},
    ]
    link = make_link(owner, questions=questions)
    for answers, field in [
        ({}, "answers.topic"),
        ({"topic": "x", "before": "Perhaps"}, "answers.before"),
        ({"topic": "x", "other": "y"}, "answers.other"),
    ]:
        with pytest.raises(InvalidInput) as refusal:
            book(link, answers=answers)
        assert refusal.value.field == field
    meeting = book(link, answers={"topic": " The  plans ", "before": "Yes"})
    assert meeting.answers == [
        {"key": "before", "label": "Met before?", "answer": "Yes"},
        {"key": "topic", "label": "Topic", "answer": "The plans"},
    ]


@pytest.mark.parametrize(
    ("day", "first_utc"),
    [
        (datetime(2027, 3, 26, tzinfo=UTC), 8),
        (datetime(2027, 3, 29, tzinfo=UTC), 7),
        (datetime(2026, 10, 23, tzinfo=UTC), 7),
        (datetime(2026, 10, 26, tzinfo=UTC), 8),
    ],
)
def test_nine_in_berlin_is_nine_on_both_sides_of_a_clock_change(
    client_owner, clock, day, first_utc
):
    clock.move_to(day - timedelta(days=7))
    link = make_link(client_owner)
    start = day.replace(hour=first_utc)
    assert book(link, start=start).start_at == start
    with pytest.raises(InvalidInput):
        book(link, start=start - timedelta(hours=1))
