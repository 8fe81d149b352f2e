"""Google's own client against the sandbox: series, lists, sync, free and busy, channels."""

from __future__ import annotations

from datetime import date

import pytest

from calendars.enums import EventStatus
from calendars.providers.base import EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost
from common.spans import Span
from tests.clients.conftest import EMAIL, HOOK, at
from tests.clients.google.conftest import insert, refused, timed

BASELINE = baseline_cursor(Span(at(1), at(28)))
WEEKLY = "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4"


def listed(client, **options):
    """Every page of a list, as the client's own `list_next` walks them; and the last answer."""
    request = client.events().list(calendarId="primary", **options)
    items = []
    while request is not None:
        answer = request.execute()
        items += answer["items"]
        request = client.events().list_next(request, answer)
    return items, answer


# --- Series ---


def occurrences(client, series_id, **options):
    call = client.events().instances(calendarId="primary", eventId=series_id, **options)
    return call.execute()["items"]


def test_a_series_keeps_its_wall_time_over_the_change_of_clocks(client, mine):
    """The last Sunday of March 2027 is the 28th: UTC shifts, nine o'clock does not."""
    series = insert(client, timed("Stand-up", at(15, 9), recurrence=[WEEKLY]))
    walls = [one["start"]["dateTime"] for one in occurrences(client, series["id"])]
    assert walls == [
        "2027-03-15T09:00:00+01:00", "2027-03-22T09:00:00+01:00",
        "2027-03-29T09:00:00+02:00", "2027-04-05T09:00:00+02:00",
    ]  # fmt: skip
    seen = mine.events(at(1), at(30, month=4))
    assert [(event.start.wall, event.series_remote_id) for event in seen] == [
        (f"{wall[:19]}", series["id"]) for wall in walls
    ]


def test_one_occurrence_is_changed_and_one_deleted(client, mine):
    series = insert(client, timed("Stand-up", at(1, 9), recurrence=[WEEKLY]))
    first, second, *_ = occurrences(client, series["id"])
    moved = timed("Stand-up, late", at(2, 16))
    client.events().patch(calendarId="primary", eventId=first["id"], body=moved).execute()
    client.events().delete(calendarId="primary", eventId=second["id"]).execute()
    seen = mine.events(at(1), at(28))
    assert [(event.title, event.start.at) for event in seen] == [
        ("Stand-up, late", at(2, 16)), ("Stand-up", at(15, 9)), ("Stand-up", at(22, 9)),
    ]  # fmt: skip
    # A moved occurrence is still found by the time that its series had for it.
    found = mine.provider.get_occurrence(mine.calendar, series["id"], at(1, 9))
    assert (found.remote_id, found.start.at) == (first["id"], at(2, 16))
    shown = occurrences(client, series["id"], showDeleted=True)
    gone = [one for one in shown if one["status"] == "cancelled"]
    assert [one["originalStartTime"]["dateTime"] for one in gone] == ["2027-03-08T09:00:00+01:00"]


def test_a_series_of_ours_is_changed_by_the_client_and_ended(client, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Yoga", start=at(1, 18), end=at(1, 19), timezone="Europe/Berlin",
            recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO",),
        ),
    )  # fmt: skip
    got = client.events().get(calendarId="primary", eventId=made.remote_id).execute()
    assert got["recurrence"] == ["RRULE:FREQ=WEEKLY;BYDAY=MO"]
    ended = {"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270315T170000Z"]}
    client.events().patch(calendarId="primary", eventId=made.remote_id, body=ended).execute()
    starts = [event.start.at for event in mine.events(at(1), at(28))]
    assert starts == [at(1, 18), at(8, 18), at(15, 18)]
    client.events().delete(calendarId="primary", eventId=made.remote_id).execute()
    assert mine.events(at(1), at(28)) == []


def test_all_day_series_have_dates_for_names(client, mine):
    body = {"summary": "Bins", "start": {"date": "2027-03-02"}, "end": {"date": "2027-03-03"}}
    series = insert(client, {**body, "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]})
    found = occurrences(client, series["id"])
    assert [one["id"] for one in found] == [f"{series['id']}_20270302", f"{series['id']}_20270309"]
    assert [one["originalStartTime"] for one in found] == [
        {"date": "2027-03-02"}, {"date": "2027-03-09"},
    ]  # fmt: skip
    assert [event.start.on for event in mine.events(at(1), at(28))] == [
        date(2027, 3, 2), date(2027, 3, 9),
    ]  # fmt: skip


# --- Lists, pages, sync ---


def test_pages_come_in_order_and_whole(client):
    for day in range(1, 8):
        insert(client, timed(f"Day {day}", at(day, 9)))
    items, answer = listed(
        client, singleEvents=True, orderBy="startTime", maxResults=3,
        timeMin=at(2).isoformat(), timeMax=at(7).isoformat(),
    )  # fmt: skip
    assert [item["summary"] for item in items] == [f"Day {day}" for day in range(2, 7)]
    assert "nextPageToken" not in answer


def test_a_sync_token_tells_what_changed_and_nothing_else(client, mine):
    kept = insert(client, timed("Kept", at(1, 9)))
    gone = insert(client, timed("Gone", at(2, 9)))
    series = insert(client, timed("Stand-up", at(1, 9), recurrence=[WEEKLY]))
    items, answer = listed(client, maxResults=1)
    assert {item["id"] for item in items} == {kept["id"], gone["id"], series["id"]}
    items, again = listed(client, syncToken=answer["nextSyncToken"])
    assert items == []
    event = mine.event("Kept")
    mine.provider.update_event(mine.calendar, event.remote_id, EventDraft(title="Kept, renamed"))
    mine.provider.delete_event(mine.calendar, gone["id"])
    third = mine.provider.get_occurrence(mine.calendar, series["id"], at(15, 9))
    mine.provider.delete_event(mine.calendar, third.remote_id)
    items, last = listed(client, syncToken=again["nextSyncToken"], maxResults=1)
    told = {item["id"]: (item["status"], item.get("summary")) for item in items}
    assert told.pop(kept["id"]) == ("confirmed", "Kept, renamed")
    assert told.pop(gone["id"])[0] == "cancelled"
    assert told.pop(third.remote_id)[0] == "cancelled"
    # Google may tell of the series beside its deleted occurrence.
    assert set(told) <= {series["id"]}
    assert listed(client, syncToken=last["nextSyncToken"])[0] == []


def test_our_cursor_follows_what_the_client_does(client, mine):
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    made = insert(client, timed("New", at(2, 9)))
    changes = mine.provider.changes(mine.calendar, cursor)
    assert [(event.title, event.status) for event in changes.events] == [
        ("New", EventStatus.CONFIRMED)
    ]
    client.events().delete(calendarId="primary", eventId=made["id"]).execute()
    changes = mine.provider.changes(mine.calendar, changes.cursor)
    assert [(event.remote_id, event.status) for event in changes.events] == [
        (made["id"], EventStatus.CANCELLED)
    ]


def test_a_lost_token_is_a_410_for_both(outside, client, account, mine):
    _, answer = listed(client)
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    outside.store.forget_sync(outside.store.primary_calendar(account))
    call = client.events().list(calendarId="primary", syncToken=answer["nextSyncToken"])
    assert refused(call) == (410, "fullSyncRequired")
    with pytest.raises(CursorLost):
        mine.provider.changes(mine.calendar, cursor)


def test_a_sync_token_goes_with_no_filter(client):
    _, answer = listed(client)
    call = client.events().list(
        calendarId="primary", syncToken=answer["nextSyncToken"], timeMin=at(1).isoformat()
    )
    assert refused(call)[0] == 400


# --- Free and busy, channels ---


def test_busy_spans_are_the_same_for_both(client, mine):
    insert(client, timed("One", at(1, 9), at(1, 10)))
    insert(client, timed("Two", at(1, 10), at(1, 11)))
    insert(client, timed("Free", at(1, 13), at(1, 14), transparency="transparent"))
    body = {
        "timeMin": at(1).isoformat(), "timeMax": at(2).isoformat(),
        "timeZone": "Europe/Berlin", "items": [{"id": EMAIL}, {"id": "nobody@finch.example"}],
    }  # fmt: skip
    found = client.freebusy().query(body=body).execute()["calendars"]
    assert found[EMAIL]["busy"] == [
        {"start": "2027-03-01T09:00:00+01:00", "end": "2027-03-01T11:00:00+01:00"}
    ]
    assert found["nobody@finch.example"]["errors"][0]["reason"] == "notFound"
    day = Span(at(1), at(2))
    spans = {(b.span.start, b.span.end) for b in mine.provider.busy([mine.calendar], day)}
    assert spans == {(at(1, 9), at(1, 11))}


def test_a_channel_is_opened_told_of_changes_and_stopped(outside, client):
    outside.store.set_setting("push", True)
    wish = {"id": "channel-1", "type": "web_hook", "address": HOOK, "token": "t0p"}
    channel = client.events().watch(calendarId="primary", body=wish).execute()
    insert(client, timed("New", at(2, 9)))
    states = [one.headers["X-Goog-Resource-State"] for one in outside.sent]
    assert states == ["sync", "exists"]
    assert outside.sent[1].headers["X-Goog-Channel-Token"] == "t0p"
    # The notice names the resource by the same address as the answer to the watch.
    assert outside.sent[1].headers["X-Goog-Resource-URI"] == channel["resourceUri"]
    stop = {"id": channel["id"], "resourceId": channel["resourceId"]}
    assert client.channels().stop(body=stop).execute() == ""
    insert(client, timed("Newer", at(2, 11)))
    assert len(outside.sent) == 2
