"""Links that close by themselves: one-time ones with their booking, others with their last day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from booking.enums import MeetingState
from booking.errors import LinkClosed
from booking.owners import tables_of
from calendars.models import Hold
from common.errors import InvalidInput
from tests.booking.conftest import HALF_HOUR, NINE, book, make_link
from tests.booking.pages import fill_in, form_url, open_form
from tests.booking.test_rivals import at_once, rival
from tests.booking.test_seats import give_back, starts


def page(link):
    return reverse("booking:book", args=[link.slug])


@pytest.mark.django_db
class TestOneTime:
    def test_closes_with_its_booking_and_opens_when_that_is_off(self, owner, clock, client):
        link = make_link(owner, is_one_time=True)
        assert client.get(page(link)).status_code == 200
        meeting = book(link)
        later = NINE + 4 * HALF_HOUR
        with pytest.raises(LinkClosed):
            book(link, start=later, booker=rival(1))
        assert client.get(page(link)).status_code == 404
        assert client.get(form_url(link, later)).status_code == 404
        api = reverse("booking_api:availability")
        assert client.get(api, {"link": link.slug}).status_code == 404
        give_back(meeting)
        assert client.get(page(link)).status_code == 200
        assert book(link, start=later, booker=rival(1)).state == MeetingState.CONFIRMED

    def test_a_form_sent_twice_leads_to_what_the_first_one_booked(self, owner, clock, client):
        link = make_link(owner, is_one_time=True)
        form = open_form(client, link)
        values = fill_in(form, name="Ann", email="ann@tallship.example")
        answers = [client.post(form["action"], values) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert len({answer.headers["Location"] for answer in answers}) == 1
        key = uuid4().hex
        give_back(tables_of(link.owner_kind).meeting.objects.get())
        assert book(link, key=key).pk == book(link, key=key).pk

    def test_a_request_uses_it_up_too(self, owner, clock):
        link = make_link(owner, is_one_time=True, requires_approval=True)
        book(link)
        with pytest.raises(LinkClosed):
            book(link, start=NINE + 4 * HALF_HOUR)


@pytest.mark.django_db(transaction=True)
def test_of_rivals_for_different_times_of_a_one_time_link_one_wins(owner, clock):
    link = make_link(owner, is_one_time=True)
    answers = at_once(
        lambda number: book(link, booker=rival(number), start=NINE + number * HALF_HOUR), 12
    )
    assert sum(not isinstance(one, Exception) for one in answers) == 1
    assert {type(one) for one in answers if isinstance(one, Exception)} == {LinkClosed}
    assert Hold.objects.count() == 1


@pytest.mark.django_db
class TestEnd:
    def test_the_last_day_is_the_owners_and_counts(self, owner, clock, client):
        link = make_link(owner, ends_on=date(2026, 11, 19))
        assert NINE in starts(link)
        assert starts(link, day=NINE + timedelta(days=1)) == []
        with pytest.raises(InvalidInput, match="takes no bookings for this day") as refusal:
            book(link, start=NINE + timedelta(days=1))
        assert refusal.value.field == "start"
        assert book(link).start_at == NINE

    def test_afterwards_its_page_is_closed(self, owner, clock, client):
        link = make_link(owner, ends_on=date(2026, 11, 19))
        clock.move_to(NINE.replace(hour=22, minute=59))  # one minute to midnight in Berlin
        assert client.get(page(link)).status_code == 200
        clock.move_to(NINE.replace(hour=23))
        assert client.get(page(link)).status_code == 404
        with pytest.raises(LinkClosed):
            book(link, start=NINE + timedelta(days=1))
