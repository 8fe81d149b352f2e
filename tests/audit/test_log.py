from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction
from django.db import connection as db

from audit.enums import AccessReason, Outcome
from audit.models import AuditChainHead, OAuthTokenAccessLog
from audit.queries import verify_chain
from audit.services import log
from common import triggers
from tests.factories import make_connection

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def write(workspace, user_owner, actor):
    row = make_connection(user_owner)

    def _write(times=1, reason=AccessReason.EVENTS_LIST):
        entry = log.entry_for(row, reason, Outcome.GRANTED, "a target — ü")
        for _ in range(times):
            log.append(workspace_id=workspace.pk, actor=actor, entries=[entry], now=NOW)

    return _write


def _forge(sql, *values):
    """Change a row as somebody would who has the database and removes its guards."""
    triggers.drop_all()
    try:
        with db.cursor() as cursor:
            cursor.execute(sql, values)
    finally:
        triggers.create_all()


def test_rows_are_chained_and_the_chain_verifies(workspace, write):
    write(5)
    rows = list(OAuthTokenAccessLog.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5]
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]
    assert rows[0].previous_hash == "0" * 64
    report = verify_chain(workspace.pk)
    assert (report.is_whole, report.rows) == (True, 5)


def test_a_changed_row_is_named(workspace, write):
    write(4)
    _forge("UPDATE oauth_token_access_log SET reason = 'calendar.events.delete' WHERE seq = 3")
    report = verify_chain(workspace.pk)
    assert (report.broken_seq, report.problem) == (3, "its content was changed")


def test_a_removed_row_is_named(workspace, write):
    write(4)
    _forge("DELETE FROM oauth_token_access_log WHERE seq = 2")
    assert verify_chain(workspace.pk).broken_seq == 2


def test_a_cut_tail_is_noticed(workspace, write):
    write(4)
    _forge("DELETE FROM oauth_token_access_log WHERE seq = 4")
    report = verify_chain(workspace.pk)
    assert (report.broken_seq, report.problem) == (4, "rows are missing at the end")


def test_a_rehashed_row_breaks_the_next_one(workspace, write):
    write(3)
    row = OAuthTokenAccessLog.objects.get(seq=2)
    row.actor_name = "mallory"
    _forge(
        "UPDATE oauth_token_access_log SET actor_name = 'mallory', hash = %s WHERE seq = 2",
        log.hash_of(row),
    )
    report = verify_chain(workspace.pk)
    assert (report.broken_seq, report.problem) == (3, "it does not follow the row before")


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.update(reason="other"),
        lambda rows: rows.delete(),
        lambda rows: rows.first().delete(),
    ],
    ids=["update", "delete", "delete one"],
)
def test_the_database_refuses_to_change_the_log(write, change):
    write(2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change(OAuthTokenAccessLog.objects.all())
    assert OAuthTokenAccessLog.objects.count() == 2


def test_the_database_refuses_to_empty_the_table(write):
    write()
    emptying = {
        "sqlite": "DELETE FROM oauth_token_access_log",
        "postgresql": "TRUNCATE oauth_token_access_log",
    }
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        db.cursor() as cursor,
    ):
        cursor.execute(emptying[db.vendor])
    assert OAuthTokenAccessLog.objects.count() == 1


@pytest.mark.django_db
def test_the_triggers_are_there():
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    expected = {
        "sqlite": {
            "access_log_no_update",
            "access_log_no_delete",
            "hold_no_overlap_insert",
            "hold_no_overlap_update",
        },
        "postgresql": {"access_log_no_change", "access_log_no_truncate"},
    }
    with db.cursor() as cursor:
        cursor.execute(names[db.vendor])
        assert expected[db.vendor] <= {name for (name,) in cursor.fetchall()}


def test_triggers_come_back_after_a_table_is_rebuilt(write):
    write()
    triggers.drop_all()
    call_command("migrate", verbosity=0)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        OAuthTokenAccessLog.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_a_log_row_is_never_written_inside_a_transaction(workspace, user_owner, actor):
    entry = log.entry_for(make_connection(user_owner), AccessReason.EVENTS_LIST, Outcome.GRANTED)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        log.append(workspace_id=workspace.pk, actor=actor, entries=[entry])
    assert OAuthTokenAccessLog.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_at_once_leave_one_whole_chain(workspace, user_owner, actor):
    row = make_connection(user_owner)
    entry = log.entry_for(row, AccessReason.EVENTS_LIST, Outcome.GRANTED)
    barrier, problems = threading.Barrier(20), []

    def write_some():
        try:
            barrier.wait()
            for _ in range(5):
                log.append(workspace_id=workspace.pk, actor=actor, entries=[entry])
        except Exception as error:
            problems.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write_some) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    report = verify_chain(workspace.pk)
    assert (report.is_whole, report.rows) == (True, 100)
    assert AuditChainHead.objects.get(pk=workspace.pk).seq == 100


def test_a_mirror_read_is_logged_once_in_ten_minutes(workspace, user_owner, client_owner, actor):
    first, second = make_connection(user_owner), make_connection(client_owner)
    week = date(2026, 11, 16)

    def read(connections, *, session="s1", at=NOW, week_on=week):
        return log.log_mirror_reads(
            workspace_id=workspace.pk,
            actor=actor,
            session_key=session,
            connections=connections,
            week_on=week_on,
            now=at,
        )

    assert read([first, second]) == 2
    assert read([first, second], at=NOW + timedelta(minutes=9)) == 0
    assert read([first], at=NOW + timedelta(minutes=11)) == 1
    assert read([first, second], session="s2", at=NOW + timedelta(minutes=11)) == 2
    assert read([first], at=NOW + timedelta(minutes=12), week_on=week + timedelta(days=7)) == 1
    rows = OAuthTokenAccessLog.objects.all()
    assert {row.outcome for row in rows} == {"mirror"}
    assert "s1" not in "".join(str(row.__dict__) for row in rows)
    assert verify_chain(workspace.pk).rows == 6


def test_weeks_that_are_logged_already_are_known_at_once(
    workspace, user_owner, client_owner, actor, django_assert_num_queries
):
    both = [make_connection(user_owner), make_connection(client_owner)]
    weeks = [date(2026, 11, 16) + timedelta(days=7 * number) for number in range(4)]
    for read, week_on in ((both, weeks[0]), (both[:1], weeks[1])):
        log.log_mirror_reads(
            workspace_id=workspace.pk,
            actor=actor,
            session_key="s1",
            connections=read,
            week_on=week_on,
            now=NOW,
        )

    def due(session, at):
        return log.weeks_to_log(session_key=session, connections=both, weeks=weeks, now=at)

    with django_assert_num_queries(1):
        assert due("s1", NOW + timedelta(minutes=9)) == weeks[1:]
    assert due("s1", NOW + timedelta(minutes=11)) == weeks
    assert due("s2", NOW) == weeks


def test_the_command_names_the_broken_chain(workspace, write):
    write(3)
    out = StringIO()
    call_command("verify_audit_chain", stdout=out)
    assert f"{workspace.pk}: whole, 3 rows" in out.getvalue()
    _forge("UPDATE oauth_token_access_log SET target = 'x' WHERE seq = 1")
    with pytest.raises(CommandError, match="1 of 1 chains are broken"):
        call_command("verify_audit_chain", stdout=out)
    assert f"{workspace.pk}: BROKEN at row 1" in out.getvalue()
