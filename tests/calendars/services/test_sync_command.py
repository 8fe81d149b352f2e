"""`manage.py sync`: what an operator reads."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from audit.enums import ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars.models import UserCalendarConnection

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)


@pytest.fixture
def connection(connect, user_owner, sandbox):
    made = connect(user_owner, "google")
    sandbox.store.add_event(
        sandbox.calendar(made), title="x", start=START, end=START + timedelta(hours=1)
    )
    return made


def run(*arguments):
    out = io.StringIO()
    call_command("sync", *arguments, stdout=out)
    return out.getvalue()


def test_it_copies_and_says_so(connection):
    said = run()
    assert "Google, alice@google.example" in said
    assert "alice@google.example: 1 event, to " in said
    assert said.endswith("1 connections done\n")


def test_full_reads_the_window_and_not_the_changes(connection, sandbox):
    run()
    before = len(sandbox.calls("google.events.list"))
    run()
    cursor = connection.calendars.get().sync_cursor
    run("--full")
    assert len(sandbox.calls("google.events.list")) == before + 2
    assert connection.calendars.get().window_until > datetime.now(UTC) + timedelta(days=456)
    assert cursor


def test_only_the_workspace_or_connection_that_is_named(
    connection, connect, client_owner, sandbox, other_workspace
):
    other = connect(client_owner, "outlook")
    said = run("--connection", str(other.pk))
    assert "Microsoft Outlook" in said
    assert "Google" not in said
    assert run("--workspace", connection.workspace.slug).count("(acme") == 2
    with pytest.raises(CommandError, match="No such connection"):
        run("--workspace", other_workspace.slug)


def test_a_failure_is_said_and_is_the_exit_code(connection, sandbox):
    sandbox.fault("*", status=429, retry_after=300, count=None)
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 connections"):
        call_command("sync", stdout=out)
    assert "left alone until" in out.getvalue()
    assert "takes no more requests right now" in out.getvalue()


def test_a_connection_that_cannot_be_read_is_named(connection):
    UserCalendarConnection.objects.update(state=ConnectionState.RECONNECT_NEEDED)
    assert "not read: reconnect needed" in run()


def test_the_log_names_the_operator_s_command(connection):
    run()
    last = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (last.actor_id, last.reason) == ("manage.py sync", "calendar.events.sync")
