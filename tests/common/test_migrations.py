"""What processes of the version before may still do while this one's tables are there already."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.utils import timezone

from common.models import OutboxMessage

pytestmark = pytest.mark.django_db
# As 0004 left the table.
COLUMNS_BEFORE = (
    "id, created_at, updated_at, lease_holder, kind, payload, dedupe_key, ordering_key, state,"
    " attempts, due_at, last_error"
)


def test_a_process_of_before_still_writes_messages():
    """Between `migrate` and its restart it knows nothing of later columns."""
    message_id, now = uuid.uuid4(), timezone.now()
    named = str(message_id) if connection.vendor == "postgresql" else message_id.hex
    values = [named, now, now, "", "x", "{}", "key", "", "pending", 0, now, ""]
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        sql = f"INSERT INTO outbox_messages ({COLUMNS_BEFORE}) VALUES ({marks})"
        cursor.execute(sql, values)
    message = OutboxMessage.objects.get(pk=message_id)
    assert (message.lost, message.about_id, message.failing_since_at) == (0, None, None)
