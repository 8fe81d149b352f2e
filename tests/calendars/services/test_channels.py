"""Push from end to end: channels, notices of theirs and of forgers, and what they set off."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars import tasks
from calendars.models import Calendar, Event, PushChannel
from calendars.services import channels, connections, preferences
from common import http
from common.secrets import hash_token
from sandbox.server.push import Reply
from tests.conftest import SANDBOX_URL
from tests.factories import make_calendar, make_connection
from tests.fidelity.notices import validate_delivery
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
ADDRESS = "https://meridian.test"


@pytest.fixture
def sandbox(sandbox, settings):
    """Push is on; what the providers send comes in at our own addresses."""
    settings.PUSH_ENABLED, settings.PUBLIC_URL = True, ADDRESS
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "meridian.test"]
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(sandbox.adapter.app))
    visitor = Browser(enforce_csrf_checks=True)

    def post(delivery):
        validate_delivery(delivery)
        parts = urlsplit(delivery.address)
        answer = visitor.post(
            f"{parts.path}?{parts.query}",
            delivery.body,
            content_type=delivery.headers.get("Content-Type", "application/octet-stream"),
            headers={k: v for k, v in delivery.headers.items() if k != "Content-Type"},
            secure=True,
            HTTP_HOST="meridian.test",
        )
        answers.append(answer.status_code)
        return Reply(answer.status_code, answer.get("Content-Type", ""), answer.text)

    answers = sandbox.answers = []
    sandbox.store.courier.post = post
    sandbox.store.courier._pool = None
    sandbox.store.set_setting("push", True)
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def connection(request, connect, user_owner, copy_events):
    made = connect(user_owner, request.param)
    copy_events(made)
    return made


@pytest.fixture
def calendar(connection):
    return connection.calendars.get()


@pytest.fixture
def asked(django_capture_on_commit_callbacks):
    """Call it with a function: tasks and their arguments that the workers were asked for."""

    def during(act):
        with django_capture_on_commit_callbacks() as callbacks:
            act()
        return [(callback.args[0], callback.args[1]) for callback in callbacks]

    return during


@pytest.fixture
def tend(connection, actor):
    def tended(now=None):
        channels.tend(
            kind=connection.owner_kind,
            connection_id=connection.pk,
            actor=actor,
            now=now or timezone.now(),
        )

    return tended


def add(sandbox, connection, title="Board"):
    remote = sandbox.calendar(connection)
    sandbox.store.add_event(remote, title=title, start=START, end=START + timedelta(hours=1))


def open_at_provider(sandbox):
    return [*sandbox.store.all("channel"), *sandbox.store.all("subscription")]


# --- Opening ---


def test_a_channel_is_opened_and_proven(connection, calendar, tend, sandbox):
    tend()
    calendar.refresh_from_db()
    channel = PushChannel.objects.get()
    assert calendar.push_until == channel.expires_at > timezone.now() + timedelta(days=6)
    assert calendar.is_pushed(timezone.now())
    assert len(open_at_provider(sandbox)) == 1
    assert set(sandbox.answers) <= {200, 204}


def test_only_a_hash_of_the_secret_is_kept(connection, tend, sandbox):
    tend()
    there = open_at_provider(sandbox)[0]
    secret = there.get("token") or there.get("client_state")
    assert PushChannel.objects.get().secret_hash == hash_token(secret)
    assert len(secret) > 40
    row = Calendar.objects.values().get() | PushChannel.objects.values().get()
    assert secret not in str(row)


def test_tending_twice_asks_once(connection, tend, sandbox):
    tend()
    before, rows = len(sandbox.calls()), OAuthTokenAccessLog.objects.count()
    tend()
    assert (len(sandbox.calls()), OAuthTokenAccessLog.objects.count()) == (before, rows)


def test_opening_reads_what_changed_before_the_channel_was_there(connection, tend, asked):
    kind, key, ids = next(args for task, args in asked(tend) if task == tasks.sync_connection)
    assert (kind, key, ids) == ("user", str(connection.pk), [str(connection.calendars.get().pk)])


def test_without_a_public_address_nothing_is_opened(connection, tend, sandbox, settings):
    settings.PUSH_ENABLED = False
    tend()
    assert (channels.start_tending(timezone.now()), open_at_provider(sandbox)) == (0, [])


def test_an_address_that_fails_the_handshake_gets_no_channel(connect, user_owner, sandbox, actor):
    connection = connect(user_owner, "outlook")
    post = sandbox.store.courier.post
    sandbox.store.courier.post = lambda delivery: Reply(200, "text/html", post(delivery).text)
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    assert not PushChannel.objects.exists()
    assert connection.calendars.get().push_until is None


def test_a_channel_whose_first_notice_never_came_is_not_trusted(
    connect, user_owner, sandbox, actor
):
    connection = connect(user_owner, "google")
    sandbox.store.courier.post = lambda _: Reply(0)
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    assert PushChannel.objects.count() == 1
    assert not connection.calendars.get().is_pushed(timezone.now())


def test_a_calendar_that_cannot_be_watched_is_left_alone_for_hours(
    connection, calendar, tend, sandbox
):
    operation = "google.events.watch" if connection.provider == "google" else "microsoft.*"
    sandbox.fault(operation, status=400, reason="pushNotSupportedForRequestedResource")
    tend()
    before = len(sandbox.calls())
    tend()
    assert (len(sandbox.calls()), PushChannel.objects.count()) == (before, 0)
    tend(timezone.now() + channels.RETRY_EVERY + timedelta(minutes=1))
    assert PushChannel.objects.count() == 1


def test_the_beat_asks_for_connections_that_lack_push(user_owner, client_owner, sandbox, asked):
    one = make_connection(user_owner)
    make_calendar(one)
    covered = make_connection(client_owner)
    make_calendar(covered, push_until=timezone.now() + timedelta(days=5))
    paused = make_connection(client_owner, state=ConnectionState.PAUSED)
    make_calendar(paused)
    make_calendar(covered, is_shown=False, counts_as_busy=False)
    assert [args for _, args in asked(tasks.tend_due_channels)] == [("user", str(one.pk))]


# --- A change, from end to end ---


def test_a_change_comes_into_the_mirror_by_push_alone(connection, calendar, tend, sandbox, asked):
    tend()
    sandbox.answers.clear()
    runs = asked(lambda: add(sandbox, connection))
    assert set(sandbox.answers) <= {202, 204}
    task, args = runs[0]
    assert (task, args) == (
        tasks.sync_connection,
        ("user", str(connection.pk), [str(calendar.pk)]),
    )
    calendar.refresh_from_db()
    assert calendar.has_notice
    before = len(sandbox.calls())
    tasks.sync_connection(*args)
    calendar.refresh_from_db()
    assert [event.title for event in Event.objects.all()] == ["Board"]
    assert (calendar.has_notice, len(sandbox.calls()) - before) == (False, 1)


def test_a_notice_that_comes_while_its_calendar_is_read_is_not_lost(
    connection, calendar, tend, sandbox
):
    """The lease is taken: the run that has it reads once more before it gives it back."""
    tend()
    sandbox.adapter.sleep = None
    told = []

    def add_late(seconds):
        if not told:
            told.append(seconds)
            add(sandbox, connection, "Late")

    adapter = RecordingWSGIAdapter(sandbox.adapter.app, sleep=add_late)
    after = adapter.after

    def answered(request, status, body):
        after(request, status, body)
        if "events" in request.url or "calendarView" in request.url:
            add_late(0)

    adapter.after = answered
    http.mount(f"{SANDBOX_URL}/", adapter)
    tasks.sync_connection("user", str(connection.pk), [str(calendar.pk)])
    assert [event.title for event in Event.objects.all()] == ["Late"]


# --- Forgers ---


@pytest.fixture
def google_channel(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "google")
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    return sandbox.store.all("channel")[0]


def google_notice(browser, channel, **changes):
    headers = {
        "X-Goog-Channel-ID": channel["id"],
        "X-Goog-Channel-Token": channel["token"],
        "X-Goog-Resource-ID": channel["resource_id"],
        "X-Goog-Resource-State": "exists",
        **changes,
    }
    return browser.post("/hooks/google", headers={k: v for k, v in headers.items() if v})


@pytest.mark.parametrize(
    "changes",
    [
        {"X-Goog-Channel-Token": "guessed"},
        {"X-Goog-Channel-Token": ""},
        {"X-Goog-Channel-ID": "unknown"},
        {"X-Goog-Channel-ID": ""},
        {"X-Goog-Resource-ID": "of another calendar"},
        {"X-Goog-Resource-State": ""},
    ],
)
def test_a_forged_google_notice_does_nothing(client, google_channel, asked, changes):
    Calendar.objects.update(noticed_at=None)
    answers = []
    assert asked(lambda: answers.append(google_notice(client, google_channel, **changes))) == []
    assert [answer.status_code for answer in answers] == [404]
    assert Calendar.objects.get().noticed_at is None


def test_a_true_google_notice_only_asks_for_a_reading(client, google_channel, asked, sandbox):
    before = len(sandbox.calls())
    runs = asked(lambda: google_notice(client, google_channel))
    assert [task for task, _ in runs] == [tasks.sync_connection]
    assert len(sandbox.calls()) == before


def test_a_notice_at_the_other_providers_address_does_nothing(client, google_channel, asked):
    item = {"subscriptionId": google_channel["id"], "clientState": google_channel["token"]}
    body = json.dumps({"value": [item]})
    runs = asked(lambda: client.post("/hooks/microsoft", body, content_type="application/json"))
    assert runs == []


@pytest.fixture
def subscription(connect, user_owner, actor, sandbox):
    connection = connect(user_owner, "outlook")
    channels.tend(kind="user", connection_id=connection.pk, actor=actor, now=timezone.now())
    return sandbox.store.all("subscription")[0]


def graph_notice(browser, *items, path="/hooks/microsoft"):
    return browser.post(path, json.dumps({"value": items}), content_type="application/json")


def item_of(subscription, **changes):
    own = {"subscriptionId": subscription["id"], "clientState": subscription["client_state"]}
    return {**own, "changeType": "updated", **changes}


@pytest.mark.parametrize(
    "changes",
    [{"clientState": "guessed"}, {"clientState": None}, {"subscriptionId": "unknown"}],
)
def test_a_forged_graph_notice_does_nothing(client, subscription, asked, changes):
    Calendar.objects.update(noticed_at=None)
    answers = []
    forged = item_of(subscription, **changes)
    assert asked(lambda: answers.append(graph_notice(client, forged))) == []
    assert [answer.status_code for answer in answers] == [202]
    assert Calendar.objects.get().noticed_at is None


def test_each_item_of_a_call_is_believed_by_its_own_secret(client, subscription, asked):
    items = [item_of(subscription, clientState="guessed"), item_of(subscription)]
    assert len(asked(lambda: graph_notice(client, *items))) == 1


@pytest.mark.parametrize(
    "body", ["", "[]", "{", '{"value": 7}', '{"value": []}', '{"value": [{}]}']
)
def test_nonsense_is_refused(client, db, body):
    answer = client.post("/hooks/microsoft", body, content_type="application/json")
    assert answer.status_code == 400


# --- The handshake ---


@pytest.mark.parametrize("path", ["/hooks/microsoft", "/hooks/microsoft/lifecycle"])
def test_the_handshake_gives_the_decoded_token_as_plain_text(client, db, path):
    answer = client.post(f"{path}?validationToken=Validation%3A%20a%2Bb%20%3Cscript%3E")
    assert (answer.status_code, answer.text) == (200, "Validation: a+b <script>")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_token_longer_than_any_is_refused(client, db):
    assert (
        client.post("/hooks/microsoft", query_params={"validationToken": "x" * 2049}).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["/hooks/google", "/hooks/microsoft"])
def test_hooks_answer_to_post_only(client, db, path):
    assert client.get(f"{path}?validationToken=x").status_code == 405


# --- Renewal and lifecycle ---


def test_a_channel_is_renewed_before_it_ends_and_the_old_one_closed_after(
    connection, calendar, tend, sandbox
):
    tend()
    old = PushChannel.objects.get()
    calendar.refresh_from_db()
    before = len(sandbox.calls())
    with time_machine.travel(calendar.push_until - timedelta(hours=30)):
        tend()
        assert PushChannel.objects.get().pk == old.pk
    with time_machine.travel(calendar.push_until - timedelta(hours=23)):
        sandbox.store.clock = timezone.now
        tend()
    new = PushChannel.objects.get()
    calendar.refresh_from_db()
    assert new.pk != old.pk
    assert new.expires_at > old.expires_at
    assert calendar.push_until == new.expires_at
    assert len(open_at_provider(sandbox)) == 1
    done = [
        call["operation"] for call in sandbox.calls()[before:] if "token" not in call["operation"]
    ]
    opened, closed = done
    assert "watch" in opened or "create" in opened
    assert "stop" in closed or "delete" in closed


def test_an_old_channel_that_cannot_be_closed_is_closed_later(connection, calendar, tend, sandbox):
    tend()
    Calendar.objects.update(push_until=timezone.now() + timedelta(hours=1), push_tried_at=None)
    google = connection.provider == "google"
    sandbox.fault(
        "google.channels.stop" if google else "microsoft.subscriptions.delete", status=503
    )
    tend()
    assert PushChannel.objects.count() == 2
    tend()
    assert PushChannel.objects.count() == len(open_at_provider(sandbox)) == 1


@pytest.mark.parametrize("event", ["reauthorizationRequired", "subscriptionRemoved", "missed"])
def test_lifecycle_notices_are_followed(subscription, sandbox, asked, event):
    connection = Calendar.objects.get().connection
    runs = asked(lambda: tell(sandbox, subscription, event))
    wanted = {
        "reauthorizationRequired": [tasks.tend_channels],
        "subscriptionRemoved": [tasks.sync_connection, tasks.tend_channels],
        "missed": [tasks.sync_connection],
    }
    assert [task for task, _ in runs] == wanted[event]
    for task, args in runs:
        task(*args)
    now_open = open_at_provider(sandbox)
    assert len(now_open) == PushChannel.objects.count() == 1
    assert (now_open[0]["id"] == subscription["id"]) == (event == "missed")
    assert connection.calendars.get().is_pushed(timezone.now())


def tell(sandbox, subscription, event):
    answer = http._BareSession().post(
        f"{SANDBOX_URL}/control/lifecycle",
        json={"subscription": subscription["id"], "event": event},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("forged", ["subscriptionRemoved", "reauthorizationRequired"])
def test_a_forged_lifecycle_notice_ends_nothing(client, subscription, asked, forged):
    item = item_of(subscription, clientState="guessed", lifecycleEvent=forged)
    path = "/hooks/microsoft/lifecycle"
    assert asked(lambda: graph_notice(client, item, path=path)) == []
    assert PushChannel.objects.count() == 1


# --- Closing ---


def test_disconnecting_closes_the_channels(connection, tend, sandbox, actor):
    tend()
    connections.disconnect(connection=connection, actor=actor)
    assert open_at_provider(sandbox) == []
    assert not PushChannel.objects.exists()


def test_disconnecting_works_while_the_provider_is_down(connection, tend, sandbox, actor):
    tend()
    sandbox.fault("*", status=503, count=None)
    connections.disconnect(connection=connection, actor=actor)
    assert not PushChannel.objects.exists()


def test_the_end_of_a_membership_closes_the_channels(connection, tend, sandbox, alice, workspace):
    tend()
    connections.pause_connections(user=alice, workspace=workspace)
    assert open_at_provider(sandbox) == []
    assert connection.calendars.get().push_until is None


def test_a_calendar_that_nobody_needs_is_no_longer_watched(
    connection, calendar, tend, sandbox, asked
):
    tend()
    calendar.refresh_from_db()
    preferences.arrange_calendar(
        calendar=calendar, hue=calendar.hue, is_shown=False, counts_as_busy=False
    )
    assert [task for task, _ in asked(tasks.tend_due_channels)] == [tasks.tend_channels]
    tend()
    calendar.refresh_from_db()
    assert (open_at_provider(sandbox), calendar.push_until) == ([], None)


def test_expired_channels_are_forgotten_and_made_anew(connection, calendar, tend, sandbox):
    tend()
    with time_machine.travel(timezone.now() + timedelta(days=9)):
        sandbox.store.clock = timezone.now
        calendar.refresh_from_db()
        assert not calendar.is_pushed(timezone.now())
        tend()
        calendar.refresh_from_db()
        assert calendar.is_pushed(timezone.now())
    assert PushChannel.objects.count() == 1


def test_the_safety_reading_goes_on_beside_push(user_owner, asked, settings):
    settings.PUSH_ENABLED = True
    now = timezone.now()
    tried = now - timedelta(minutes=20)
    covered = {"push_until": now + timedelta(days=1), "synced_at": tried, "sync_tried_at": tried}
    calendar = make_calendar(make_connection(user_owner), **covered)
    assert asked(tasks.sync_due_calendars) == []
    Calendar.objects.filter(pk=calendar.pk).update(
        sync_tried_at=now - timedelta(minutes=63), synced_at=now - timedelta(minutes=63)
    )
    assert len(asked(tasks.sync_due_calendars)) == 1
