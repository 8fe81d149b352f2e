from __future__ import annotations

import base64
import logging
import threading
from datetime import timedelta

import pytest
import requests
import responses
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome
from audit.errors import TokenDenied
from audit.models import OAuthToken, OAuthTokenAccessLog
from audit.queries import verify_chain
from audit.services import vault
from audit.services.credentials import resolve_service_credential
from audit.services.tokens import (
    RECONNECT_KIND,
    resolve_provider_token,
)
from common.errors import ReconnectNeeded, UpstreamForbidden, UpstreamUnavailable
from common.models import OutboxMessage
from common.secrets import Secret
from tests.audit.conftest import ACCESS, REFRESH, TOKEN_URL, pair

REASON = AccessReason.EVENT_DELETE


def resolve(connection, actor, *, workspace=None, reason=REASON):
    return resolve_provider_token(
        connection=connection,
        workspace=workspace or connection.workspace,
        actor=actor,
        reason=reason,
        target="event 7",
    )


def logged():
    return list(OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome"))


def grant(socket, *, access="ya29.second", refresh=None, **options):
    body = {"access_token": access, "expires_in": 3599, "token_type": "Bearer", "scope": "openid"}
    if refresh:
        body["refresh_token"] = refresh
    socket.add(responses.POST, TOKEN_URL, json=body, **options)


def test_a_token_comes_with_exactly_one_row_that_says_why(connection, actor):
    token = resolve(connection, actor)
    assert token.secret.reveal() == ACCESS
    row = OAuthTokenAccessLog.objects.get()
    assert (row.reason, row.outcome, row.target) == (REASON, Outcome.GRANTED, "event 7")
    assert (row.actor_name, row.request_id) == ("alice@example.com", "r1")
    assert (row.connection_id, row.connection_email) == (connection.pk, "alice@gmail.example")


def test_nothing_at_rest_is_readable(connection):
    token = OAuthToken.objects.get()
    stored = bytes(token.access_sealed) + bytes(token.refresh_sealed)
    assert ACCESS.encode() not in stored
    assert REFRESH.encode() not in stored


def test_a_foreign_workspace_is_denied_in_the_connections_own_chain(
    connection, actor, other_workspace
):
    with pytest.raises(TokenDenied) as refused:
        resolve(connection, actor, workspace=other_workspace)
    assert refused.value.status == 404
    row = OAuthTokenAccessLog.objects.get()
    assert (row.workspace_id, row.outcome) == (connection.workspace_id, Outcome.DENIED)


def test_a_row_copied_to_another_connection_does_not_open(connection, actor, bob_owner):
    from tests.factories import make_connection

    other = make_connection(bob_owner, email="bob@gmail.example")
    token = OAuthToken.objects.get()
    OAuthToken.objects.create(
        workspace_id=other.workspace_id,
        connection_id=other.pk,
        provider=other.provider,
        access_sealed=token.access_sealed,
        refresh_sealed=token.refresh_sealed,
        key_id=token.key_id,
        expires_at=token.expires_at,
    )
    with pytest.raises(ReconnectNeeded):
        resolve(other, actor)


@pytest.mark.parametrize(
    ("state", "error", "outcome"),
    [
        (ConnectionState.PAUSED, UpstreamForbidden, Outcome.DENIED),
        (ConnectionState.RECONNECT_NEEDED, ReconnectNeeded, Outcome.RECONNECT_NEEDED),
    ],
)
def test_a_connection_that_is_not_active_gives_nothing(connection, actor, state, error, outcome):
    type(connection).objects.filter(pk=connection.pk).update(state=state)
    with pytest.raises(error):
        resolve(connection, actor)
    assert logged() == [(REASON, outcome)]


def test_an_erased_token_needs_a_reconnect(connection, actor):
    vault.erase_tokens(connection=connection)
    with pytest.raises(ReconnectNeeded):
        resolve(connection, actor)
    assert logged() == [(REASON, Outcome.RECONNECT_NEEDED)]


def test_a_token_near_its_end_is_refreshed_and_the_old_refresh_token_kept(
    stale_connection, actor, socket
):
    grant(socket)
    assert resolve(stale_connection, actor).secret.reveal() == "ya29.second"
    assert logged() == [("token.refresh", "granted"), (REASON, "granted")]
    assert "refresh_token=1%2F%2Fthe-refresh-token" in socket.calls[0].request.body
    token = OAuthToken.objects.get()
    assert token.expires_at > timezone.now() + timedelta(minutes=50)
    assert token.lease_holder == ""
    OAuthToken.objects.update(expires_at=timezone.now())
    grant(socket, access="ya29.third", refresh="1//rotated")
    socket.calls.reset()
    assert resolve(stale_connection, actor).secret.reveal() == "ya29.third"
    OAuthToken.objects.update(expires_at=timezone.now())
    socket.calls.reset()
    resolve(stale_connection, actor)
    assert "refresh_token=1%2F%2Frotated" in socket.calls[0].request.body


def test_a_revoked_grant_flags_the_connection_and_tells_its_owner_once(
    stale_connection, actor, socket
):
    socket.add(responses.POST, TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    for _ in range(3):
        with pytest.raises(ReconnectNeeded):
            resolve(stale_connection, actor)
    stale_connection.refresh_from_db()
    assert stale_connection.state == ConnectionState.RECONNECT_NEEDED
    assert not stale_connection.is_active
    assert len(socket.calls) == 1
    assert OutboxMessage.objects.filter(kind=RECONNECT_KIND).count() == 1
    assert logged()[0] == ("token.refresh", "granted")
    assert set(logged()[1:]) == {(REASON, "reconnect_needed")}


def test_our_own_wrong_secret_disconnects_nobody(stale_connection, actor, socket):
    socket.add(responses.POST, TOKEN_URL, json={"error": "invalid_client"}, status=401)
    with pytest.raises(Exception, match="set up") as refused:
        resolve(stale_connection, actor)
    assert refused.value.code == "upstream_unavailable"
    stale_connection.refresh_from_db()
    assert stale_connection.state == ConnectionState.ACTIVE
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 503, "json": {"error": "temporarily_unavailable"}},
        {"body": requests.ConnectionError("down")},
        {"body": requests.ReadTimeout("slow")},
        {"body": "<html>nonsense"},
    ],
    ids=["503", "down", "slow", "nonsense"],
)
def test_a_token_endpoint_in_trouble_is_a_passing_fault(stale_connection, actor, socket, answer):
    socket.add(responses.POST, TOKEN_URL, **answer)
    with pytest.raises(UpstreamUnavailable):
        resolve(stale_connection, actor)
    stale_connection.refresh_from_db()
    assert stale_connection.state == ConnectionState.ACTIVE
    assert OAuthToken.objects.get().lease_holder == ""
    grant(socket)
    socket.replace(
        responses.POST, TOKEN_URL, json={"access_token": "ya29.second", "expires_in": 3599}
    )
    assert resolve(stale_connection, actor).secret.reveal() == "ya29.second"


