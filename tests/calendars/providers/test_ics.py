"""A feed as a provider: what is read of it, and what is refused before it does harm."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from calendars.enums import EventStatus, Visibility
from calendars.providers.base import EventDraft, RemoteCalendar
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost, EventGone
from calendars.providers.registry import adapter_for
from common.errors import BadReply, Unsupported, UpstreamForbidden, UpstreamUnavailable
from common.secrets import Secret
from common.spans import Span
from tests.feeds import event, feed, feed_server

BERLIN = RemoteCalendar("feed", "Feed", timezone="Europe/Berlin", is_writable=False)
YEAR = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def feeds():
    with feed_server() as server:
        yield server


@pytest.fixture
def read(feeds):
    """Call it with a feed's bytes: the adapter of a subscription to it."""

    def adapter(body, **limits):
        return adapter_for(
            "ics",
            token=Secret(feeds.serve(body)),
            api_url="",
            time_limit=timedelta(seconds=10),
            **limits,
        )

    return adapter


def events_of(provider, span=YEAR, calendar=BERLIN):
    (page,) = provider.list_events(calendar, span)
    return sorted(page, key=lambda one: one.start.at)


# --- What is read ---


def test_calendar_is_named_and_cannot_be_written(read):
    (calendar,) = read(feed()).list_calendars()
    assert (calendar.name, calendar.is_writable, calendar.is_primary) == ("Holidays", False, False)


def test_calendar_without_a_name_is_called_by_its_host(read):
    body = feed().replace(b"X-WR-CALNAME:Holidays\r\n", b"")
    assert read(body).list_calendars()[0].name == "feeds.example"


def test_event_with_a_zone_is_read_whole(read):
    body = feed(
        event(
            "a", "DTSTART;TZID=America/New_York:20260302T090000", "DURATION:PT90M",
            "SUMMARY:Board\\, again", "LOCATION:Room 4", "DESCRIPTION:Bring\\nnumbers",
            "STATUS:TENTATIVE", "CLASS:CONFIDENTIAL", "TRANSP:TRANSPARENT",
        )
    )  # fmt: skip
    (one,) = events_of(read(body))
    assert (one.title, one.location, one.description) == (
        "Board, again",
        "Room 4",
        "Bring\nnumbers",
    )
    assert one.start.at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    assert one.end.at == datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    assert (one.start.wall, one.start.timezone) == ("2026-03-02T09:00:00", "America/New_York")
    assert (one.status, one.visibility) == (EventStatus.TENTATIVE, Visibility.PRIVATE)
    assert (one.is_busy, one.is_all_day, one.series_remote_id) == (False, False, "")


def test_dates_and_floating_times_are_of_the_owners_zone(read):
    body = feed(
        event("a", "DTSTART;VALUE=DATE:20260704", "SUMMARY:Day"),
        event("b", "DTSTART:20260704T090000", "DTEND:20260704T100000"),
    )
    day, floating = events_of(read(body))
    assert (day.is_all_day, day.start.on, day.end.on) == (True, date(2026, 7, 4), date(2026, 7, 5))
    assert day.start.at == datetime(2026, 7, 3, 22, 0, tzinfo=UTC)
    assert floating.start.at == datetime(2026, 7, 4, 7, 0, tzinfo=UTC)


def test_zone_of_the_feeds_own_making_is_followed(read):
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    one = event("a", "DTSTART;TZID=Ours:20260302T090000", "DTEND;TZID=Ours:20260302T100000")
    (read_one,) = events_of(read(feed(zone, one)))
    assert read_one.start.at == datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert (read_one.start.wall, read_one.start.timezone) == ("2026-03-02T03:30:00", "UTC")


def test_series_is_expanded_with_its_exceptions_across_the_change_of_clocks(read):
    body = feed(
        event(
            "s", "DTSTART;TZID=Europe/Berlin:20260316T090000",
            "DTEND;TZID=Europe/Berlin:20260316T100000", "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Berlin:20260323T090000", "SUMMARY:Weekly",
        ),
        event(
            "s", "RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000",
            "DTSTART;TZID=Europe/Berlin:20260330T110000",
            "DTEND;TZID=Europe/Berlin:20260330T120000", "SUMMARY:Later",
        ),
    )  # fmt: skip
    found = events_of(read(body))
    assert [(one.title, one.start.at.hour) for one in found] == [
        ("Weekly", 8), ("Later", 9), ("Weekly", 7),
    ]  # fmt: skip
    assert {one.series_remote_id for one in found} == {"s"}
    assert found[1].original_start_at == datetime(2026, 3, 30, 7, 0, tzinfo=UTC)
    assert len({one.remote_id for one in found}) == 3


def test_ids_are_the_same_at_every_reading_and_in_every_window(read):
    body = feed(event("s", "DTSTART:20260316T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY"))
    first = {one.remote_id for one in events_of(read(body))}
    march = Span(datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 3, 22, tzinfo=UTC))
    assert {one.remote_id for one in events_of(read(body), march)} < first


