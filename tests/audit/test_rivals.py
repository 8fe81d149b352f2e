"""The log and the vault while others are at them."""

from __future__ import annotations

import threading

import pytest
import responses
from django.db import DatabaseError
from django.db import connection as db
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import MirrorReadMark, OAuthToken, OAuthTokenAccessLog
from audit.queries import verify_chain
from audit.services import log, vault
from audit.services.tokens import resolve_provider_token
from common.errors import ReconnectNeeded
from tests.audit.conftest import TOKEN_URL, pair
from tests.factories import make_connection
from tests.rivals import at_once


def _resolve(connection, actor):
    return resolve_provider_token(
        connection=connection,
        workspace=connection.workspace,
        actor=actor,
        reason=AccessReason.EVENTS_LIST,
    )


@pytest.mark.django_db(transaction=True)
def test_a_chain_that_grows_while_it_is_verified_is_whole(user_owner, actor):
    row = make_connection(user_owner)
    entry = log.entry_for(row, AccessReason.EVENTS_LIST, Outcome.GRANTED)
    verified = threading.Event()

    def write_or_verify(number):
        if number == 0:
            reports = [verify_chain(row.workspace_id) for _ in range(60)]
            verified.set()
            return reports
        while not verified.is_set():
            log.append(workspace_id=row.workspace_id, actor=actor, entries=[entry])
        return []

    reports, *_ = at_once(3, write_or_verify)
    assert [report for report in reports if not report.is_whole] == []


@pytest.mark.django_db(transaction=True)
def test_parts_of_one_page_that_read_the_mirror_at_once_leave_one_row(user_owner, actor):
    row, now = make_connection(user_owner), timezone.now()

    def read(number):
        return log.log_mirror_reads(
            workspace_id=row.workspace_id,
            actor=actor,
            session_key="session",
            connections=[row],
            week_on=now.date(),
            now=now,
        )

    assert sorted(at_once(6, read)) == [0, 0, 0, 0, 0, 1]
    assert OAuthTokenAccessLog.objects.filter(outcome=Outcome.MIRROR).count() == 1


@pytest.mark.django_db(transaction=True)
def test_old_marks_are_thrown_away_now_and_then(user_owner, actor):
    row, now = make_connection(user_owner), timezone.now()
    old = now - 2 * log.MARKS_KEPT
    MirrorReadMark.objects.create(
        session_hash="old", connection_id=row.pk, week_on=old.date(), logged_at=old
    )
    for number in range(log.FORGET_EVERY):
        log.log_mirror_reads(
            workspace_id=row.workspace_id,
            actor=actor,
            session_key=f"session {number}",
            connections=[row],
            week_on=now.date(),
            now=now,
        )
    assert not MirrorReadMark.objects.filter(session_hash="old").exists()


@pytest.mark.django_db
def test_a_row_cannot_be_replaced_either(user_owner, actor):
    """SQLite's INSERT OR REPLACE fires no trigger for the row it deletes; an upsert is refused
    on both engines.
    """
    row = make_connection(user_owner)
    entry = log.entry_for(row, AccessReason.EVENTS_LIST, Outcome.GRANTED)
    (kept,) = log.append(workspace_id=row.workspace_id, actor=actor, entries=[entry])
    kept = OAuthTokenAccessLog.objects.get(seq=kept.seq, workspace_id=row.workspace_id)
    insert = "INSERT OR REPLACE" if db.vendor == "sqlite" else "INSERT"
    columns = "workspace_id, seq, actor_kind, actor_id, actor_name, connection_id, "
    columns += "connection_email, provider, reason, target, outcome, request_id, address, at, "
    columns += "previous_hash, hash"
    with pytest.raises(DatabaseError), db.cursor() as cursor:
        cursor.execute(
            f"{insert} INTO oauth_token_access_log ({columns}) "
            f"SELECT {columns} FROM oauth_token_access_log"
        )


@pytest.mark.django_db(transaction=True)
def test_an_upsert_does_not_change_a_row(user_owner, actor):
    row = make_connection(user_owner)
    entry = log.entry_for(row, AccessReason.EVENTS_LIST, Outcome.GRANTED)
    log.append(workspace_id=row.workspace_id, actor=actor, entries=[entry])
    kept = OAuthTokenAccessLog.objects.get(workspace_id=row.workspace_id)
    kept.reason = AccessReason.EVENT_DELETE
    with pytest.raises(DatabaseError):
        OAuthTokenAccessLog.objects.bulk_create(
            [kept], update_conflicts=True, unique_fields=["id"], update_fields=["reason"]
        )
    kept.refresh_from_db()
    assert kept.reason == AccessReason.EVENTS_LIST


@pytest.mark.django_db
def test_a_token_asked_for_as_its_account_is_disconnected_is_denied_and_logged(connection, actor):
    type(connection).objects.filter(pk=connection.pk).delete()
    with pytest.raises(ReconnectNeeded):
        _resolve(connection, actor)
    row = OAuthTokenAccessLog.objects.get()
    assert (row.reason, row.outcome) == (AccessReason.EVENTS_LIST, Outcome.DENIED)


@pytest.mark.django_db
def test_a_new_consent_during_a_refresh_is_not_undone_by_the_old_tokens_end(
    connection, actor, socket
):
    """A new consent at Zoom ends the tokens before it: the refresh under way hears invalid_grant,
    and must not call the account just connected disconnected.
    """
    OAuthToken.objects.filter(connection_id=connection.pk).update(expires_at=timezone.now())

    def connected_anew(request):
        vault.store_tokens(connection=connection, tokens=pair(access="ya29.anew"))
        return 400, {}, '{"error": "invalid_grant"}'

    socket.add_callback(responses.POST, TOKEN_URL, callback=connected_anew)
    assert _resolve(connection, actor).secret.reveal() == "ya29.anew"
    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE
