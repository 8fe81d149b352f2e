"""LiveKit's client against the sandbox, its refusals, and tokens as the official SDK reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import jwt
import pytest
import responses
import time_machine
from google.protobuf import json_format
from livekit.api import TokenVerifier
from livekit.protocol import room as protocol
from requests.exceptions import ConnectionError as NoConnection

from common.errors import BadReply, RateLimited, Unsupported, UpstreamForbidden, UpstreamUnavailable
from common.secrets import Secret
from conferencing.livekit import (
    ENTER_WITHIN,
    Entrant,
    LiveKitClient,
    LiveKitServer,
    configured_server,
    entry_token,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LIMIT = timedelta(seconds=5)
SECRET = "s" * 40
SERVER = LiveKitServer(
    "wss://video.example", "APIkey", Secret(SECRET), "https://meet.example/#{url}&{token}"
)
SERVICE = "https://video.example/twirp/livekit.RoomService"
ANN = Entrant("guest-1", "Ann Other")


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def livekit(sandbox):
    return LiveKitClient(configured_server(), now=datetime.now(UTC), time_limit=LIMIT)


def verified(token):
    return TokenVerifier(SERVER.key, SECRET).verify(token.reveal())


# --- Tokens ---


def test_entry_token_is_what_the_official_verifier_expects(clock):
    claims = verified(entry_token(SERVER, room="th-1", who=ANN, now=NOW))

    assert (claims.identity, claims.name) == ("guest-1", "Ann Other")
    video = claims.video
    assert (video.room_join, video.room) == (True, "th-1")
    assert (video.can_publish, video.can_subscribe, video.can_publish_data) == (True,) * 3
    too_much = (video.room_admin, video.room_create, video.room_list, video.room_record)
    assert not any(too_much)


def test_only_the_host_administers_the_room(clock):
    token = entry_token(SERVER, room="th-1", who=Entrant("staff-1", "Ines", is_host=True), now=NOW)
    assert verified(token).video.room_admin is True


def test_entry_token_opens_the_door_for_minutes_only(clock):
    token = entry_token(SERVER, room="th-1", who=ANN, now=NOW)
    assert timedelta(0) < ENTER_WITHIN <= timedelta(minutes=10)

    clock.shift(ENTER_WITHIN - timedelta(seconds=1))
    assert verified(token).video.room == "th-1"
    # The verifier allows for a minute between clocks.
    clock.shift(timedelta(seconds=62))
    with pytest.raises(jwt.ExpiredSignatureError):
        verified(token)


def test_token_of_another_key_or_secret_is_refused(clock):
    token = entry_token(SERVER, room="th-1", who=ANN, now=NOW).reveal()
    with pytest.raises(jwt.InvalidSignatureError):
        TokenVerifier(SERVER.key, "t" * 40).verify(token)
    with pytest.raises(jwt.InvalidIssuerError):
        TokenVerifier("APIother", SECRET).verify(token)


def test_page_has_server_and_token_behind_the_sign_that_no_server_sees(clock):
    token = entry_token(SERVER, room="th-1", who=ANN, now=NOW)
    page = SERVER.page_for(token)

    before, _, behind = page.reveal().partition("#")
    assert before == "https://meet.example/"
    assert behind == f"wss%3A%2F%2Fvideo.example&{token.reveal()}"
    assert token.reveal() not in f"{page!r} {page}"


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("wss://video.example", "https://video.example"),
        ("ws://127.0.0.1:7880/", "http://127.0.0.1:7880"),
        ("https://video.example", "https://video.example"),
    ],
)
def test_api_is_reached_by_http_whatever_the_address_says(url, api):
    assert LiveKitServer(url, "k", Secret("s"), "").api_url == api


@pytest.mark.parametrize(
    "missing",
    ["LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_MEETING_URL"],
)
def test_server_with_a_part_missing_is_none(sandbox, settings, missing):
    assert configured_server() is not None
    setattr(settings, missing, "")
    assert configured_server() is None


def test_meeting_page_without_a_place_for_the_token_is_none(sandbox, settings):
    settings.LIVEKIT_MEETING_URL = "https://meet.example/"
    assert configured_server() is None


# --- Rooms ---


def test_room_is_made_once_and_deleted_for_good(livekit):
    livekit.ensure_room("th-1", empty_for=timedelta(minutes=10))
    livekit.ensure_room("th-1", empty_for=timedelta(minutes=10))
    livekit.ensure_room("th-2", empty_for=timedelta(minutes=10))
    assert sorted(livekit.room_names()) == ["th-1", "th-2"]

    livekit.delete_room("th-1")
    livekit.delete_room("th-1")
    assert livekit.room_names() == ["th-2"]


def test_empty_room_is_gone_after_its_time(sandbox, livekit):
    livekit.ensure_room("th-1", empty_for=timedelta(minutes=10))
    sandbox.store.advance(601)
    assert livekit.room_names() == []


@responses.activate
def test_calls_are_what_the_protocol_and_its_verifier_accept(clock):
    sent = []

    def answer(request):
        sent.append(request)
        return 200, {}, '{"name": "th-1", "sid": "RM_1", "creation_time": "1763629200"}'

    for method in ("CreateRoom", "DeleteRoom", "ListRooms"):
        responses.add_callback("POST", f"{SERVICE}/{method}", answer)
    client = LiveKitClient(SERVER, now=NOW, time_limit=LIMIT)
    client.ensure_room("th-1", empty_for=timedelta(minutes=40))
    client.delete_room("th-1")
    client.room_names()

    grants = []
    for request in sent:
        assert request.headers["Content-Type"] == "application/json"
        kind, _, token = request.headers["Authorization"].partition(" ")
        assert kind == "Bearer"
        claims = TokenVerifier(SERVER.key, SECRET).verify(token)
        grants.append((claims.video.room_create, claims.video.room_list, claims.video.room_join))
        assert not claims.identity
    assert [bool(create) for create, _, _ in grants] == [True, True, False]
    assert [bool(listing) for _, listing, _ in grants] == [False, False, True]
    assert not any(join for _, _, join in grants)
    create, delete, listing = (request.body for request in sent)
    made = json_format.Parse(create, protocol.CreateRoomRequest())
    assert (made.name, made.empty_timeout, made.metadata) == ("th-1", 2400, "")
    assert json_format.Parse(delete, protocol.DeleteRoomRequest()).room == "th-1"
    assert json_format.Parse(listing, protocol.ListRoomsRequest()) == protocol.ListRoomsRequest()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, "unauthenticated", UpstreamForbidden),
        (403, "permission_denied", UpstreamForbidden),
        (429, "resource_exhausted", RateLimited),
        (503, "unavailable", UpstreamUnavailable),
        (500, "internal", UpstreamUnavailable),
        (408, "deadline_exceeded", UpstreamUnavailable),
        (400, "invalid_argument", Unsupported),
        (404, "bad_route", BadReply),
    ],
)
def test_refusal_by_twirps_code(sandbox, livekit, status, code, error):
    sandbox.fault("livekit.rooms.create", status=status, reason=code, message="secret words")
    with pytest.raises(error) as refused:
        livekit.ensure_room("th-1", empty_for=LIMIT)
    assert type(refused.value) is error
    assert "secret words" not in refused.value.message
    assert "LiveKit" in refused.value.message


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, UpstreamForbidden), (404, BadReply), (502, UpstreamUnavailable), (418, BadReply)],
)
def test_refusal_that_is_not_twirps_by_its_status(sandbox, livekit, status, error):
    sandbox.fault("livekit.rooms.delete", status=status, body="<h1>proxy</h1>")
    with pytest.raises(error) as refused:
        livekit.delete_room("th-1")
    assert type(refused.value) is error


@pytest.mark.parametrize("body", ["", "[]", '{"name": 3}', '{"name": "th-other"}', "<p>hello</p>"])
def test_nonsense_is_a_reply_that_cannot_be_read(sandbox, livekit, body):
    sandbox.fault("livekit.rooms.create", body=body)
    with pytest.raises(BadReply):
        livekit.ensure_room("th-1", empty_for=LIMIT)


@responses.activate
def test_nobody_there_is_unavailable_and_tells_no_token():
    responses.add("POST", re.compile(re.escape(SERVICE)), body=NoConnection("refused"))
    with pytest.raises(UpstreamUnavailable) as refused:
        LiveKitClient(SERVER, now=NOW, time_limit=LIMIT).room_names()
    assert refused.value.__context__ is None


# --- The sandbox is no kinder than LiveKit ---


def twirp(sandbox, method, body, token):
    session = LiveKitClient(configured_server(), now=datetime.now(UTC), time_limit=LIMIT)._session
    url = f"{configured_server().api_url}/twirp/livekit.RoomService/{method}"
    return session.send("POST", url, json=body, token=Secret(token))


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"video": {"roomCreate": True}}, 200),
        ({"video": {"roomList": True}}, 403),
        ({"video": {"roomJoin": True, "room": "th-1"}}, 403),
        ({"video": {"roomCreate": True}, "exp": 1}, 401),
        ({"video": {"roomCreate": True}, "iss": "APIother"}, 401),
        ({}, 401),
    ],
)
def test_sandbox_checks_the_callers_token(sandbox, settings, claims, status):
    given = {"iss": settings.LIVEKIT_API_KEY, "exp": 4_000_000_000, **claims}
    token = jwt.encode(given, settings.LIVEKIT_API_SECRET, algorithm="HS256")
    answer = twirp(sandbox, "CreateRoom", {"name": "th-1", "emptyTimeout": 60}, token)
    assert answer.status == status
    forged = jwt.encode(given, "f" * 40, algorithm="HS256")
    assert twirp(sandbox, "CreateRoom", {"name": "th-1"}, forged).status == 401
