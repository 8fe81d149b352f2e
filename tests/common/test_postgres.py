"""Instants come back from PostgreSQL as Django's own loader has them, and dead connections not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import DataError, connection

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not settings.IS_POSTGRES, reason="about PostgreSQL's driver"),
]


def _read(text: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-19 14:30+00", datetime(2026, 11, 19, 14, 30, tzinfo=UTC)),
        ("2026-11-19 14:30+05:45", datetime(2026, 11, 19, 8, 45, tzinfo=UTC)),
        ("2026-11-19 14:30:07.5-03", datetime(2026, 11, 19, 17, 30, 7, 500_000, tzinfo=UTC)),
        ("2026-11-19 14:30:07.000001+00", datetime(2026, 11, 19, 14, 30, 7, 1, tzinfo=UTC)),
        ("0001-01-01 00:00+00", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31 23:59:59.999999+00", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_instant_is_read_in_utc(written: str, read: datetime):
    found = _read(written)
    assert found == read
    assert found.tzinfo is UTC


def test_instant_of_a_connection_in_another_zone_is_read_in_utc():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'")
    found = _read("2026-11-19 14:30+00")
    assert found == datetime(2026, 11, 19, 14, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("beyond", ["infinity", "-infinity", "12026-11-19 14:30+00"])
def test_instant_beyond_pythons_years_is_an_error(beyond: str):
    with pytest.raises(DataError):
        _read(beyond)


def test_nothing_is_read_as_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT NULL::timestamptz")
        assert cursor.fetchone() == (None,)


def test_every_connection_reads_by_the_fast_loader():
    from common.postgres import UtcLoader

    with connection.cursor() as cursor:
        oid = connection.connection.adapters.types["timestamptz"].oid
        assert cursor.cursor.adapters.get_loader(oid, 0) is UtcLoader


def _taken_and_given_back() -> int:
    """The connection that the pool gave."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        found = cursor.fetchone()[0]
    connection.close()
    return found


def test_a_connection_that_the_database_hung_up_on_is_nobodys_error():
    with ThreadPoolExecutor(1) as somebody:
        before = {somebody.submit(_taken_and_given_back).result() for _ in range(4)}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s) pid", [list(before)])
        after = {somebody.submit(_taken_and_given_back).result() for _ in range(4)}
    assert not before & after
