"""Two people change one series: what one typed meets what the other did."""

from __future__ import annotations

import pytest

from calendars.models import CalendarShare, Event
from tests.calendars.views.conflict.conftest import (
    BERLIN,
    HOUR,
    TEN,
    Fields,
    answer,
    create,
    form_of,
    now,
    save,
    text,
)
from tests.calendars.views.events.conftest import HTMX

pytestmark = pytest.mark.django_db


@pytest.fixture
def four(browser, side):
    create(browser, side, repeats="weekly", stops="after", times="4")
    return list(Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at"))


def series():
    return Event.objects.exclude(recurrence=[]).get(deleted_at=None)


def starts():
    rows = Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at")
    return [one.start_at.astimezone(BERLIN).strftime("%d %H:%M") for one in rows]


def test_occurrence_changed_alone_by_both(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.rename(four[1], "Theirs")
    asked = save(browser, four[1], fields, title="Mine", scope="this")
    assert "Theirs" in text(asked)
    assert answer(browser, asked).status_code == 302
    assert [now(one).title for one in four] == ["Kick-off", "Mine", "Kick-off", "Kick-off"]


def test_all_of_a_series_renamed_by_both(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.rename(series(), "Theirs")
    asked = save(browser, four[1], fields, title="Mine", scope="all")
    assert asked.status_code == 422
    assert "Theirs" in text(asked)
    assert Fields(asked.content.decode()).sent["scope"] == ["all"]
    assert answer(browser, asked).status_code == 302
    assert {now(one).title for one in four} == {"Mine"}


@pytest.mark.parametrize("is_copied", [False, True], ids=["not yet known", "known"])
def test_series_moved_by_them_is_renamed_by_me_where_it_is_now(
    browser, four, colleague, side, copy_events, is_copied
):
    fields = form_of(browser, four[1])
    colleague.move(colleague.id_of(series()), TEN + HOUR, TEN + 2 * HOUR)
    if is_copied:
        copy_events(side.calendar.connection)
    done = browser.post(
        f"/calendar/events/{four[1].pk}/edit",
        {**fields, "title": "Mine", "scope": "all"},
        headers=HTMX,
    )
    assert done.status_code == 204
    assert "Their change of the time stays" in done["HX-Trigger"]
    assert starts() == ["23 11:00", "30 11:00", "07 11:00", "14 11:00"]
    assert series().title == "Mine"


def test_series_moved_by_both_asks_and_moves_once(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.move(colleague.id_of(series()), TEN + HOUR, TEN + 2 * HOUR)
    asked = save(browser, four[1], fields, start="15:00", end="16:00", scope="all")
    page = text(asked)
    assert "15:00\u201316:00" in page
    assert "11:00\u201312:00" in page
    assert answer(browser, asked).status_code == 302
    assert starts() == ["23 15:00", "30 15:00", "07 15:00", "14 15:00"]


def test_series_that_moved_and_became_private_is_not_shown(
    sign_in, bob, browser, four, colleague, side
):
    CalendarShare.objects.create(calendar=side.calendar, level="edit")
    other = sign_in(bob)
    fields = form_of(other, four[1])
    whole = colleague.id_of(series())
    colleague.change(
        whole,
        {"visibility": "private", "summary": "Secret"},
        {"sensitivity": "private", "subject": "Secret"},
    )
    colleague.move(whole, TEN + HOUR, TEN + 2 * HOUR)
    answered = save(other, four[1], fields, title="Mine", scope="this")
    assert answered.status_code == 404
    assert "Secret" not in text(answered)


def test_deleted_occurrence_becomes_an_event_of_its_own(browser, four, colleague):
    fields = form_of(browser, four[1])
    colleague.delete(four[1])
    gone = save(browser, four[1], fields, title="Mine", scope="this")
    assert "deleted meanwhile" in text(gone)
    assert answer(browser, gone).status_code == 302
    mine = Event.objects.get(title="Mine")
    assert (mine.series_remote_id, mine.start_at) == ("", four[1].start_at)
    assert Event.objects.filter(deleted_at=None, title="Kick-off", recurrence=[]).count() == 3
