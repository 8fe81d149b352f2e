"""What an event's kind, colour and second time zone owe us; a gap is declared, never silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from calendars.enums import EventKind, Hue
from calendars.providers.base import EventColour, EventDraft, Feature
from common.errors import Unsupported
from common.spans import Span
from tests.calendars.providers.contract_base import ProviderBase, at, draft, span

LONDON, PARIS = ZoneInfo("Europe/London"), ZoneInfo("Europe/Paris")
# A flight: two hours and twenty minutes by the clocks on the walls, one and twenty in the air.
FLIGHT = {
    "start": datetime(2026, 11, 20, 10, 0, tzinfo=LONDON),
    "end": datetime(2026, 11, 20, 12, 20, tzinfo=PARIS),
    "timezone": LONDON.key,
    "end_timezone": PARIS.key,
}
NOVEMBER = span(1, 30, month=11)


def walls(event):
    start, end = event.start, event.end
    return (start.wall, start.timezone), (end.wall, end.timezone)


THERE_AND_THEN = (
    ("2026-11-20T10:00:00", "Europe/London"),
    ("2026-11-20T12:20:00", "Europe/Paris"),
)


class FieldsContract(ProviderBase):
    # --- Two zones ---

    def test_event_keeps_the_zone_of_either_end(self, provider, calendar):
        made = provider.create_event(calendar, draft(**FLIGHT))

        read = provider.get_event(calendar, made.remote_id)

        assert read == made
        assert walls(read) == THERE_AND_THEN
        assert read.end.at - read.start.at == timedelta(hours=1, minutes=20)
        assert read.end_timezone == "Europe/Paris"

    def test_listing_and_changes_tell_the_zone_of_the_end(self, provider, calendar):
        made = provider.create_event(calendar, draft(**FLIGHT))

        (listed,) = self.listed(provider, calendar, NOVEMBER)

        assert (listed.remote_id, walls(listed)) == (made.remote_id, THERE_AND_THEN)

    def test_event_of_one_zone_has_no_other(self, provider, calendar):
        assert provider.create_event(calendar, draft()).end_timezone == ""

    def test_end_gets_a_zone_of_its_own_and_loses_it(self, provider, calendar):
        made = provider.create_event(calendar, draft())

        changed = provider.update_event(
            calendar, made.remote_id, EventDraft(end_timezone=LONDON.key)
        )
        assert (changed.start.timezone, changed.end.timezone) == ("Europe/Berlin", "Europe/London")
        assert (changed.start.at, changed.end.at) == (at(2, 9), at(2, 10))

        back = provider.update_event(calendar, made.remote_id, EventDraft(end_timezone=None))
        assert (back.start.timezone, back.end.timezone) == ("Europe/Berlin", "Europe/Berlin")
        assert (back.start.at, back.end.at) == (at(2, 9), at(2, 10))

    def test_series_goes_by_the_zone_of_its_start_over_a_clock_change(self, provider, calendar):
        """New York goes to winter a week after London."""
        wanted = draft(
            start=datetime(2026, 10, 19, 9, 0, tzinfo=LONDON),
            end=datetime(2026, 10, 19, 8, 0, tzinfo=ZoneInfo("America/New_York")),
            timezone=LONDON.key,
            end_timezone="America/New_York",
            recurrence=("RRULE:FREQ=WEEKLY;COUNT=3",),
        )

        provider.create_event(calendar, wanted)
        events = self.listed(provider, calendar, span(1, 30, month=10))
        events += self.listed(provider, calendar, span(1, 5, month=11))

        assert [e.start.wall[11:16] for e in events] == ["09:00", "09:00", "09:00"]
        assert [e.end.wall[11:16] for e in events] == ["08:00", "09:00", "08:00"]
        assert {e.end.timezone for e in events} == {"America/New_York"}

    # --- Colour ---

    @pytest.mark.parametrize("hue", Hue)
    def test_colour_is_read_back_or_refused_by_name(self, provider, calendar, hue):
        wanted = draft(colour=EventColour(hue))
        if Feature.SECONDARY_COLOURS not in provider.features:
            with pytest.raises(Unsupported, match="colour"):
                provider.create_event(calendar, wanted)
            assert self.listed(provider, calendar, span(2, 3)) == []
            return

        made = provider.create_event(calendar, wanted)

        assert made.colour.hue is hue
        assert provider.get_event(calendar, made.remote_id).colour == made.colour
        cleared = provider.update_event(calendar, made.remote_id, EventDraft(colour=None))
        assert cleared.colour is None

    def test_event_without_a_colour_has_none(self, provider, calendar):
        made = provider.create_event(calendar, draft(colour=None))

        assert made.colour is None
        # Taking away what is not there is no error on either.
        again = provider.update_event(calendar, made.remote_id, EventDraft(colour=None))
        assert (again.title, again.colour) == (made.title, None)

    # --- Kind ---

    @pytest.mark.parametrize(
        ("kind", "feature"),
        [
            (EventKind.OUT_OF_OFFICE, Feature.OUT_OF_OFFICE),
            (EventKind.FOCUS_TIME, Feature.FOCUS_TIME),
        ],
    )
    def test_kind_is_read_back_and_takes_time_or_is_refused(
        self, provider, calendar, kind, feature
    ):
        if feature not in provider.features:
            with pytest.raises(Unsupported):
                provider.create_event(calendar, draft(kind=kind, busy=True))
            assert self.listed(provider, calendar, span(2, 3)) == []
            return

        made = provider.create_event(calendar, draft(kind=kind, busy=True))

        read = provider.get_event(calendar, made.remote_id)
        assert (read.kind, read.is_busy) == (kind, True)
        assert self.busy(provider, [calendar], span(2, 3)) == [(at(2, 9), at(2, 10))]

    def test_kind_is_kept_when_something_else_changes(self, provider, calendar):
        made = provider.create_event(calendar, draft(kind=EventKind.OUT_OF_OFFICE))

        changed = provider.update_event(
            calendar, made.remote_id, EventDraft(title="Dentist", busy=True)
        )

        assert (changed.title, changed.kind, changed.is_busy) == (
            "Dentist",
            EventKind.OUT_OF_OFFICE,
            True,
        )

    def test_kind_changes_or_is_refused(self, provider, calendar):
        made = provider.create_event(calendar, draft())
        change = EventDraft(kind=EventKind.OUT_OF_OFFICE)

        if Feature.FIXED_KINDS in provider.features:
            with pytest.raises(Unsupported):
                provider.update_event(calendar, made.remote_id, change)
            assert provider.get_event(calendar, made.remote_id) == made
        else:
            changed = provider.update_event(calendar, made.remote_id, change)
            assert changed.kind is EventKind.OUT_OF_OFFICE
            back = provider.update_event(
                calendar, made.remote_id, EventDraft(kind=EventKind.NORMAL)
            )
            assert (back.kind, back.is_busy) == (EventKind.NORMAL, True)

    def test_working_elsewhere_takes_no_time(self, provider, calendar, seed):
        seed("Here", kind=self.ELSEWHERE)

        (event,) = self.listed(provider, calendar, span(2, 3))

        assert (event.kind, event.is_busy) == (EventKind.WORKING_LOCATION, False)
        assert self.busy(provider, [calendar], span(2, 3)) == []
        # Asked with something to ignore, the events themselves tell.
        taken = Span(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
        assert self.busy(provider, [calendar], taken, ignoring=frozenset({"x"})) == []
