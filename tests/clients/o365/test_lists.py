"""O365 against the sandbox's Graph: series, lists, delta, free and busy, subscriptions."""

from __future__ import annotations

import json
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from O365.calendar import EventType

from calendars.enums import EventStatus
from calendars.providers.base import EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost
from common.spans import Span
from tests.clients.conftest import EMAIL, HOOK, at
from tests.clients.o365.conftest import new, refused, saved, view

# O365 gives MSAL no way to ask for a form_post, and the code of this flow passes no browser.
pytestmark = pytest.mark.filterwarnings(
    "ignore:response_mode='form_post' is recommended:UserWarning:msal"
)
BASELINE = baseline_cursor(Span(at(1), at(28)))


# --- Series ---


def weekly(book, title, start, **span):
    event = new(book, title, start)
    event.recurrence.set_weekly(
        1, days_of_week=[start.strftime("%A").lower()], first_day_of_week="monday",
        start=start.date(), **span,
    )  # fmt: skip
    assert event.save()
    return book.get_event(event.object_id)


def test_a_series_keeps_its_wall_time_over_the_change_of_clocks(book, mine):
    series = weekly(book, "Stand-up", at(15, 9), occurrences=4)
    assert series.event_type == EventType.SeriesMaster
    starts = [at(15, 9), at(22, 9), at(29, 9), at(5, 9, month=4)]
    found = series.get_occurrences(at(1).replace(tzinfo=None), at(30, month=4), limit=50)
    assert sorted(one.start for one in found) == starts
    seen = mine.events(at(1), at(30, month=4))
    assert [(event.start.at, event.series_remote_id) for event in seen] == [
        (start, series.object_id) for start in starts
    ]
    master = mine.provider.get_event(mine.calendar, series.object_id)
    assert master.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=MO;COUNT=4",)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", "daily"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3", "absoluteMonthly"),
        ("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3", "relativeMonthly"),
        ("RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1;COUNT=3", "absoluteYearly"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270310T230000Z", "weekly"),
    ],
)
def test_a_rule_of_ours_is_the_recurrence_that_the_client_reads(book, mine, rule, said):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Ours", start=at(1, 9), end=at(1, 10), timezone="Europe/Berlin",
            recurrence=(rule,),
        ),
    )  # fmt: skip
    read = book.get_event(made.remote_id).recurrence
    assert read.recurrence_type == said
    assert read.start_date == date(2027, 3, 1)
    if "COUNT" in rule:
        assert read.occurrences == 3
    else:
        assert read.end_date == date(2027, 3, 10)
        assert set(read.days_of_week) == {"monday", "wednesday"}


def test_one_occurrence_is_changed_and_one_deleted(book, mine):
    series = weekly(book, "Stand-up", at(1, 9), occurrences=4)
    first, second, *_ = view(book, at(1), at(28))
    assert first.series_master_id == series.object_id
    first.subject = "Stand-up, late"
    first.start, first.end = at(2, 16), at(2, 17)
    assert first.save()
    assert second.delete()
    seen = mine.events(at(1), at(28))
    assert [(event.title, event.start.at) for event in seen] == [
        ("Stand-up, late", at(2, 16)), ("Stand-up", at(15, 9)), ("Stand-up", at(22, 9)),
    ]  # fmt: skip
    found = mine.provider.get_occurrence(mine.calendar, series.object_id, at(1, 9))
    assert (found.start.at, found.is_exception) == (at(2, 16), True)
    types = [event.event_type for event in view(book, at(1), at(28))]
    assert types == [EventType.Exception, EventType.Occurrence, EventType.Occurrence]


def test_a_series_of_ours_is_ended_and_deleted_by_the_client(book, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Yoga", start=at(1, 18), end=at(1, 19), timezone="Europe/Berlin",
            recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO",),
        ),
    )  # fmt: skip
    series = book.get_event(made.remote_id)
    series.recurrence.set_weekly(
        1, days_of_week=["monday"], first_day_of_week="monday",
        start=date(2027, 3, 1), end=date(2027, 3, 15),
    )  # fmt: skip
    assert series.save()
    starts = [event.start.at for event in mine.events(at(1), at(28))]
    assert starts == [at(1, 18), at(8, 18), at(15, 18)]
    assert series.delete()
    assert mine.events(at(1), at(28)) == []


# --- Lists, pages, delta ---


def test_pages_come_whole_and_in_the_client_s_own_way(book):
    for day in range(1, 8):
        saved(book, f"Day {day}", at(day, 9))
    found = book.get_events(
        limit=None, batch=None, start_recurring=at(2), end_recurring=at(7),
        order_by="start/dateTime",
    )  # fmt: skip
    assert [event.subject for event in found] == [f"Day {day}" for day in range(2, 7)]
    paged = book.get_events(limit=100, batch=3, start_recurring=at(1), end_recurring=at(28))
    assert sorted(event.subject for event in paged) == [f"Day {day}" for day in range(1, 8)]
    single = book.get_events(include_recurring=False, limit=3)
    assert len(list(single)) == 3


