"""Every answer that providers document, and some they do not, and the one reaction to it.

A flow knows only the reaction, so one answer of each stands for its kind in the matrix.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calendars.providers.base import ChannelWish, EventDraft, Feature, RemoteCalendar
from calendars.providers.cursors import baseline_cursor
from calendars.providers.registry import PROVIDERS, adapter_for
from common.errors import RateLimited, UpstreamError, UpstreamUnavailable
from common.secrets import Secret
from common.spans import Span
from conferencing.zoom import ZoomClient
from tests.failures import document
from tests.failures.faults import CANARY, GOOGLE, MICROSOFT, ZOOM, chosen_faults, faults_of
from tests.failures.scene import NOW, TEN

DAY = Span(NOW, NOW + timedelta(days=2))
LIMIT = timedelta(seconds=5)
HOUR = timedelta(hours=1)

WORDS = {
    "ReconnectNeeded": "renew the token once and ask again; refused again: connect again",
    "UpstreamForbidden": "not allowed: say so",
    "ScopeMissing": "a scope is missing: name it, connect again",
    "RateLimited": "wait",
    "UpstreamUnavailable": "try again later",
    "BadReply": "not believed; try again later",
    "TooLarge": "not believed; try again later",
    "UpstreamConflict": "read it again, then decide",
    "Unsupported": "refused as it stands: say so",
    "EventGone": "the event is gone",
    "CalendarGone": "the calendar is gone",
    "CursorLost": "read it whole",
    "RoomGone": "the meeting is gone",
    "": "done",
}
ANSWERS = "What an answer means"
ABILITIES = "What each provider can do"
SIDES = {"google": GOOGLE, "microsoft": MICROSOFT, "zoom": ZOOM}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def calls(sandbox, settings):
    """Call it with a side: every operation of its adapter by the name of the request it makes."""

    def of(side):
        store = sandbox.store
        email = f"a@{side}.example"
        account = store.add_account(side, email=email)
        token = Secret(store.token_for(account))
        if side == "zoom":
            return _zoom(ZoomClient(token, api_url=settings.ZOOM_API_URL, time_limit=LIMIT))
        key = {"microsoft": "outlook"}.get(side, side)
        prefix = side.upper()
        url = getattr(settings, f"{prefix}_API_URL")
        provider = adapter_for(key, token=token, api_url=url, time_limit=LIMIT)
        remote = store.primary_calendar(account)
        store.add_event(remote, title="Board", start=TEN, end=TEN + HOUR)
        (calendar,) = provider.list_calendars()
        (event,) = next(provider.list_events(calendar, DAY))
        return _calendar(side, provider, calendar, event)

    return of


def _calendar(side, provider, calendar: RemoteCalendar, event):
    draft = EventDraft(
        title="Kick-off", start=TEN, end=TEN + HOUR, timezone="UTC", idempotency_key="a" * 32
    )
    wish = ChannelWish("c1-00000000", "https://meridian.test/hooks", "s" * 32)
    names = {
        "google": ("calendarList.list", "events.list", "events.get", "events.insert",
                   "events.patch", "events.delete", "freebusy.query", "events.list",
                   "events.watch"),
        "microsoft": ("calendars.list", "calendarView.list", "events.get", "events.create",
                      "events.update", "events.delete", "calendarView.list",
                      "calendarView.delta", "subscriptions.create"),
    }[side]  # fmt: skip
    acts = (
        provider.list_calendars,
        lambda: list(provider.list_events(calendar, DAY)),
        lambda: provider.get_event(calendar, event.remote_id),
        lambda: provider.create_event(calendar, draft),
        lambda: provider.update_event(calendar, event.remote_id, EventDraft(title="New")),
        lambda: provider.delete_event(calendar, event.remote_id),
        lambda: provider.busy([calendar], DAY),
        lambda: provider.changes(calendar, baseline_cursor(DAY)),
        lambda: provider.watch(calendar, wish),
    )
    return [(f"{side}.{name}", act) for name, act in zip(names, acts, strict=True)]


def _zoom(client):
    room = client.create_meeting(topic="Talk", start=TEN, duration=HOUR, timezone="UTC")
    return [
        ("zoom.users.get", client.identify),
        ("zoom.meetings.create", lambda: client.create_meeting(
            topic="Talk", start=TEN, duration=HOUR, timezone="UTC")),
        ("zoom.meetings.list", lambda: list(client.list_meetings())),
        ("zoom.meetings.get", lambda: client.get_meeting(room.remote_id)),
        ("zoom.meetings.update", lambda: client.update_meeting(room.remote_id, topic="New")),
        ("zoom.meetings.delete", lambda: client.delete_meeting(room.remote_id)),
    ]  # fmt: skip


def outcome(sandbox, operation, act, fault):
    """The error that the fault makes of this call; None when the call bears it."""
    how = {"status": 401} if fault.withdrawn else fault.how
    sandbox.store.add_fault(operation, **how)
    try:
        act()
    except UpstreamError as error:
        return error
    finally:
        sandbox.store.clear_faults()
    return None


@pytest.mark.parametrize("side", SIDES)
def test_every_answer_of_every_call_has_one_of_the_reactions(sandbox, calls, side):
    for operation, act in calls(side):
        found = {f.name: outcome(sandbox, operation, act, f) for f in faults_of(operation)}
        kinds = {name: type(error).__name__ for name, error in found.items() if error}
        chosen = {kinds.get(one.name) for one in chosen_faults(operation)}
        assert set(kinds.values()) <= chosen, (operation, kinds)
        for fault in faults_of(operation):
            error = found[fault.name]
            if error is None:
                continue
            shown = f"{error!r} {error.message} {error.details()}"
            assert CANARY not in shown, (operation, fault)
            if fault.wait:
                assert isinstance(error, RateLimited | UpstreamUnavailable)
            if fault.wait and isinstance(error, RateLimited):
                assert error.retry_after == timedelta(seconds=fault.wait), (operation, fault)


@pytest.mark.parametrize("side", ["google", "microsoft"])
def test_nothing_but_a_list_is_a_list(sandbox, calls, side):
    """Nonsense is never an empty calendar, and so never free time."""
    reads = ("calendarList.list", "calendars.list", "events.list", "calendarView.list",
             "freebusy.query", "calendarView.delta")  # fmt: skip
    nonsense = [f for f in SIDES[side] if "JSON" in f.name or "200" in f.name or "list" in f.name]
    assert len(nonsense) == 5
    for operation, act in calls(side):
        if operation.partition(".")[2] in reads:
            for fault in nonsense:
                assert outcome(sandbox, operation, act, fault) is not None, (operation, fault.name)


def test_document_says_what_each_answer_means(sandbox, calls):
    rows = []
    for side, faults in SIDES.items():
        acts = dict(calls(side))
        on_event = {"google": "events.get", "microsoft": "events.get", "zoom": "meetings.update"}
        on_all = {"google": "events.watch", "microsoft": "calendars.list", "zoom": "users.get"}
        grouped: dict[tuple[str, ...], list[str]] = {}
        for fault in faults:
            said = []
            for name in (on_event[side], on_all[side]):
                operation = f"{side}.{name}"
                said.append(_said(outcome(sandbox, operation, acts[operation], fault)))
            grouped.setdefault(tuple(said), []).append(fault.name)
        label = {"google": "Google", "microsoft": "Outlook", "zoom": "Zoom"}[side]
        rows += [
            f"| {label} | {'; '.join(names)} | {one} | {other} |"
            for (one, other), names in grouped.items()
        ]
    head = "| provider | answers | about one event or meeting | about a calendar or account |\n"
    told = f"{head}|---|---|---|---|\n" + "\n".join(rows) + "\n"
    _same(ANSWERS, told)


def test_document_says_what_each_provider_can_do():
    shown = {"google": "Google", "outlook": "Outlook", "ics": "Subscription (.ics)"}
    assert set(shown) == set(PROVIDERS)
    rows = [
        f"| {feature.value} | "
        + " | ".join("yes" if feature in PROVIDERS[key].features else "no" for key in shown)
        + " |"
        for feature in Feature
    ]
    head = f"| | {' | '.join(shown.values())} |\n|---|{'---|' * len(shown)}\n"
    _same(ABILITIES, head + "\n".join(rows) + "\n")


def _said(error):
    if error is None:
        return WORDS[""]
    words = WORDS[type(error).__name__]
    if isinstance(error, RateLimited):
        wait = error.retry_after
        if wait is None:
            return "wait a minute"
        seconds = int(wait.total_seconds())
        return f"wait {seconds} s" if seconds < 120 else f"wait {seconds // 60} min"
    return words


def _same(title, text):
    if os.environ.get(document.WRITE):
        document.put_part(title, text)
    assert document.read_part(title) == text


def test_clock_of_the_dates_is_the_one_they_were_written_for():
    assert datetime(2026, 11, 18, 9, 0, tzinfo=UTC) == NOW
