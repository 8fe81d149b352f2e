"""What an event's conference owes us."""

from __future__ import annotations

import pytest

from calendars.enums import ConferenceState
from calendars.providers.base import EventDraft
from common.errors import (
    Unsupported,
)
from conferencing.enums import Conference
from tests.calendars.providers.contract_base import (
    ZOOM_URL,
    ProviderBase,
    at,
    draft,
    span,
)


class ConferenceContract(ProviderBase):
    # --- Conferences ---

    def test_native_conference_has_a_link_once_it_is_ready(self, provider, calendar):
        made = provider.create_event(calendar, draft(conference=provider.native_conference))

        read = provider.get_event(calendar, made.remote_id).conference

        assert made.conference.kind is read.kind is provider.native_conference
        assert made.conference.state in {ConferenceState.PENDING, ConferenceState.READY}
        assert read.state is ConferenceState.READY
        assert read.url.startswith("https://")

    def test_native_conference_survives_every_other_change(self, provider, calendar):
        kind = provider.native_conference
        made = provider.create_event(calendar, draft(conference=kind, description="Old text"))
        link = provider.get_event(calendar, made.remote_id).conference
        changes = [
            EventDraft(title="New"),
            EventDraft(description="New text\nwith <lines>"),
            EventDraft(start=at(3, 9), end=at(3, 10)),
            EventDraft(conference=kind, title="Again"),
            EventDraft(description="Newest text", conference=kind),
        ]

        for changed in changes:
            provider.update_event(calendar, made.remote_id, changed)
            assert provider.get_event(calendar, made.remote_id).conference == link

        assert provider.get_event(calendar, made.remote_id).description == "Newest text"

    def test_native_conference_is_added_later(self, provider, calendar, seed):
        remote_id = seed(description="Text")

        provider.update_event(
            calendar, remote_id, EventDraft(conference=provider.native_conference)
        )

        event = provider.get_event(calendar, remote_id)
        assert event.conference.state is ConferenceState.READY
        assert event.description == "Text"

    def test_foreign_conference_is_refused(self, provider, calendar, seed):
        foreign = {Conference.MEET, Conference.TEAMS} - {provider.native_conference}
        remote_id = seed()

        for kind in (*foreign, Conference.AUTO):
            with pytest.raises(Unsupported):
                provider.create_event(calendar, draft(conference=kind))
            with pytest.raises(Unsupported):
                provider.update_event(calendar, remote_id, EventDraft(conference=kind))
        assert len(self.listed(provider, calendar, span(2, 3))) == 1

    def test_zoom_link_stands_in_location_and_text(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(description="Agenda", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        read = provider.get_event(calendar, made.remote_id)

        assert read.location == ZOOM_URL
        assert read.description == f"Agenda\n\nJoin with Zoom: {ZOOM_URL}"
        assert (read.conference.kind, read.conference.url) == (Conference.ZOOM, ZOOM_URL)
        assert read.conference.state is ConferenceState.READY

    def test_zoom_link_leaves_a_place_where_it_is(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(location="Room 4", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        assert made.location == "Room 4"
        assert made.conference.url == ZOOM_URL

    def test_link_of_ours_is_added_to_an_event_and_the_native_one_stays(self, provider, calendar):
        kind = provider.native_conference
        made = provider.create_event(calendar, draft(conference=kind, description="Agenda"))
        room = "https://meridian.example/join/abc"

        provider.update_event(calendar, made.remote_id, EventDraft(conference_url=room))

        read = provider.get_event(calendar, made.remote_id)
        assert (read.location, read.description) == (room, f"Agenda\n\nJoin: {room}")
        assert read.conference.kind is kind

    def test_zoom_link_goes_when_the_conference_does(self, provider, calendar):
        made = provider.create_event(
            calendar,
            draft(description="Agenda", conference=Conference.ZOOM, conference_url=ZOOM_URL),
        )

        read = provider.update_event(
            calendar, made.remote_id, EventDraft(conference=Conference.NONE)
        )

        assert (read.location, read.description, read.conference) == ("", "Agenda", None)

    def test_conference_of_another_event_is_shared_or_one_of_its_kind(self, provider, calendar):
        first = provider.create_event(calendar, draft(conference=provider.native_conference))
        first = provider.get_event(calendar, first.remote_id)

        second = provider.create_event(
            calendar, draft(copy_conference_of=first.remote_id, idempotency_key="c0" * 16)
        )

        second = provider.get_event(calendar, second.remote_id)
        assert second.conference.kind is provider.native_conference
        assert second.conference.state is ConferenceState.READY
        shares = provider.native_conference is Conference.MEET
        assert (second.conference.url == first.conference.url) is shares

    def test_no_conference_to_copy_is_none(self, provider, calendar, seed):
        made = provider.create_event(
            calendar, draft(copy_conference_of=seed(), idempotency_key="c1" * 16)
        )

        assert made.conference is None
