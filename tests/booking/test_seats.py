"""Group slots: several bookers share one promised time, and exactly as many as there are seats."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import MeetingState
from booking.errors import SlotTaken
from booking.owners import owner_of_meeting, tables_for, tables_of
from booking.services.availability import open_slots_for
from booking.services.seats import is_alone, leave_place
from calendars.models import Hold
from common.errors import InvalidInput
from tests.booking.conftest import HALF_HOUR, NINE, book, make_link
from tests.booking.test_rivals import at_once, rival

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def group(owner, clock):
    """Three seats in each slot."""
    return make_link(owner, seats=3)


def starts(link, *, duration=HALF_HOUR, day=NINE):
    offer = open_slots_for(
        link=link,
        duration=duration,
        first_day=day.astimezone(BERLIN).date(),
        last_day=day.astimezone(BERLIN).date(),
        zone=BERLIN,
        now=datetime.now(UTC),
        actor=task_actor("tests"),
    )
    return [slot.start for slot in offer.slots]


def guest(number):
    return Booker(name=f"Guest {number}", email=f"guest{number}@example.org", timezone="UTC")


@pytest.mark.django_db
class TestOneAfterAnother:
    def test_seats_share_one_hold_until_the_slot_is_full(self, group):
        booked = [book(group, booker=guest(number)) for number in range(2)]
        assert NINE in starts(group)
        booked.append(book(group, booker=guest(2)))
        assert NINE not in starts(group)
        assert Hold.objects.count() == 1
        assert len({one.hold_id for one in booked}) == len({one.group_id for one in booked}) == 1
        assert [one.seat for one in booked] == [1, 2, 3]
        assert (
            len({one.uid for one in booked}) == len({one.manage_token_hash for one in booked}) == 3
        )
        with pytest.raises(SlotTaken):
            book(group, booker=guest(3))

    def test_a_seat_given_back_is_taken_again_and_the_last_one_frees_the_time(self, group):
        booked = [book(group, booker=guest(number)) for number in range(3)]
        give_back(booked[1])
        assert NINE in starts(group)
        again = book(group, booker=guest(9))
        assert (again.seat, again.group_id) == (2, booked[0].group_id)
        for one in (booked[0], again):
            give_back(one)
        assert Hold.objects.count() == 1
        assert is_alone(booked[2])
        give_back(booked[2])
        assert not Hold.objects.exists()
        assert book(group, booker=guest(4)).group_id != booked[0].group_id

    def test_another_length_or_an_overlapping_start_is_no_seat(self, owner, clock):
        group = make_link(owner, seats=3, step_minutes=15)
        book(group)
        for start, length in (
            (NINE, timedelta(minutes=45)),
            (NINE + timedelta(minutes=15), HALF_HOUR),
        ):
            with pytest.raises(SlotTaken):
                book(group, start=start, duration=length, booker=guest(1))
            assert start not in starts(group, duration=length)
        assert Hold.objects.count() == 1

    def test_another_link_of_the_owner_does_not_get_in(self, owner, group):
        book(group)
        other = make_link(owner, slug="other", seats=3)
        assert NINE not in starts(other)
        with pytest.raises(SlotTaken):
            book(other, booker=guest(1))

    def test_nobody_joins_a_meeting_booked_before_the_link_had_seats(self, owner, clock):
        link = make_link(owner)
        book(link)
        link.seats = 5
        link.save()
        assert NINE not in starts(link)
        with pytest.raises(SlotTaken):
            book(link, booker=guest(1))

    def test_fewer_seats_than_people_close_the_slot_and_nothing_else(self, group):
        booked = [book(group, booker=guest(number)) for number in range(2)]
        group.seats = 2
        group.save()
        assert NINE not in starts(group)
        with pytest.raises(SlotTaken):
            book(group, booker=guest(2))
        give_back(booked[0])
        assert book(group, booker=guest(3)).seat == 1

    def test_limits_count_slots_and_not_seats(self, owner, clock):
        group = make_link(owner, seats=3, max_per_day=2, max_per_week=2)
        later = NINE + 4 * HALF_HOUR
        for start in (NINE, NINE, later):
            book(group, start=start, booker=guest(1))
        assert starts(group) == [NINE, later]
        assert book(group, start=later, booker=guest(2)).seat == 2
        with pytest.raises(SlotTaken):
            book(group, start=NINE + 8 * HALF_HOUR, booker=guest(3))
        assert book(group, booker=guest(4)).seat == 3
        assert starts(group) == [later]

    def test_buffers_stand_around_the_slot_once(self, owner, clock):
        group = make_link(
            owner, seats=2, buffer_before_minutes=15, buffer_after_minutes=30, step_minutes=30
        )
        start = NINE + 2 * HALF_HOUR
        for number in range(2):
            book(group, start=start, booker=guest(number))
        hold = Hold.objects.get()
        assert (hold.held_from, hold.held_until) == (
            start - timedelta(minutes=15), start + 2 * HALF_HOUR,
        )  # fmt: skip
        assert start not in starts(group)
        assert start + 2 * HALF_HOUR not in starts(group)
        assert start + 3 * HALF_HOUR in starts(group)

    def test_a_seat_is_asked_for_and_held_until_it_is_answered(self, owner, clock):
        group = make_link(owner, seats=2, requires_approval=True)
        asked = [book(group, booker=guest(number)) for number in range(2)]
        assert {one.state for one in asked} == {MeetingState.REQUESTED}
        assert NINE not in starts(group)

    def test_the_rules_still_hold_for_whoever_joins(self, group, clock):
        book(group)
        group.notice_minutes = 60
        group.save()
        clock.move_to(NINE - timedelta(minutes=30))
        assert NINE not in starts(group)
        with pytest.raises((SlotTaken, InvalidInput)):
            book(group, booker=guest(1))

    def test_no_seat_can_be_written_twice(self, group):
        first = book(group)
        meeting = tables_of(group.owner_kind).meeting
        second = book(group, booker=guest(1))
        with pytest.raises(IntegrityError), transaction.atomic():
            meeting.objects.filter(pk=second.pk).update(seat=first.seat)


@pytest.mark.django_db(transaction=True)
class TestRivals:
    @pytest.mark.parametrize("seats", [1, 4])
    def test_exactly_as_many_win_as_there_are_seats(self, owner, clock, seats):
        link = make_link(owner, seats=seats)
        rows = tables_of(link.owner_kind).meeting.objects
        answers = at_once(lambda number: book(link, booker=rival(number)), 30)
        assert Counter(type(answer) for answer in answers) == {
            rows.model: seats, SlotTaken: 30 - seats,
        }  # fmt: skip
        assert (rows.count(), Hold.objects.count()) == (seats, 1)

    def test_the_last_seat_goes_to_one(self, group):
        for number in range(2):
            book(group, booker=guest(number))
        answers = at_once(lambda number: book(group, booker=rival(number)), 20)
        assert sum(not isinstance(answer, Exception) for answer in answers) == 1
        assert {type(answer) for answer in answers if isinstance(answer, Exception)} == {SlotTaken}

    def test_coming_and_going_at_once_leaves_no_seat_twice_and_no_empty_hold(self, group):
        booked = [book(group, booker=guest(number)) for number in range(3)]

        def come_or_go(number):
            if number < 3:
                give_back(booked[number])
                return None
            return book(group, booker=rival(number))

        answers = at_once(come_or_go, 9)
        bad = [one for one in answers if isinstance(one, Exception)]
        assert [one for one in bad if not isinstance(one, SlotTaken)] == []
        rows = tables_of(group.owner_kind).meeting.objects.filter(hold__isnull=False)
        seated = Counter(rows.values_list("hold_id", "seat"))
        assert set(seated.values()) <= {1}
        assert Hold.objects.count() == len({hold for hold, _ in seated}) <= 1


def give_back(meeting):
    """What calling it off does to its place."""
    with transaction.atomic():
        owner_of_meeting(meeting).lock()
        fresh = tables_for(meeting).meetings().get(pk=meeting.pk)
        fresh.state = MeetingState.CANCELLED
        fresh.save()
        leave_place(fresh)


@pytest.mark.django_db
class TestSeatsLeft:
    def page(self, group):
        query = "date=2026-11-19&tz=Europe/Berlin"
        text = Browser().get(f"/book/{group.slug}?{query}").content.decode()
        found = re.findall(r'class="slot"[^>]*>(\d\d:\d\d)(?: <small>([^<]*)</small>)?', text)
        return dict(found)

    def slots(self, group):
        query = f"link={group.slug}&from=2026-11-19&to=2026-11-19&tz=UTC"
        answer = Browser().get(f"/api/v1/booking/availability?{query}").json()
        return {slot["start"][11:16]: slot.get("seats_left") for slot in answer["slots"]}

    def test_page_and_api_tell_them_and_offer_no_full_slot(self, group):
        for number in range(2):
            book(group, booker=guest(number))
        page, slots = self.page(group), self.slots(group)
        assert (page["09:00"], page["10:00"]) == ("1 seat left", "3 seats left")
        assert (slots["08:00"], slots["09:00"]) == (1, 3)
        last = book(group, booker=guest(2))
        assert "09:00" not in self.page(group)
        assert "08:00" not in self.slots(group)
        give_back(last)
        assert self.page(group)["09:00"] == "1 seat left"

    @pytest.mark.parametrize(
        ("lang", "words"),
        [("de", "Noch 1 Platz frei"), ("fr", "1 place restante"), ("es", "Queda 1 plaza")],
    )
    def test_page_tells_them_in_the_visitors_language(self, group, lang, words):
        for number in range(2):
            book(group, booker=guest(number))
        url = f"/book/{group.slug}?date=2026-11-19&tz=Europe/Berlin&lang={lang}"
        assert words in Browser().get(url).content.decode()

    @pytest.mark.parametrize("fields", [{"seats": 3, "shows_seats_left": False}, {"seats": 1}])
    def test_nobody_is_told_where_the_owner_does_not_want_it_or_there_is_one(
        self, owner, clock, fields
    ):
        group = make_link(owner, **fields)
        book(group, start=NINE + 2 * HALF_HOUR, booker=guest(0))
        assert set(self.page(group).values()) == {""}
        assert set(self.slots(group).values()) == {None}

    def test_the_next_open_time_has_them_too(self, owner, clock):
        group = make_link(owner, seats=2, step_minutes=30)
        book(group, start=NINE + timedelta(days=1), booker=guest(0))
        for half_hour in range(16):
            for number in range(2):
                book(
                    group, start=NINE + half_hour * HALF_HOUR, booker=guest(f"{half_hour}-{number}")
                )
        query = f"link={group.slug}&from=2026-11-19&to=2026-11-19&tz=UTC"
        answer = Browser().get(f"/api/v1/booking/availability?{query}").json()
        assert answer["slots"] == []
        assert (answer["next_open"]["start"][:16], answer["next_open"]["seats_left"]) == (
            "2026-11-20T08:00",
            1,
        )
