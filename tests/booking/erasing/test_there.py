"""Erasing somebody: nothing of them is left at the provider."""

from __future__ import annotations

from datetime import timedelta

import pytest

from booking.services import erasing
from calendars.models import Event
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all, make_link
from tests.booking.erasing.conftest import BEN, ZOE, dump, erase, found_in, person_of

pytestmark = pytest.mark.django_db


class TestProvider:
    @pytest.fixture(params=["google", "outlook"])
    def calendar(self, request, connect, owner, clock):
        return connect(owner, request.param)

    @pytest.fixture
    def met(self, calendar, owner, clock):
        link = make_link(owner)
        meeting = book(link, booker=ZOE, message="xylophone")
        deliver_all()
        clock.shift(timedelta(days=2))
        return meeting

    def test_a_past_event_keeps_its_time_and_nothing_else(self, sandbox, calendar, met, alice):
        assert found_in(str(sandbox.events(calendar))) != []
        erasure = erase(person_of(met), alice)
        deliver_all()
        (event,) = sandbox.events(calendar)
        assert found_in(str(event)) == []
        assert "Intro call" in str(event)
        erasure.refresh_from_db()
        assert erasure.finished_at is not None
        assert found_in(dump()) == []

    def test_a_provider_that_is_down_is_tried_again_and_shown(
        self, sandbox, calendar, met, alice, sign_in, clock
    ):
        for operation in ("google.events.patch", "microsoft.events.update"):
            sandbox.fault(operation, status=503, reason="backendError", count=None)
        erasure = erase(person_of(met), alice)
        deliver_all()
        erasure.refresh_from_db()
        assert erasure.wiped_at is not None
        assert erasure.finished_at is None
        assert found_in(dump()) == []
        page = sign_in(alice).get("/people/erasures").text
        assert "still to do" in page
        sandbox.store.clear_faults()
        answer = sign_in(alice).post(f"/people/erasures/{erasure.pk}/retry")
        assert answer.status_code == 302
        erasure.refresh_from_db()
        assert erasure.finished_at is not None
        assert found_in(str(sandbox.events(calendar))) == []
        assert "still to do" not in sign_in(alice).get("/people/erasures").text

    def test_an_event_to_come_is_deleted(self, sandbox, calendar, owner, alice):
        meeting = book(make_link(owner), booker=ZOE)
        deliver_all()
        assert len(sandbox.events(calendar)) == 1
        erase(person_of(meeting), alice)
        deliver_all()
        assert sandbox.events(calendar) == []
        assert found_in(dump()) == []

    def test_a_guest_leaves_the_event_of_who_invited_them(self, sandbox, calendar, owner, alice):
        link = make_link(owner)
        guests = [{"name": ZOE.name, "email": ZOE.email}, {"name": "Cleo", "email": "c@x.example"}]
        book(link, booker=BEN, guests=guests)
        theirs = book(link, start=NINE + HALF_HOUR, booker=ZOE)
        deliver_all()
        assert found_in(str(sandbox.events(calendar))) != []
        erase(person_of(theirs), alice)
        deliver_all()
        (event,) = sandbox.events(calendar)
        assert found_in(str(event)) == []
        assert BEN.email in str(event)
        assert "c@x.example" in str(event)
        assert found_in(dump()) == []

    def test_a_seat_of_a_group_is_given_up(self, sandbox, calendar, owner, alice):
        link = make_link(owner, seats=3)
        book(link, booker=BEN)
        theirs = book(link, booker=ZOE)
        deliver_all()
        assert "2 guests" in str(sandbox.events(calendar))
        erase(person_of(theirs), alice)
        deliver_all()
        (event,) = sandbox.events(calendar)
        assert found_in(str(event)) == []
        assert BEN.email in str(event)
        assert "1 guest" in str(event)
        assert found_in(dump()) == []

    def test_a_member_of_a_past_group_leaves_the_others(
        self, sandbox, calendar, owner, alice, clock
    ):
        link = make_link(owner, seats=3)
        book(link, booker=BEN)
        theirs = book(link, booker=ZOE)
        deliver_all()
        clock.shift(timedelta(days=2))
        erase(person_of(theirs), alice)
        deliver_all()
        (event,) = sandbox.events(calendar)
        assert found_in(str(event)) == []
        assert BEN.email in str(event)

    def test_killed_between_the_steps_it_goes_on(self, sandbox, calendar, met, alice, monkeypatch):
        """The process dies after the wipe: the sweep does what is left."""
        monkeypatch.setattr(erasing, "work_off", lambda erasure: None)
        erasure = erase(person_of(met), alice)
        assert erasure.wiped_at is None
        deliver_all()
        erasure.refresh_from_db()
        assert erasure.finished_at is not None
        assert found_in(dump()) == []

    def test_an_account_that_is_gone_is_counted(self, calendar, met, alice):
        Event.objects.all().delete()
        calendar.delete()
        erasure = erase(person_of(met), alice)
        assert erasure.counts["events_out_of_reach"] == 1
