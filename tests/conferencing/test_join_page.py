"""The page behind a join link: when it lets in, whom, and what it says otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
import responses
from django.test import Client as Browser
from livekit.api import TokenVerifier
from requests.exceptions import ConnectionError as NoConnection

from common import http
from conferencing.enums import EntrantKind, LinkKind
from conferencing.models import TelehealthJoin
from conferencing.telehealth import door, rooms
from conferencing.telehealth.links import join_token
from conferencing.telehealth.sittings import Sitting
from tests.conferencing.conftest import HOUR, MINUTE, NOW
from tests.conftest import SANDBOX_URL

START = NOW + HOUR


@pytest.fixture
def page(room):
    return f"/join/{join_token(room.pk, LinkKind.GUEST)}"


@pytest.fixture
def open_page(page, clock):
    clock.move_to(START)
    return page


def press(address, name="Ann Other", **headers):
    return Browser(enforce_csrf_checks=True).post(address, {"name": name}, headers=headers)


def claims_in(answer, settings):
    """What the official verifier reads in the token behind the `#`."""
    behind = parse_qs(answer.url.partition("#")[2])
    verifier = TokenVerifier(settings.LIVEKIT_API_KEY, settings.LIVEKIT_API_SECRET)
    return verifier.verify(behind["token"][0])


# --- Letting in ---


def test_guest_enters_as_they_call_themselves(open_page, room, settings):
    answer = press(open_page, "  Ann   Other ")

    assert answer.status_code == 303
    assert answer.url.startswith(f"{SANDBOX_URL}/livekit/room#url=")
    claims = claims_in(answer, settings)
    assert (claims.name, claims.video.room) == ("Ann Other", room.name)
    assert claims.identity.startswith("guest-")
    assert not claims.video.room_admin
    entered = TelehealthJoin.objects.get()
    assert (entered.room_id, entered.kind, entered.user_id) == (room.pk, EntrantKind.GUEST, None)


def test_two_guests_of_one_link_are_two_people(open_page, settings):
    first, second = (claims_in(press(open_page), settings).identity for _ in range(2))
    assert first != second


@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete"])
def test_whatever_only_looks_opens_nothing(open_page, sandbox, method):
    answer = getattr(Browser(), method)(open_page)
    assert answer.status_code in {200, 405}
    assert not TelehealthJoin.objects.exists()
    assert sandbox.calls("livekit.rooms.create") == []
    assert "token=" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("method", ["get", "post"])
def test_page_is_kept_by_nobody_and_tells_nobody(open_page, method):
    answer = getattr(Browser(), method)(open_page, {"name": "Ann"})
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"].startswith("noindex")


def test_page_says_when_and_for_whom_and_nothing_else(open_page, workspace):
    text = Browser().get(open_page).text
    assert workspace.name in text
    assert "Wednesday 18 November 2026" in text
    assert "10:00\u201311:00" in text
    assert "Dublin (GMT)" in text
    assert str(workspace.pk) not in text


def test_form_may_lead_to_the_meeting_page(open_page, settings):
    from common.environment import origin_of

    assert origin_of(settings.LIVEKIT_MEETING_URL) == SANDBOX_URL
    assert origin_of("https://meet.example:8443/room#token={token}") == "https://meet.example:8443"
    assert origin_of("javascript:alert(1)") == origin_of("") == origin_of("http://[") == ""


@pytest.mark.parametrize("name", ["\U0001f600" * 60, "Zoë O'Brien-Šimková", "王小明"])
def test_name_of_any_script_is_read_by_the_others(open_page, name, settings):
    assert claims_in(press(open_page, name), settings).name == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "Ann\x00", "Ann\u202eOther"])
def test_name_that_is_none_is_asked_for_again(open_page, name, sandbox):
    answer = press(open_page, name)
    assert answer.status_code == 422
    assert "Give a name" in answer.text
    assert not TelehealthJoin.objects.exists()


def test_personal_link_proposes_the_name_and_speaks_of_the_booker_zone(room, times, clock):
    sitting = Sitting(
        room.pk, START, START + HOUR, booker_name="Ann <Other>", owner_name="Ines",
        zone="America/New_York",
    )  # fmt: skip
    times.say(room, sitting)
    clock.move_to(START)
    texts = {kind: Browser().get(f"/join/{join_token(room.pk, kind)}").text for kind in LinkKind}
    assert 'value="Ann &lt;Other&gt;"' in texts[LinkKind.BOOKER]
    assert "05:00\u201306:00" in texts[LinkKind.BOOKER]
    assert 'value="Ines"' in texts[LinkKind.OWNER]
    assert "Ann" not in texts[LinkKind.GUEST] + texts[LinkKind.OWNER]
    assert "10:00\u201311:00" in texts[LinkKind.GUEST]


# --- The window ---


@pytest.mark.parametrize(
    ("at", "status", "words"),
    [
        (START - 15 * MINUTE - timedelta(seconds=1), 409, "The room opens at 09:45 GMT."),
        (START - 15 * MINUTE, 303, ""),
        (START + HOUR + 60 * MINUTE, 303, ""),
        (START + HOUR + 60 * MINUTE + timedelta(seconds=1), 409, "This meeting is over."),
    ],
)
def test_window_at_its_edges(page, clock, at, status, words):
    clock.move_to(at)
    answer = press(page)
    assert answer.status_code == status
    if words:
        assert words in answer.text
        assert "name=" not in answer.text.partition("<main")[2]
        assert not TelehealthJoin.objects.exists()


def test_window_is_a_setting(page, clock, settings):
    settings.TELEHEALTH_OPENS_BEFORE = timedelta(minutes=50)
    settings.TELEHEALTH_CLOSES_AFTER = timedelta(0)
    clock.move_to(START - 50 * MINUTE)
    assert press(page).status_code == 303
    clock.move_to(START + HOUR + timedelta(seconds=1))
    assert press(page).status_code == 409


def test_early_page_looks_again_when_the_door_opens(page, clock):
    clock.move_to(START - 17 * MINUTE)
    assert 'http-equiv="refresh" content="121"' in Browser().get(page).text
    clock.move_to(START - 50 * MINUTE)
    assert 'http-equiv="refresh" content="300"' in Browser().get(page).text
    clock.move_to(START)
    assert "http-equiv" not in Browser().get(page).text


@pytest.mark.parametrize(
    ("start", "clock_words", "zone"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "01:30 IST\u201301:30 GMT", "Dublin (IST)"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "01:30\u201302:30", "Dublin (GMT)"),
        (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), "00:30 GMT\u201302:30 IST", "Dublin (GMT)"),
    ],
)
def test_clocks_that_change_are_told_in_their_zone(
    room, times, page, clock, start, clock_words, zone
):
    times.say(room, start)
    clock.move_to(start)
    text = Browser().get(page).text
    assert clock_words in text
    assert zone in text
    clock.move_to(start - 15 * MINUTE)
    assert press(page).status_code == 303
    clock.move_to(start - 16 * MINUTE)
    assert press(page).status_code == 409


def test_time_of_a_whole_day_or_more_says_when_it_ends(room, times, page):
    midnight = datetime(2026, 11, 19, tzinfo=UTC)
    times.say(room, Sitting(room.pk, midnight, midnight + timedelta(days=1)))
    assert "00:00\u201300:00, 20 November" in Browser().get(page).text
    times.say(room, Sitting(room.pk, midnight - HOUR, midnight + HOUR))
    assert "23:00\u201301:00<" in Browser().get(page).text


def test_moved_meeting_is_told_with_its_new_time(room, times, page):
    times.say(room, START + 3 * HOUR)
    text = Browser().get(page).text
    assert "13:00\u201314:00" in text
    assert "It was moved: it had been on 18 November at 10:00." in text
    assert "The room opens at 12:45 GMT." in text


# --- Called off ---


def test_called_off_room_lets_nobody_in(room, times, open_page, sandbox):
    times.say(room)
    answer = press(open_page)
    assert answer.status_code == 409
    assert "This meeting was called off." in answer.text
    assert "This meeting was called off." in Browser().get(open_page).text
    assert not TelehealthJoin.objects.exists()
    assert sandbox.calls("livekit.rooms.create") == []


def test_meeting_that_is_off_stays_off_whatever_its_event_says(room, times, open_page):
    off = Sitting(room.pk, START, START + HOUR, counts=False, is_off=True)
    times.say(room, START, off)
    assert press(open_page).status_code == 409


def test_room_called_off_by_hand_stays_off(room, open_page):
    rooms.call_off(room)
    assert press(open_page).status_code == 409


def test_room_called_off_while_somebody_presses_lets_nobody_in(
    room, times, open_page, monkeypatch, sandbox
):
    """The event is deleted in the moment in which LiveKit answers."""
    answered = sandbox.adapter.send

    def send(request, *args, **kwargs):
        answer = answered(request, *args, **kwargs)
        if request.url.endswith("CreateRoom"):
            times.say(room)
        return answer

    monkeypatch.setattr(sandbox.adapter, "send", send)
    assert press(open_page).status_code == 409
    assert not TelehealthJoin.objects.exists()


# --- LiveKit in trouble ---


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"status": 403},
        {"status": 503},
        {"status": 404, "body": "<p>nothing here</p>"},
        {"body": "<p>hello</p>"},
        {"unreached": True},
    ],
)
def test_livekit_that_fails_is_told_with_the_other_way_in(room, times, open_page, sandbox, fault):
    times.say(room, START, fallback_url="https://meet.google.example/abc")
    sandbox.fault("livekit.rooms.create", **fault)
    answer = press(open_page, "Ann Other")

    assert answer.status_code == 503
    assert "The room cannot be opened right now." in answer.text
    assert 'href="https://meet.google.example/abc"' in answer.text
    assert 'value="Ann Other"' in answer.text
    assert not TelehealthJoin.objects.exists()
    assert press(open_page).status_code == 303


@responses.activate
def test_livekit_that_is_gone_is_told(room, times, open_page, settings):
    http.unmount(f"{SANDBOX_URL}/")
    responses.add("POST", re.compile(SANDBOX_URL), body=NoConnection("refused"))
    assert press(open_page).status_code == 503


def test_installation_that_lost_its_livekit_says_so(room, times, open_page, settings):
    times.say(room, START, fallback_url="https://meet.google.example/abc")
    settings.LIVEKIT_API_SECRET = ""
    text = Browser().get(open_page).text
    assert "are not set up right now" in text
    assert 'href="https://meet.google.example/abc"' in text
    assert press(open_page).status_code == 409


def test_who_tries_too_often_waits(open_page, monkeypatch):
    for _ in range(60):
        press(open_page, "")
    answer = press(open_page)
    assert answer.status_code == 429
    assert "Too many people tried" in answer.text
    assert not TelehealthJoin.objects.exists()


def test_token_stands_in_no_log(open_page, caplog):
    caplog.set_level("DEBUG")
    answer = press(open_page)
    token = parse_qs(answer.url.partition("#")[2])["token"][0]
    assert token not in caplog.text
    assert token.split(".")[1] not in caplog.text


# --- Rooms as their times say ---


def test_rooms_are_locked_to_their_workspace(room, other_workspace):
    assert rooms.room_of(other_workspace.pk, room.pk) is None
    rooms.follow(other_workspace.pk, {room.pk})
    room.refresh_from_db()
    assert room.revoked_at is None
    assert rooms.open_room(workspace=other_workspace, key=room.key).pk != room.pk


def test_sitting_of_now_comes_before_the_next(room, times, clock):
    times.say(room, START, START + 3 * HOUR)
    for at, expected in (
        (START - HOUR, START),
        (START + HOUR + 60 * MINUTE, START),
        (START + HOUR + 61 * MINUTE, START + 3 * HOUR),
    ):
        assert door.standing_of(room, EntrantKind.GUEST, at).start_at == expected


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("de", ("Ihr Termin ist bereit.", "Ihr Name", "Teilnehmen")),
        ("fr", ("Votre rendez-vous est prêt.", "Votre nom", "Rejoindre")),
        ("es", ("Su reunión está lista.", "Su nombre", "Unirse")),
    ],
)
def test_page_speaks_the_visitors_language_and_keeps_the_chosen_one(open_page, lang, words):
    by_browser = Browser().get(open_page, headers={"Accept-Language": lang})
    chosen = Browser().get(f"{open_page}?lang={lang}", headers={"Accept-Language": "en"})
    for answer in (by_browser, chosen):
        assert answer.headers["Content-Language"] == lang
        for one in words:
            assert one in answer.text
    assert f'action="{open_page}?lang={lang}"' in chosen.text
    assert f'href="{open_page}?lang=en"' in chosen.text
    refused = press(f"{open_page}?lang={lang}", "")
    assert refused.status_code == 422
    assert words[0] in refused.text
    unknown = Browser().get("/join/nothing", headers={"Accept-Language": lang})
    assert unknown.status_code == 404
    assert f'<html lang="{lang}"' in unknown.text
