from __future__ import annotations

import pytest
from django.core import mail

from audit.enums import ConnectionState
from audit.services.tokens import mark_reconnect_needed
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage
from tests.factories import make_connection


def test_the_owner_is_told_once_which_account_needs_them(owner):
    connection = make_connection(owner, email="desk@northgate.example")
    for _ in range(3):
        mark_reconnect_needed(connection)
    outbox.sweep()
    outbox.sweep()
    (letter,) = mail.outbox
    assert letter.to == [owner.notice_email]
    assert letter.subject == "Google needs you: connect desk@northgate.example again"
    assert "Nothing is lost." in letter.body
    assert "http://testserver/calendar/connections" in letter.body
    html, kind = letter.alternatives[0]
    assert kind == "text/html"
    assert "desk@northgate.example" in html


def test_nobody_is_told_when_it_was_connected_again_meanwhile(user_owner):
    connection = make_connection(user_owner)
    mark_reconnect_needed(connection)
    connection.state = ConnectionState.ACTIVE
    connection.save()
    outbox.sweep()
    assert mail.outbox == []
    assert OutboxMessage.objects.get().state == OutboxState.SENT


def test_a_connection_that_is_gone_ends_the_message(user_owner):
    connection = make_connection(user_owner)
    mark_reconnect_needed(connection)
    connection.delete()
    outbox.sweep()
    assert OutboxMessage.objects.get().state == OutboxState.SENT


@pytest.mark.django_db
def test_a_second_break_is_told_again(user_owner):
    connection = make_connection(user_owner)
    for _ in range(2):
        mark_reconnect_needed(connection)
        outbox.sweep()
        connection.state = ConnectionState.ACTIVE
        connection.save()
    assert len(mail.outbox) == 2
