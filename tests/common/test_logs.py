"""What an error that nobody foresaw quotes is in no log line."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from django.db import IntegrityError

from common.logs import json_formatter
from common.models import OutboxMessage

ROW = """null value in column "lost" violates not-null constraint
DETAIL:  Failing row contains (7, Bea Lind
second line of a note, null).
CONTEXT:  SQL statement "…"
"""


def logged(error):
    try:
        raise RuntimeError("while sending") from error
    except RuntimeError:
        record = logging.LogRecord(
            "x", logging.WARNING, __file__, 1, "failed", None, sys.exc_info()
        )
    return json.loads(json_formatter().format(record))


@pytest.mark.parametrize(
    "quoted", ["bea.lind@visitor.example", "<bea@visitor.example>: no", "to='bea@bücher.example'"]
)
def test_no_address_is_logged_and_where_it_broke_is(quoted):
    said = logged(ValueError(f"no mail {quoted} today"))["exception"]
    assert "bea" not in said
    assert "today" in said
    assert "test_logs.py" in said
    assert "RuntimeError: while sending" in said


def test_a_librarys_own_words_for_an_error_hold_no_address():
    """As Celery's: Task … raised unexpected: …"""
    said = ("Task %s raised unexpected: %r", ("x", ValueError("bea@visitor.example\nDETAIL:  Bea")))
    record = logging.LogRecord("celery", logging.ERROR, __file__, 1, *said, None)
    event = json.loads(json_formatter().format(record))["event"]
    assert event.startswith("Task x raised unexpected: ValueError")
    assert "visitor" not in event


def test_no_row_is_logged_and_what_it_broke_is():
    said = logged(IntegrityError(ROW))["exception"]
    assert "Bea Lind" not in said
    assert "second line" not in said
    assert "not-null constraint" in said
    assert "RuntimeError: while sending" in said


def line_of(logger, **extra):
    record = logging.getLogger(logger).makeRecord(
        logger, logging.WARNING, __file__, 1, "outbox message failed", (), None, extra=extra
    )
    return json.loads(json_formatter().format(record))


def test_a_line_of_ours_names_what_failed_and_of_what():
    said = line_of(
        "common.outbox.delivery", kind="booking.notification", attempt=3, error="OSError"
    )
    assert (said["kind"], said["attempt"], said["error"]) == ("booking.notification", 3, "OSError")


def test_what_a_library_adds_to_its_line_is_not_logged():
    said = line_of("celery.app.trace", data={"args": "bea@visitor.example"}, code="secret")
    assert set(said) == {"event", "level", "logger", "timestamp"}


def test_what_a_line_of_ours_has_besides_is_not_logged():
    assert "email" not in line_of("booking.services.mail", email="bea@visitor.example")


@pytest.mark.django_db
def test_what_the_database_says_of_a_row_is_not_logged():
    OutboxMessage.objects.create(kind="x", dedupe_key="for bea@visitor.example")
    with pytest.raises(IntegrityError) as caught:
        OutboxMessage.objects.create(kind="x", dedupe_key="for bea@visitor.example")
    assert "bea@" not in logged(caught.value)["exception"]