def test_cancelled_and_timeless_events_are_left_out(read):
    body = feed(
        event("a", "DTSTART:20260316T090000Z", "STATUS:CANCELLED"),
        event("b", "DTSTART:20260317T090000Z", "DURATION:PT1H", "SUMMARY:Kept"),
    )
    assert [one.title for one in events_of(read(body))] == ["Kept"]


def test_only_what_touches_the_span_is_told(read):
    body = feed(
        *(
            event(f"{day}", f"DTSTART:202603{day}T090000Z", "DURATION:PT1H", f"SUMMARY:{day}")
            for day in (10, 11, 12)
        )
    )
    day = Span(datetime(2026, 3, 11, tzinfo=UTC), datetime(2026, 3, 12, tzinfo=UTC))
    assert [one.title for one in events_of(read(body), day)] == ["11"]


def test_events_without_an_id_get_one_that_stays(read):
    body = feed(event("x", "DTSTART:20260316T090000Z", "SUMMARY:A")).replace(b"UID:x\r\n", b"")
    ids = {events_of(read(body))[0].remote_id for _ in range(2)}
    assert len(ids) == 1
    assert ids != {""}


def test_busy_leaves_out_what_is_transparent(read):
    body = feed(
        event("a", "DTSTART:20260316T090000Z", "DURATION:PT1H"),
        event("b", "DTSTART:20260316T110000Z", "DURATION:PT1H", "TRANSP:TRANSPARENT"),
    )
    (taken,) = read(body).busy([BERLIN], YEAR)
    assert taken.span.start == datetime(2026, 3, 16, 9, 0, tzinfo=UTC)


def test_each_copy_begins_anew(read):
    provider = read(feed(event("a", "DTSTART:20260316T090000Z", "DURATION:PT1H")))
    changes = provider.changes(BERLIN, baseline_cursor(YEAR))
    assert len(changes.events) == 1
    with pytest.raises(CursorLost):
        provider.changes(BERLIN, changes.cursor)


def test_feed_is_fetched_once_for_one_operation(read, feeds):
    provider = read(feed())
    provider.list_calendars()
    events_of(provider)
    assert len(feeds.asked) == 1


def test_nothing_can_be_written(read):
    provider = read(feed())
    draft = EventDraft(title="x")
    for write in (
        lambda: provider.create_event(BERLIN, draft),
        lambda: provider.update_event(BERLIN, "a", draft),
        lambda: provider.delete_event(BERLIN, "a"),
    ):
        with pytest.raises(Unsupported):
            write()
    with pytest.raises(EventGone):
        provider.get_event(BERLIN, "a")


# --- What is refused ---


def test_failing_server_is_an_error_never_an_empty_calendar(read, feeds):
    for status in (401, 404, 500):
        provider = read((status, {}, b"no"))
        with pytest.raises(UpstreamForbidden):
            events_of(provider)
        with pytest.raises(UpstreamForbidden):
            provider.busy([BERLIN], YEAR)


BROKEN = {
    "empty": b"",
    "page": b"<html>sign in</html>",
    "charset": feed(event("a", "SUMMARY:x")).replace(b"SUMMARY:x", b"SUMMARY:\xe9\xff"),
    "binary": bytes(range(256)) * 10,
    "unclosed": feed(event("a", "DTSTART:20260316T090000Z")).replace(b"END:VEVENT\r\n", b""),
    "no_date": feed(event("a", "DTSTART:tomorrow", "RRULE:FREQ=DAILY")),
    "nested": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 5000,
    "many": feed(*(event(f"{n}", "DTSTART:20260316T090000Z") for n in range(10_001))),
    "lines": b"BEGIN:VCALENDAR\r\n" + b"X:1\n" * 500_000,
    "secondly": feed(event("a", "DTSTART:20260101T000000Z", "RRULE:FREQ=SECONDLY")),
    "hourly": feed(event("a", "DTSTART:20260101T000000Z", "RRULE:FREQ=HOURLY;COUNT=2")),
    "rule": feed(event("a", "DTSTART:20260101T000000Z", "RRULE:FREQ=SOMETIMES")),
    "occurrences": feed(
        *(
            event(f"{n}", "DTSTART:20260101T000000Z", "RRULE:FREQ=DAILY", "DURATION:PT1M")
            for n in range(80)
        )
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_feed_or_a_bomb_is_refused_in_words(read, kind):
    with pytest.raises(BadReply) as refusal:
        events_of(read(BROKEN[kind]))
    assert refusal.value.message.startswith("The subscription at feeds.example cannot be read. ")
    assert "s3cret" not in refusal.value.message


def test_rule_that_never_ends_its_search_is_stopped(read):
    """The thirtieth of February, looked for every day until the year 9999."""
    rule = "RRULE:FREQ=DAILY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=30"
    body = feed(*(event(f"{n}", "DTSTART:20200101T000000Z", rule) for n in range(200)))
    # Before the reader has used up the nine seconds of the processor that it may, in other words.
    with pytest.raises((BadReply, UpstreamUnavailable), match="took too long"):
        events_of(read(body, total_time_limit=timedelta(seconds=3)))