def delta(person, address, params=None, size=2):
    """Every page of a round, as the documentation says to follow them; and the delta link."""
    rows = []
    while True:
        answer = person.con.get(
            address, params=params, headers={"Prefer": f"odata.maxpagesize={size}"}
        ).json()
        rows += answer["value"]
        if "@odata.deltaLink" in answer:
            return rows, answer["@odata.deltaLink"]
        address, params = answer["@odata.nextLink"], None


@pytest.fixture
def first_round(outside, signed_in, book):
    address = (
        f"{outside.endpoints['MICROSOFT_API_URL']}/me/calendars/{book.calendar_id}"
        "/calendarView/delta"
    )
    window = {"startDateTime": at(1).isoformat(), "endDateTime": at(28).isoformat()}
    return lambda: delta(signed_in, address, window)


def test_delta_tells_what_changed_and_what_is_gone(signed_in, book, mine, first_round):
    kept, gone = saved(book, "Kept", at(1, 9)), saved(book, "Gone", at(2, 9))
    series = weekly(book, "Stand-up", at(3, 9), occurrences=3)
    rows, link = first_round()
    named = {row["id"] for row in rows}
    assert {kept.object_id, gone.object_id, series.object_id} < named
    assert len(rows) == 2 + 1 + 3
    assert delta(signed_in, link)[0] == []
    seen = mine.event("Kept")
    mine.provider.update_event(mine.calendar, seen.remote_id, EventDraft(title="Renamed"))
    mine.provider.delete_event(mine.calendar, gone.object_id)
    rows, link = delta(signed_in, link)
    told = {row["id"]: row.get("subject") or row["@removed"]["reason"] for row in rows}
    assert told == {kept.object_id: "Renamed", gone.object_id: "deleted"}
    assert delta(signed_in, link)[0] == []


def test_our_cursor_follows_what_the_client_does(book, mine):
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    made = saved(book, "New", at(2, 9))
    changes = mine.provider.changes(mine.calendar, cursor)
    assert [(event.title, event.status) for event in changes.events] == [
        ("New", EventStatus.CONFIRMED)
    ]
    assert made.delete()
    changes = mine.provider.changes(mine.calendar, changes.cursor)
    assert [(event.remote_id, event.status) for event in changes.events] == [
        (made.object_id, EventStatus.CANCELLED)
    ]


def test_a_lost_delta_link_is_a_410_for_both(outside, account, signed_in, first_round, mine):
    _, link = first_round()
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    outside.store.forget_sync(outside.store.primary_calendar(account))
    assert refused(lambda: delta(signed_in, link)) == (410, "SyncStateNotFound")
    with pytest.raises(CursorLost):
        mine.provider.changes(mine.calendar, cursor)


# --- Free and busy, subscriptions ---


def test_availability_and_our_busy_spans_agree(schedule, book, mine):
    saved(book, "One", at(1, 9), at(1, 11))
    saved(book, "Free", at(1, 13), at(1, 14), show_as="free")
    found = schedule.get_availability(
        [EMAIL, "nobody@else.example"], at(1, 8), at(1, 15), interval=60
    )
    assert found[0]["availabilityView"] == ["free", "busy", "busy", *["free"] * 4]
    busy = [one for one in found[0]["scheduleItems"] if one["status"] == "busy"]
    assert [(one["start"], one["end"]) for one in busy] == [(at(1, 9), at(1, 11))]
    assert found[1]["error"]["responseCode"]
    spans = mine.provider.busy([mine.calendar], Span(at(1), at(2)))
    assert [(one.span.start, one.span.end) for one in spans] == [(at(1, 9), at(1, 11))]


def test_a_subscription_is_made_told_renewed_and_deleted(outside, signed_in, book):
    outside.store.set_setting("push", True)
    subscriptions = signed_in.subscriptions()
    made = subscriptions.create_subscription(
        HOOK, f"me/calendars/{book.calendar_id}/events", ["created", "updated", "deleted"],
        expiration_minutes=60, client_state="t0p",
    )  # fmt: skip
    # The handshake came first.
    assert parse_qs(urlsplit(outside.sent.pop().address).query)["validationToken"]
    saved(book, "New", at(2, 9))
    [told] = json.loads(outside.sent.pop().body)["value"]
    assert (told["subscriptionId"], told["clientState"], told["changeType"]) == (
        made["id"], "t0p", "created",
    )  # fmt: skip
    renewed = subscriptions.renew_subscription(made["id"], expiration_minutes=600)
    assert renewed["expirationDateTime"] > made["expirationDateTime"]
    assert [one["id"] for one in subscriptions.list_subscriptions()] == [made["id"]]
    assert subscriptions.get_subscription(made["id"])["resource"] == made["resource"]
    assert subscriptions.delete_subscription(made["id"])
    saved(book, "Newer", at(2, 11))
    assert outside.sent == []