@pytest.mark.django_db(transaction=True)
def test_twenty_callers_at_once_refresh_once(stale_connection, actor, socket):
    grant(socket)
    barrier, tokens = threading.Barrier(20), []

    def call():
        try:
            barrier.wait()
            tokens.append(resolve(stale_connection, actor).secret.reveal())
        except Exception as error:
            tokens.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tokens == ["ya29.second"] * 20
    assert len(socket.calls) == 1
    assert logged().count(("token.refresh", "granted")) == 1
    assert logged().count((REASON, "granted")) == 20
    assert verify_chain(stale_connection.workspace_id).is_whole


@pytest.mark.django_db(transaction=True)
def test_a_token_is_never_resolved_inside_a_transaction(connection, actor):
    from django.db import transaction

    with pytest.raises(RuntimeError), transaction.atomic():
        resolve(connection, actor)
    assert logged() == []


def test_no_token_reaches_a_log_line_an_error_or_a_repr(stale_connection, actor, socket, caplog):
    caplog.set_level(logging.DEBUG)
    grant(socket, refresh="1//rotated")
    token = resolve(stale_connection, actor)
    socket.replace(responses.POST, TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    OAuthToken.objects.update(expires_at=timezone.now())
    with pytest.raises(ReconnectNeeded) as refused:
        resolve(stale_connection, actor)
    said = caplog.text + repr(token) + str(token) + repr(refused.value) + str(refused.value)
    said += str(list(OutboxMessage.objects.values()))
    for secret in (ACCESS, REFRESH, "ya29.second", "1//rotated"):
        assert secret not in said


def test_keys_rotate_while_everything_stays_readable(connection, actor, workspace, settings):
    vault.store_credential(workspace=workspace, kind="close", secret=Secret("api_key"))
    settings.TOKEN_KEYS = {
        "t2": base64.b64encode(b"2" * 32).decode(),
        **settings.TOKEN_KEYS,
    }
    call_command("rotate_token_keys", verbosity=0)
    assert OAuthToken.objects.get().key_id == "t2"
    settings.TOKEN_KEYS = {"t2": base64.b64encode(b"2" * 32).decode()}
    assert resolve(connection, actor).secret.reveal() == ACCESS
    credential = resolve_service_credential(workspace=workspace, kind="close", actor=actor)
    assert credential.reveal() == "api_key"
    assert ("credential.use", "granted") in logged()


def test_a_key_missing_from_the_ring_asks_for_a_reconnect(connection, actor, settings):
    settings.TOKEN_KEYS = {"t9": base64.b64encode(b"9" * 32).decode()}
    with pytest.raises(ReconnectNeeded):
        resolve(connection, actor)
    connection.refresh_from_db()
    assert connection.state == ConnectionState.RECONNECT_NEEDED


def test_storing_again_keeps_the_connection_and_replaces_the_pair(connection, actor):
    connection.state = ConnectionState.RECONNECT_NEEDED
    connection.save()
    vault.store_tokens(connection=connection, tokens=pair(access="ya29.new", refresh=None))
    assert resolve(connection, actor).secret.reveal() == "ya29.new"
    assert OAuthToken.objects.count() == 1


# --- Refused before its time ---


def test_a_refused_token_is_replaced_without_a_second_row_for_the_operation(
    connection, actor, socket
):
    grant(socket)
    token = resolve(connection, actor)
    assert token.renewed().reveal() == "ya29.second"
    assert logged() == [(REASON, "granted"), ("token.refresh", "granted")]
    assert resolve(connection, actor).secret.reveal() == "ya29.second"


def test_a_refused_token_that_somebody_replaced_meanwhile_is_not_refreshed_again(
    connection, actor, socket
):
    grant(socket)
    mine, other = resolve(connection, actor), resolve(connection, actor)
    other.renewed()
    assert mine.renewed().reveal() == "ya29.second"
    assert len(socket.calls) == 1


def test_a_refused_token_of_a_revoked_grant_needs_a_reconnect(connection, actor, socket):
    socket.add(responses.POST, TOKEN_URL, json={"error": "invalid_grant"}, status=400)
    token = resolve(connection, actor)
    with pytest.raises(ReconnectNeeded):
        token.renewed()
    connection.refresh_from_db()
    assert connection.state == ConnectionState.RECONNECT_NEEDED


def test_a_refused_token_that_cannot_be_replaced_now_ends_nothing(connection, actor, socket):
    socket.add(responses.POST, TOKEN_URL, status=503)
    token = resolve(connection, actor)
    with pytest.raises(UpstreamUnavailable):
        token.renewed()
    connection.refresh_from_db()
    assert connection.state == ConnectionState.ACTIVE


def test_only_the_thread_that_resolved_a_token_renews_it(connection, actor, socket):
    grant(socket)
    lasting = resolve(connection, actor).lasting()
    answers = []
    other = threading.Thread(target=lambda: answers.append(lasting.renew()))
    other.start()
    other.join()
    assert answers == [False]
    assert (lasting.renew(), lasting.reveal()) == (True, "ya29.second")
    assert lasting.renew() is False
