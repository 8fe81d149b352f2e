"""Faults: what goes wrong, how often, for whom, and whether the call took effect."""

from __future__ import annotations

import pytest
import requests

from sandbox.server.faults import BadFault

EVENTS = "/calendars/primary/events"
DRAFT = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}, "id": "abcde12345"}


def test_status_fault_answers_once_and_does_nothing(google, store):
    store.add_fault("google.events.insert", status=503, reason="backendError")
    refused = google.api("POST", EVENTS, json=DRAFT)
    assert refused.status_code == 503
    assert refused.json()["error"]["errors"][0]["reason"] == "backendError"
    assert google.api("GET", EVENTS).json()["items"] == []
    assert google.api("POST", EVENTS, json=DRAFT).status_code == 200


def test_fault_with_retry_after_repeats_as_often_as_told(google, store):
    store.add_fault("google.*", status=429, retry_after=7, count=2)
    answers = [google.api("GET", EVENTS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[0].json()["error"]["errors"][0]["domain"] == "usageLimits"


def test_fault_without_count_stays_until_cleared(google, store):
    store.add_fault("google.events.list", status=500, count=None)
    assert {google.api("GET", EVENTS).status_code for _ in range(4)} == {500}
    store.clear_faults()
    assert google.api("GET", EVENTS).status_code == 200


def test_fault_can_let_calls_through_first(google, store):
    store.add_fault("google.events.list", status=500, skip=1)
    assert [google.api("GET", EVENTS).status_code for _ in range(3)] == [200, 500, 200]


def test_fault_can_be_for_one_account(google, graph, personal_graph, store):
    store.add_fault("*", status=503, account="amara@outlook.example", count=None)
    assert google.api("GET", EVENTS).status_code == 200
    assert graph.api("GET", "/me").status_code == 200
    assert personal_graph.api("GET", "/me").status_code == 503


def test_lost_answer_is_a_connection_error_after_the_effect(google, store):
    store.add_fault("google.events.insert", lost=True)
    with pytest.raises(requests.ConnectionError):
        google.api("POST", EVENTS, json=DRAFT)
    again = google.api("POST", EVENTS, json=DRAFT)
    assert again.json()["error"]["errors"][0]["reason"] == "duplicate"


def test_delay_beyond_the_timeout_is_a_read_timeout_after_the_effect(google, store):
    store.add_fault("google.events.insert", delay=11)
    with pytest.raises(requests.ReadTimeout):
        google.api("POST", EVENTS, json=DRAFT, timeout=(3, 10))
    assert len(google.api("GET", EVENTS).json()["items"]) == 1


def test_delay_within_the_timeout_only_delays(google, store):
    waits = []
    google.adapter.sleep = waits.append
    store.add_fault("google.events.list", delay=2.5)
    assert google.api("GET", EVENTS, timeout=10).status_code == 200
    assert waits == [2.5]


def test_nonsense_body_is_sent_as_it_is(google, store):
    store.add_fault("google.events.list", body="<html>busy</html>", content_type="text/html")
    answer = google.api("GET", EVENTS)
    assert (answer.status_code, answer.text) == (200, "<html>busy</html>")
    assert answer.headers["Content-Type"] == "text/html"


def test_each_provider_refuses_in_its_own_words(web, graph, zoom, store):
    store.add_fault("microsoft.me", status=429, retry_after=3)
    error = graph.api("GET", "/me").json()["error"]
    assert error["code"] == "ApplicationThrottled"
    assert {"date", "request-id", "client-request-id"} <= set(error["innerError"])
    store.add_fault("zoom.users.get", status=429, reason=429, message="Slow down")
    assert zoom.api("GET", "/users/me").json() == {"code": 429, "message": "Slow down"}
    store.add_fault("google.token", status=400, reason="invalid_grant", message="Gone")
    answer = web.post("https://sandbox.test/google/token", data={}, timeout=10)
    assert answer.json() == {"error": "invalid_grant", "error_description": "Gone"}


@pytest.mark.parametrize("fault", [{"colour": "red"}, {"status": "bad"}, {"count": "many"}])
def test_fault_that_makes_no_sense_is_refused(store, fault):
    with pytest.raises(BadFault):
        store.add_fault("google.*", **fault)


def test_unreached_call_is_a_connection_error_without_an_effect(google, store):
    store.add_fault("google.events.insert", unreached=True)
    with pytest.raises(requests.ConnectionError):
        google.api("POST", EVENTS, json=DRAFT)
    assert google.api("GET", EVENTS).json()["items"] == []
