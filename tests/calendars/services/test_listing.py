from __future__ import annotations

from django.utils import timezone

from calendars.enums import Hue
from calendars.providers.base import RemoteCalendar
from calendars.services.listing import refresh_calendars
from tests.factories import make_connection

GOOGLES_USUAL = "#9fe1e7"


def remote(number, colour=GOOGLES_USUAL):
    return RemoteCalendar(remote_id=f"c{number}", name=f"Calendar {number}", colour=colour)


def test_calendars_of_one_colour_get_eight_different_hues(user_owner):
    connection = make_connection(user_owner)
    rows = refresh_calendars(connection, [remote(n) for n in range(8)], timezone.now())
    assert {row.hue for row in rows} == set(Hue.values)


def test_a_second_account_does_not_look_like_the_first(user_owner, client_owner):
    (first,) = refresh_calendars(make_connection(user_owner), [remote(1)], timezone.now())
    (second,) = refresh_calendars(make_connection(client_owner), [remote(1)], timezone.now())
    assert first.hue == Hue.LAGOON
    assert second.hue != first.hue


def test_a_hue_that_is_free_is_the_nearest_to_the_providers_colour(user_owner):
    connection = make_connection(user_owner)
    red, grey = remote(1, "#f4511e"), remote(2, "#c2c2c2")
    rows = refresh_calendars(connection, [red, grey], timezone.now())
    assert [row.hue for row in rows] == [Hue.CLAY, Hue.SLATE]


def test_a_known_calendar_keeps_its_hue(user_owner):
    connection = make_connection(user_owner)
    (row,) = refresh_calendars(connection, [remote(1)], timezone.now())
    row.hue = Hue.PLUM
    row.save()
    refresh_calendars(connection, [remote(1, "#4986e7"), remote(2)], timezone.now())
    row.refresh_from_db()
    assert row.hue == Hue.PLUM
