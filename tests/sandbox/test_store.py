"""The file store across restarts and a kill, threads, and the server over a real socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from sandbox.server import create_app, endpoints
from sandbox.server.accounts import BadSeed
from sandbox.server.serving import make_server
from sandbox.server.store import FileStore
from sandbox.server.transport import WSGIAdapter
from sandbox.server.visitor import grant_consent
from tests.sandbox.oauth_flow import authorize_url, exchange, returned

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "sandbox.sqlite3"


def test_reopened_file_keeps_everything(path):
    first = FileStore(path)
    amara = first.add_account("google", email="amara@finch.example")
    calendar = first.primary_calendar(amara)
    made = first.add_event(calendar, title="Kept", start=START, end=START + HOUR)
    first.add_fault("google.*", status=500)
    token = first.token_for(amara)
    first.close()
    second = FileStore(path)
    session = requests.Session()
    session.mount("https://sandbox.test/", WSGIAdapter(create_app(second)))
    address = endpoints("https://sandbox.test")["GOOGLE_API_URL"] + "/calendars/primary/events"
    headers = {"Authorization": f"Bearer {token}"}
    assert session.get(address, headers=headers, timeout=10).status_code == 500
    items = session.get(address, headers=headers, timeout=10).json()["items"]
    assert [item["id"] for item in items] == [made["body"]["id"]]
    second.close()


def test_reopened_file_signs_with_the_same_key(path):
    from_files = []
    for _ in range(2):
        store = FileStore(path)
        session = requests.Session()
        session.mount("https://sandbox.test/", WSGIAdapter(create_app(store)))
        address = endpoints("https://sandbox.test")["GOOGLE_JWKS_URL"]
        from_files.append(session.get(address, timeout=10).json())
        store.close()
    assert from_files[0] == from_files[1]


def test_dropped_record_stays_dropped(path):
    store = FileStore(path)
    store.add_fault("google.*", status=500)
    store.clear_faults()
    store.close()
    again = FileStore(path)
    assert again.all("fault") == []
    again.close()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from sandbox.server.store import FileStore
store = FileStore(sys.argv[1])
amara = store.add_account("google", email="amara@finch.example")
calendar = store.primary_calendar(amara)
start = datetime(2026, 11, 23, 9, tzinfo=UTC)
for number in range(20):
    store.add_event(calendar, title=f"Event {number}", start=start, end=start + timedelta(hours=1))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_process_loses_nothing_it_had_answered(path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], env=environment, check=False, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    store = FileStore(path)
    titles = {record["body"]["summary"] for record in store.all("event")}
    assert titles == {f"Event {number}" for number in range(20)}
    store.close()


def test_account_is_made_once_and_zones_are_checked(store):
    first = store.add_account("google", email="Amara@Finch.example", name="Amara")
    assert store.add_account("google", email="amara@finch.example") == first
    with pytest.raises(BadSeed):
        store.add_account("google", email="ben@finch.example", timezone="Mars/Base")


def test_naive_time_is_refused(store, amara):
    naive = datetime(2026, 11, 23, 9)
    with pytest.raises(BadSeed):
        store.add_event(store.primary_calendar(amara), title="x", start=naive, end=naive)


def test_one_clients_id_raced_by_many_threads_is_made_once(google):
    body = {"id": "abcde12345", "start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}

    def insert(_):
        return google.api("POST", "/calendars/primary/events", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(insert, range(24)))
    assert codes == [200] + [409] * 23


@pytest.fixture
def server(store):
    server = make_server(create_app(store), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_server_answers_over_a_socket_with_its_own_address_in_links(server, session, store, amara):
    address = endpoints(server.base_url)["GOOGLE_API_URL"] + "/calendars/primary/events"
    headers = {"Authorization": f"Bearer {store.token_for(amara)}"}
    body = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    made = session.post(address, json=body, headers=headers, timeout=10).json()
    assert made["htmlLink"].startswith(server.base_url)
    assert session.delete(f"{address}/{made['id']}", headers=headers, timeout=10).status_code == 204
    assert session.get(server.base_url, timeout=10).status_code == 200


def test_server_drops_the_connection_after_the_effect(server, session, store, amara):
    address = endpoints(server.base_url)["GOOGLE_API_URL"] + "/calendars/primary/events"
    headers = {"Authorization": f"Bearer {store.token_for(amara)}"}
    body = {"start": {"date": "2026-11-23"}, "end": {"date": "2026-11-24"}}
    store.add_fault("google.events.insert", lost=True)
    with pytest.raises(requests.ConnectionError):
        session.post(address, json=body, headers=headers, timeout=10)
    assert len(session.get(address, headers=headers, timeout=10).json()["items"]) == 1


def test_server_delays_until_the_client_gives_up(server, session, store, amara):
    address = endpoints(server.base_url)["GOOGLE_API_URL"] + "/calendars/primary/events"
    headers = {"Authorization": f"Bearer {store.token_for(amara)}"}
    store.add_fault("google.events.list", delay=60)
    with pytest.raises(requests.ReadTimeout):
        session.get(address, headers=headers, timeout=(20, 0.2))


def test_slow_answer_holds_nobody_else_up(server, session, store, amara):
    app, is_delayed, may_go_on = server.app, threading.Event(), threading.Event()

    def waiting(environ, start_response):
        environ["sandbox.pause"] = lambda seconds: is_delayed.set() or may_go_on.wait(seconds)
        return app(environ, start_response)

    server.app = waiting
    address = endpoints(server.base_url)["GOOGLE_API_URL"]
    headers = {"Authorization": f"Bearer {store.token_for(amara)}"}
    store.add_fault("google.events.list", delay=60)
    with ThreadPoolExecutor(1) as pool:
        events = f"{address}/calendars/primary/events"
        slow = pool.submit(requests.get, events, headers=headers, timeout=120)
        assert is_delayed.wait(60)
        answer = session.get(f"{address}/users/me/calendarList", headers=headers, timeout=20)
        assert answer.status_code == 200
        assert not slow.done()
        may_go_on.set()
    assert slow.result().status_code == 200


def test_whole_flow_runs_on_the_visitor_alone(web, amara):
    back = returned(grant_consent(web, authorize_url("google"), email=amara["email"]))
    assert exchange(web, "google", back["code"]).status_code == 200
