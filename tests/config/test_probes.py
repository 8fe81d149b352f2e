from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from common.models import OutboxMessage

pytestmark = pytest.mark.django_db


def test_healthz_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_readyz_names_what_it_looked_at(client):
    answer = client.get("/readyz")
    assert answer.json() == {"database": True, "migrations": True, "broker": True}
    assert answer.status_code == 200


def test_readyz_is_503_while_a_migration_is_missing(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'booking'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"] is False


def test_readyz_is_503_without_a_database(client):
    def refuse(execute, sql, params, many, context):
        raise DatabaseError

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] is False


def test_readyz_is_503_without_a_broker(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] is False


def test_metrics_need_the_token(client, settings):
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = "m" * 40
    assert client.get("/metrics", headers={"Authorization": "Bearer x"}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 40}"})
    assert answer.status_code == 200
    assert b"django_http_requests" in answer.content


def test_metrics_say_how_the_outbox_does(client, settings):
    settings.METRICS_TOKEN = "m" * 40
    due_at = timezone.now() - timedelta(minutes=2)
    for number, state in enumerate(["pending", "pending", "failed", "sent"]):
        OutboxMessage.objects.create(
            kind="tests.letter", dedupe_key=str(number), state=state, due_at=due_at
        )
    text = client.get("/metrics", headers={"Authorization": f"Bearer {'m' * 40}"}).text
    assert 'meridian_outbox_due{kind="tests.letter"} 2.0' in text
    assert 'meridian_outbox_failed{kind="tests.letter"} 1.0' in text
    oldest = re.search(r'meridian_outbox_oldest_due_seconds{kind="tests.letter"} (\S+)', text)
    assert 120 <= float(oldest[1]) < 180


def test_an_unknown_api_address_is_json(client):
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_an_unknown_page_is_a_page(client):
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert b"<html" in answer.content


def test_every_answer_carries_the_content_policy(client):
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
