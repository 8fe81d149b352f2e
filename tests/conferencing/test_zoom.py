"""Zoom's client against the sandbox, and its table of refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import responses
import time_machine

from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamConflict,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.secrets import Secret
from conferencing.zoom import (
    DailyLimit,
    RoomGone,
    ScopeMissing,
    ZoomClient,
    ZoomRoom,
    is_zoom_address,
)

API = "https://api.zoom.us/v2"
NINE = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Europe/Berlin"))
HOUR = timedelta(hours=1)


@pytest.fixture
def account(sandbox):
    return sandbox.store.add_account("zoom", email="ann@example.com", timezone="Europe/Berlin")


@pytest.fixture
def zoom(sandbox, settings, account):
    token = Secret(sandbox.store.token_for(account))
    return ZoomClient(token, api_url=settings.ZOOM_API_URL, time_limit=timedelta(seconds=5))


@pytest.fixture
def create(zoom):
    def make(**fields):
        given = {"topic": "Review", "start": NINE, "duration": HOUR, "timezone": "Europe/Berlin"}
        return zoom.create_meeting(**{**given, **fields})

    return make


def kept(sandbox, room):
    return sandbox.store.get("meeting", room.remote_id)


def test_account_is_identified(zoom, account):
    identity = zoom.identify()

    assert (identity.account_remote_id, identity.email) == (account["sub"], "ann@example.com")


def test_created_meeting_has_a_link_for_guests_and_never_the_hosts(sandbox, zoom, create):
    room = create(agenda="Numbers")

    assert room.join_url.startswith("https://")
    assert room.password
    assert "zak=" not in f"{room.join_url} {room!r}"
    assert room.password not in repr(room)
    assert zoom.get_meeting(room.remote_id) == room
    meeting = kept(sandbox, room)
    assert (meeting["start_time"], meeting["duration"]) == ("2026-03-02T08:00:00Z", 60)
    assert (meeting["topic"], meeting["agenda"]) == ("Review", "Numbers")
    assert meeting["timezone"] == "Europe/Berlin"


def test_number_beyond_32_bits_keeps_every_digit(create):
    assert int(create().remote_id) > 2**31


def test_long_texts_are_cut_to_what_zoom_takes(sandbox, create):
    room = create(topic="t" * 500, agenda="a" * 5000, duration=timedelta(seconds=10))

    meeting = kept(sandbox, room)
    assert (len(meeting["topic"]), len(meeting["agenda"])) == (200, 2000)
    assert meeting["duration"] == 1


def test_series_is_one_meeting_without_times(sandbox, create):
    meeting = kept(sandbox, create(is_series=True))

    assert (meeting["type"], meeting["start_time"]) == (3, None)


def test_update_changes_only_what_is_given(sandbox, zoom, create):
    room = create()

    zoom.update_meeting(room.remote_id, start=NINE + HOUR)

    meeting = kept(sandbox, room)
    assert (meeting["start_time"], meeting["duration"]) == ("2026-03-02T09:00:00Z", 60)
    assert meeting["topic"] == "Review"
    assert zoom.get_meeting(room.remote_id) == room


def test_update_of_everything(sandbox, zoom, create):
    room = create()

    zoom.update_meeting(
        room.remote_id,
        topic="New",
        start=NINE,
        duration=2 * HOUR,
        timezone="UTC",
    )

    meeting = kept(sandbox, room)
    assert (meeting["topic"], meeting["duration"], meeting["timezone"]) == ("New", 120, "UTC")


def test_update_of_nothing_sends_nothing(sandbox, zoom, create):
    room = create()

    zoom.update_meeting(room.remote_id)

    assert sandbox.calls("zoom.meetings.update") == []


def test_deleted_meeting_is_gone_and_deleting_again_is_a_success(zoom, create):
    room = create()

    zoom.delete_meeting(room.remote_id)
    zoom.delete_meeting(room.remote_id)

    with pytest.raises(RoomGone):
        zoom.get_meeting(room.remote_id)
    with pytest.raises(RoomGone):
        zoom.update_meeting(room.remote_id, topic="New")


@pytest.mark.parametrize("remote_id", ["", "../users/me", "12/34", "12?x=1", "-1", "١٢"])
def test_id_that_is_no_number_goes_nowhere(sandbox, zoom, remote_id):
    with pytest.raises(RoomGone):
        zoom.get_meeting(remote_id)
    zoom.delete_meeting(remote_id)

    assert sandbox.calls() == []


def test_daily_limit_says_when_it_ends(sandbox, create):
    sandbox.store.set_setting("zoom.daily_limit", 1)
    create()

    with pytest.raises(RateLimited) as caught:
        create()
    assert timedelta(0) < caught.value.retry_after <= timedelta(days=1)


def test_withdrawn_consent_means_reconnect(sandbox, account, create):
    sandbox.store.revoke(account)

    with pytest.raises(ReconnectNeeded):
        create()


def test_missing_scope_is_forbidden(sandbox, settings, account):
    token = Secret(sandbox.store.token_for(account, ["user:read:user"]))
    zoom = ZoomClient(token, api_url=settings.ZOOM_API_URL, time_limit=HOUR)

    with pytest.raises(UpstreamForbidden):
        zoom.create_meeting(topic="x", start=NINE, duration=HOUR, timezone="UTC")


def test_lost_answer_is_unavailable(sandbox, create):
    sandbox.fault("zoom.meetings.create", lost=True)

    with pytest.raises(UpstreamUnavailable) as caught:
        create()
    assert "Zoom" in caught.value.message


# --- Refusals ---


@pytest.fixture
def wire():
    return ZoomClient(Secret("t0ken"), api_url=API, time_limit=timedelta(seconds=5))


@responses.activate
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 124, ReconnectNeeded),
        (400, 124, ReconnectNeeded),
        (401, 200, UpstreamForbidden),
        (400, 201, UpstreamForbidden),
        (400, 300, Unsupported),
        (404, 300, RoomGone),
        (404, 1001, ReconnectNeeded),
        (400, 1010, ReconnectNeeded),
        (404, 3000, RoomGone),
        (404, 3001, RoomGone),
        (400, 3002, UpstreamConflict),
        (400, 3003, UpstreamForbidden),
        (400, 3007, RoomGone),
        (400, 4700, ScopeMissing),
        (401, 4711, ScopeMissing),
        (429, 429, RateLimited),
        (429, None, RateLimited),
        (403, None, UpstreamForbidden),
        (401, None, ReconnectNeeded),
        (404, None, RoomGone),
        (400, None, Unsupported),
        (409, None, UpstreamConflict),
        (500, None, UpstreamUnavailable),
        (503, "x", UpstreamUnavailable),
        (302, None, BadReply),
    ],
)
def test_code_is_known_by_the_reaction_it_needs(wire, status, code, error):
    body = {"code": code, "message": "words of Zoom"}
    responses.get(f"{API}/meetings/1", status=status, json=body)

    with pytest.raises(error) as caught:
        wire.get_meeting("1")

    assert type(caught.value) is error
    assert "words of Zoom" not in str(caught.value)


@responses.activate
def test_daily_limits_datetime_is_a_wait(wire):
    soon = datetime.now(UTC) + timedelta(hours=2)
    headers = {"Retry-After": f"{soon:%Y-%m-%dT%H:%M:%SZ}"}
    responses.get(f"{API}/meetings/1", status=429, json={"code": 429}, headers=headers)

    with pytest.raises(RateLimited) as caught:
        wire.get_meeting("1")
    assert timedelta(hours=1) < caught.value.retry_after <= timedelta(hours=2)


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{}",
        '{"id": "1", "join_url": "https://z/1"}',
        '{"id": true, "join_url": "https://z/1"}',
        '{"id": 1}',
        '{"id": 1, "join_url": 7}',
        '{"id": 1, "join_url": "https://zoom.us@other.example/j/1"}',
        '{"id": 1, "join_url": "https://zoom.us/j/1\\"><b>"}',
        '{"id": 1, "join_url": "https://z/1", "password": 7}',
        "<html>",
    ],
)
def test_nonsense_is_a_bad_reply(wire, body):
    responses.get(f"{API}/meetings/1", body=body)
    responses.get(f"{API}/users/me", body=body)

    with pytest.raises(BadReply):
        wire.get_meeting("1")
    with pytest.raises(BadReply):
        wire.identify()


@responses.activate
def test_meeting_without_a_password_has_none(wire):
    responses.get(f"{API}/meetings/1", json={"id": 1, "join_url": "https://z/1"})

    assert wire.get_meeting("1") == ZoomRoom("1", "https://z/1")


@pytest.mark.parametrize("tells_reset", ["yes", "no"])
def test_daily_limit_lasts_until_midnight_in_utc_whether_zoom_says_so_or_not(
    zoom, create, sandbox, tells_reset
):
    sandbox.store.set_setting("zoom.daily_limit", 0)
    sandbox.store.set_setting("zoom.tells_reset", tells_reset)
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False), pytest.raises(DailyLimit) as caught:
        create()
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert abs(now + caught.value.retry_after - midnight) < timedelta(minutes=1)


def test_limit_by_the_second_is_no_daily_one(create, sandbox):
    sandbox.store.set_setting("zoom.qps", 1)
    with time_machine.travel(datetime.now(UTC), tick=False):
        create()
        with pytest.raises(RateLimited) as caught:
            create()
    assert type(caught.value) is RateLimited
    assert caught.value.retry_after is None


def test_meetings_are_listed_whole_whatever_the_page(zoom, create, sandbox):
    made = {create(is_series=True).remote_id for _ in range(7)}
    sandbox.store.set_setting("zoom.page_size", 3)
    assert {one.remote_id for one in zoom.list_meetings()} == made


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"meetings": "none"},
        {"meetings": ["x"]},
        {"meetings": [{"id": 1}]},
        {"meetings": [{"id": 1, "join_url": "https://zoom.us/j/1", "agenda": 7}]},
        {"meetings": [], "next_page_token": 7},
        {"meetings": [], "next_page_token": "for ever"},
    ],
)
@responses.activate
def test_list_of_another_shape_is_no_empty_list(wire, body):
    responses.get(f"{API}/users/me/meetings", json=body)
    with pytest.raises(BadReply):
        list(wire.list_meetings())


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("It does not contain scopes:[meeting:write:meeting].", "meeting:write:meeting is"),
        (
            "does not contain scopes:[meeting:read, meeting:read:list_meetings:admin]",
            "list_meetings",
        ),
        ("You lack something", ""),
    ],
)
@responses.activate
def test_missing_scope_is_named(wire, message, named):
    responses.get(f"{API}/meetings/1", status=400, json={"code": 4711, "message": message})
    with pytest.raises(ScopeMissing) as caught:
        wire.get_meeting("1")
    assert named in caught.value.message
    assert "Connect Zoom again and allow it." in caught.value.message
    assert "does not contain" not in caught.value.message


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://zoom.us/j/1", True),
        ("https://company.zoom.us/my/room", True),
        ("https://zoom.com/j/1", True),
        ("http://stand-in.example:8100/j/1", True),
        ("http://stand-in.example:8101/j/1", False),
        ("https://notzoom.us/j/1", False),
        ("https://zoom.us@evil.example/j/1", False),
        ("https://zoom.us\\.evil.example/j/1", False),
        ("javascript://zoom.us/%0aalert(1)", False),
        ("https:///j/1", False),
        ("", False),
    ],
)
def test_addresses_at_zoom_are_told_from_others(address, is_one):
    assert is_zoom_address(address, "http://stand-in.example:8100/v2") is is_one
