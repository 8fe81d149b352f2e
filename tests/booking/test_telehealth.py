"""A telehealth room for a meeting booked through a link: shown and mailed first, in both modes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.core import mail
from django.test import Client as Browser
from livekit.api import TokenVerifier

from booking.enums import MeetingState, MessageKind
from booking.owners import tables_for
from booking.services import rooms as meeting_rooms
from booking.services.delivery import create_calendar_event, run_now
from booking.tokens import manage_token
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services import events
from calendars.services.connections import choose_booking_calendar, disconnect
from common.enums import OutboxState
from conferencing.enums import Conference, EntrantKind, LinkKind
from conferencing.models import TelehealthJoin, TelehealthRoom
from conferencing.telehealth.door import Door, standing_of
from conferencing.telehealth.links import join_url, links_in
from tests.booking.conftest import NINE, book, deliver_all, make_link
from tests.booking.test_delivery import parts_of, to

pytestmark = pytest.mark.django_db

HALF_HOUR = timedelta(minutes=30)


@pytest.fixture
def clinic(workspace, clock, sandbox):
    workspace.telehealth_enabled = True
    workspace.save()
    return workspace


@pytest.fixture
def connection(clinic, connect, owner, sandbox):
    sandbox.store.set_setting("meet", {"mode": "immediate"})
    return connect(owner, "google")


@pytest.fixture
def link(owner, clinic):
    return make_link(owner, conference="auto")


def now():
    return datetime.now(UTC)


def fresh(meeting):
    return tables_for(meeting).meetings().get(pk=meeting.pk)


def room_of(meeting):
    return TelehealthRoom.objects.get(pk=meeting.room_id)


def door(meeting, at=None):
    return standing_of(room_of(meeting), EntrantKind.BOOKER, at or now()).door


def kinds_in(text):
    return {found.kind for _, found in links_in(text)}


def test_meeting_has_its_room_at_once_and_its_event_carries_the_link(link, connection, sandbox):
    meeting = book(link)
    assert door(meeting, NINE) is Door.OPEN
    deliver_all()

    meeting = fresh(meeting)
    event = Event.objects.get()
    assert event.room_id == meeting.room_id
    (held,) = sandbox.events(connection)
    assert join_url(meeting.room_id) in held["body"]["description"]
    assert meeting.conference_url == event.conference_url != ""
    assert door(meeting, NINE) is Door.OPEN
    assert TelehealthRoom.objects.count() == 1


def test_mails_and_calendar_file_have_our_link_first_and_the_other_as_fall_back(
    link, connection, owner
):
    meeting = book(link)
    deliver_all()
    meeting = fresh(meeting)

    ours = join_url(meeting.room_id, LinkKind.BOOKER)
    (confirmation,) = to("ann@tallship.example")
    parts = parts_of(confirmation)
    text, html, ics = parts["text/plain"], parts["text/html"], parts["ics"]
    assert f"Where: {ours}" in text
    assert f"If that does not open: {meeting.conference_url}" in text
    assert text.index(ours) < text.index(meeting.conference_url)
    assert f"Join the meeting: {ours}" in text
    assert html.index(ours) < html.index(meeting.conference_url)
    assert (ics["location"], ics["url"], ics["conference"]) == (ours, ours, ours)
    assert meeting.conference_url in ics["description"]
    assert kinds_in(text + html + str(ics["description"])) == {LinkKind.BOOKER}
    notices = to(owner.notice_email)
    assert len(notices) == bool(owner.notice_email)
    for notice in notices:
        said = parts_of(notice)
        assert kinds_in(said["text/plain"] + said["text/html"]) == {LinkKind.OWNER}


def test_confirmation_page_shows_our_link_first(link, connection):
    meeting = book(link)
    page = f"/book/intro/done/{manage_token(meeting.pk)}"
    ours = join_url(meeting.room_id, LinkKind.BOOKER)
    assert ours in Browser().get(page).text
    deliver_all()
    text = Browser().get(page).text
    assert text.index(ours) < text.index(fresh(meeting).conference_url)
    assert "If that does not open" in text
    assert "Opens 15 minutes before the start" in text


def test_booker_enters_with_the_name_they_gave(link, connection, clock, settings):
    meeting = book(link)
    deliver_all()
    clock.move_to(NINE)
    page = join_url(meeting.room_id, LinkKind.BOOKER).removeprefix(settings.PUBLIC_URL)
    text = Browser().get(page).text
    assert 'value="Ann Other"' in text
    assert "03:00" in text
    answer = Browser().post(page, {"name": "Ann Other"})
    assert answer.status_code == 303
    token = parse_qs(answer.url.partition("#")[2])["token"][0]
    claims = TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET).verify(token)
    assert (claims.name, claims.video.room) == ("Ann Other", room_of(meeting).name)


def test_owner_without_a_calendar_meets_in_the_room_alone(link, clinic):
    meeting = book(link)
    deliver_all()
    meeting = fresh(meeting)
    assert meeting.calendar_event_id is None
    assert door(meeting, NINE) is Door.OPEN
    (confirmation,) = to("ann@tallship.example")
    text = parts_of(confirmation)["text/plain"]
    assert join_url(meeting.room_id, LinkKind.BOOKER) in text
    assert "does not open" not in text


@pytest.mark.parametrize("mode", ["failure", "never"])
def test_provider_that_makes_no_link_brings_no_mail_about_it(
    link, connection, sandbox, clock, mode
):
    """Who has our link knows how to join."""
    sandbox.store.set_setting("meet", {"mode": mode})
    meeting = book(link)
    deliver_all()
    clock.shift(timedelta(minutes=2))
    deliver_all()
    clock.shift(timedelta(minutes=20))
    deliver_all()
    (confirmation,) = to("ann@tallship.example")
    text = parts_of(confirmation)["text/plain"]
    assert join_url(meeting.room_id, LinkKind.BOOKER) in text
    assert "second mail" not in text
    assert "could not be made" not in text


def test_link_without_conferencing_gets_no_room(owner, connection):
    meeting = book(make_link(owner, conference="none"))
    deliver_all()
    assert fresh(meeting).room_id is None
    assert not TelehealthRoom.objects.exists()


def test_workspace_without_telehealth_gets_no_room(link, clinic, connection):
    clinic.telehealth_enabled = False
    clinic.save()
    meeting = book(link)
    deliver_all()
    meeting = fresh(meeting)
    assert meeting.room_id is None
    assert f"Where: {meeting.conference_url}" in parts_of(mail.outbox[0])["text/plain"]


def test_request_has_no_room_before_it_is_confirmed(owner, clinic):
    link = make_link(owner, conference="auto", requires_approval=True)
    meeting = book(link)
    assert (meeting.state, meeting.room_id) == (MeetingState.REQUESTED, None)
    type(meeting).objects.filter(pk=meeting.pk).update(state=MeetingState.CONFIRMED)
    create_calendar_event(meeting=fresh(meeting), now=now())
    assert door(fresh(meeting), NINE) is Door.OPEN


def test_event_that_moves_takes_the_meetings_room_along(link, connection, actor):
    meeting = book(link)
    deliver_all()
    event = Event.objects.select_related("calendar__workspace").get()
    later = NINE + timedelta(hours=3)
    events.update_event(
        event=event, draft=EventDraft(start=later, end=later + HALF_HOUR), actor=actor
    )
    assert door(meeting, NINE) is Door.EARLY
    assert door(meeting, later) is Door.OPEN


def test_event_that_is_deleted_calls_the_meetings_room_off(link, connection, actor):
    meeting = book(link)
    deliver_all()
    event = Event.objects.select_related("calendar__workspace").get()
    events.delete_event(event=event, actor=actor)
    assert door(meeting, NINE) is Door.OFF


@pytest.mark.parametrize("has_event", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_meeting_that_is_cancelled_closes_the_room(
    request, link, clinic, clock, settings, has_event, told
):
    """Also before anybody told the room, and whatever the event still says."""
    if has_event:
        request.getfixturevalue("connection")
    meeting = book(link)
    deliver_all()
    meeting = fresh(meeting)
    clock.move_to(NINE)
    assert door(meeting) is Door.OPEN
    type(meeting).objects.filter(pk=meeting.pk).update(state=MeetingState.CANCELLED)
    if told:
        meeting_rooms.follow(meeting)
    page = join_url(meeting.room_id, LinkKind.BOOKER).removeprefix(settings.PUBLIC_URL)
    answer = Browser().post(page, {"name": "Ann"})
    assert answer.status_code == 409
    assert "This meeting was called off." in answer.text
    assert not TelehealthJoin.objects.exists()


def test_meeting_that_is_moved_moves_the_room(link, clinic):
    meeting = book(link)
    later = NINE + timedelta(hours=3)
    type(meeting).objects.filter(pk=meeting.pk).update(start_at=later, end_at=later + HALF_HOUR)
    meeting_rooms.follow(meeting)
    assert room_of(meeting).start_at == later
    assert room_of(meeting).moved_from_at == NINE
    assert door(meeting, later) is Door.OPEN


def test_member_enters_a_meeting_as_its_host(link, connection, sign_in, alice, clock, settings):
    meeting = book(link)
    deliver_all()
    clock.move_to(NINE)
    browser = sign_in(alice)
    detail = browser.get(f"/meetings/{meeting.pk}").text
    assert f'action="/meetings/{meeting.pk}/join"' in detail
    assert "If that does not open" in detail
    assert "Telehealth room" in browser.get("/meetings").text
    answer = browser.post(f"/meetings/{meeting.pk}/join")
    assert answer.status_code == 303
    token = parse_qs(answer.url.partition("#")[2])["token"][0]
    claims = TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET).verify(token)
    assert (claims.name, claims.video.room_admin) == ("Alice", True)
    assert TelehealthJoin.objects.get().user_id == alice.pk
    assert Browser().post(f"/meetings/{meeting.pk}/join").status_code == 302


def test_meeting_without_a_room_has_no_door(owner, clinic, sign_in, alice):
    meeting = book(make_link(owner, conference="none"))
    browser = sign_in(alice)
    assert browser.get(f"/meetings/{meeting.pk}/join").status_code == 404
    assert "Telehealth" not in browser.get(f"/meetings/{meeting.pk}").text.partition("<main")[2]


def event_of(meeting):
    return Event.objects.select_related("calendar__workspace").get(
        pk=fresh(meeting).calendar_event_id
    )


def test_event_that_lost_the_link_leaves_the_guest_their_room(
    link, connection, sandbox, copy_events
):
    """Somebody tidied the text at the provider; the meeting stands, as does what was mailed."""
    meeting = book(link)
    deliver_all()
    (held,) = sandbox.events(connection)
    later = NINE + timedelta(hours=3)
    span = {
        name: {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}Z", "timeZone": "UTC"}
        for name, at in (("start", later), ("end", later + HALF_HOUR))
    }
    sandbox.store.change_event(
        sandbox.calendar(connection),
        held["body"]["id"],
        {"description": "", "location": "", **span},
    )
    copy_events(connection)
    event = event_of(meeting)
    assert (event.room_id, event.start_at) == (None, later)
    standing = standing_of(room_of(meeting), EntrantKind.BOOKER, later)
    assert (standing.door, standing.start_at) == (Door.OPEN, later)
    assert standing.fallback_url == event.conference_url != ""
    assert door(meeting, NINE) is Door.EARLY


def test_guest_who_quotes_the_link_of_a_former_meeting_meets_in_the_new_room(
    link, connection, actor
):
    first = book(link)
    deliver_all()
    former = join_url(first.room_id, LinkKind.BOOKER)
    message = f"We last met at {former}\nJoin: {former}\nThe same again?"
    meeting = book(link, start=NINE + timedelta(hours=2), message=message)
    deliver_all()
    assert meeting.room_id != first.room_id
    assert event_of(meeting).room_id == meeting.room_id
    assert (room_of(first).start_at, door(first, meeting.start_at)) == (NINE, Door.LATE)
    events.update_event(event=event_of(meeting), draft=EventDraft(title="Again"), actor=actor)
    assert event_of(meeting).room_id == meeting.room_id


def test_guest_opens_no_room_by_quoting_its_link_where_they_get_none(owner, link, connection):
    first = book(link)
    deliver_all()
    plain = make_link(owner, slug="plain", conference="none")
    former = join_url(first.room_id, LinkKind.BOOKER)
    meeting = book(plain, start=NINE + timedelta(hours=2), message=f"As in {former}, please.")
    deliver_all()
    event = event_of(meeting)
    assert event.room_id is None
    assert "/join/\u2026, please." in event.description
    assert (room_of(first).start_at, door(first, meeting.start_at)) == (NINE, Door.LATE)


def test_link_that_was_taken_off_and_chosen_anew_leaves_the_guest_their_room(
    link, connection, actor
):
    meeting = book(link)
    deliver_all()
    for wanted in (Conference.NONE, Conference.MEET):
        draft = EventDraft(conference=wanted)
        events.update_event(event=event_of(meeting), draft=draft, actor=actor)
        assert door(meeting, NINE) is Door.OPEN


def test_event_made_on_another_account_in_the_end_speaks_for_the_room(
    link, connection, connect, owner, sandbox, actor
):
    sandbox.fault("google.events.insert", status=403)
    meeting = book(link)
    deliver_all()
    assert fresh(meeting).calendar_event_id is None
    other = connect(owner, "outlook")
    connection.calendars.update(gone_at=now())
    choose_booking_calendar(owner=owner, calendar=other.calendars.get(is_primary=True))
    assert run_now(fresh(meeting), MessageKind.CALENDAR_EVENT) == OutboxState.SENT
    event = event_of(meeting)
    assert event.calendar.connection == other
    later = NINE + timedelta(hours=3)
    events.update_event(
        event=event, draft=EventDraft(start=later, end=later + HALF_HOUR), actor=actor
    )
    assert door(meeting, later) is Door.OPEN


def test_guest_keeps_the_other_link_when_the_calendar_is_disconnected(link, connection, actor):
    meeting = book(link)
    deliver_all()
    disconnect(connection=connection, actor=actor)
    standing = standing_of(room_of(meeting), EntrantKind.BOOKER, NINE)
    assert standing.door is Door.OPEN
    assert standing.fallback_url == fresh(meeting).conference_url != ""
