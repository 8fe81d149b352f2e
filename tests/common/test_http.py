"""The door to other services, against real sockets and answers faked at the socket."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses
from requests.adapters import BaseAdapter

from common import http
from common.errors import BadReply, UpstreamUnavailable
from common.http import ProviderSession, parse_retry_after
from common.secrets import Secret

URL = "https://api.example.com/things"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# Of pieces that come twenty in a second: who waits for more has no limit, however slow the machine.
GIVEN_UP = 1_000


@pytest.fixture
def session():
    return ProviderSession("The example", time_limit=timedelta(seconds=5))


class Server:
    """A socket that answers every connection with what it is told, as slowly as it is told.

    `said` is how many pieces were waited for.
    """

    def __init__(self, pieces, pause=0.0):
        self.pieces, self.pause = pieces, pause
        self.seen = []
        self.said = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self):
        while not self.stopping.is_set():
            connection, _ = self.listener.accept()
            with connection:
                if self.stopping.is_set():
                    return
                self.seen.append(connection.recv(65536))
                try:
                    for piece in self.pieces:
                        connection.sendall(piece)
                        if self.stopping.wait(self.pause):
                            return
                        self.said += 1
                except OSError:
                    continue

    def close(self):
        self.stopping.set()
        socket.create_connection(self.listener.getsockname()).close()
        self.thread.join()
        self.listener.close()


@pytest.fixture
def serve():
    servers = []

    def start(*pieces, pause=0.0):
        servers.append(Server(pieces, pause))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def reply(body, *headers):
    lines = [b"HTTP/1.1 200 OK", b"Connection: close", b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*lines, b"", body])


# --- What is sent ---


@responses.activate
def test_send_carries_token_json_and_headers(session):
    responses.post(URL, json={"id": 1}, status=201)

    answer = session.send(
        "POST",
        URL,
        token=Secret("t0ken"),
        json={"a": 1},
        params={"q": "x y"},
        headers={"If-Match": '"1"'},
    )

    sent = responses.calls[0].request
    assert (answer.status, answer.ok, answer.data) == (201, True, {"id": 1})
    assert sent.url == URL + "?q=x+y"
    assert sent.headers["Authorization"] == "Bearer t0ken"
    assert sent.headers["If-Match"] == '"1"'
    assert sent.headers["User-Agent"] == "Meridian"
    assert sent.body == b'{"a": 1}'


@responses.activate
def test_send_follows_no_redirect(session):
    responses.get(URL, status=302, headers={"Location": "https://evil.example/"})

    answer = session.send("GET", URL, token=Secret("t0ken"))

    assert (answer.status, answer.ok, len(responses.calls)) == (302, False, 1)


@responses.activate
def test_cookies_are_never_kept(session):
    responses.get(URL, json={}, headers={"Set-Cookie": "a=b; Path=/"})

    session.send("GET", URL)
    session.send("GET", URL)

    assert "Cookie" not in responses.calls[1].request.headers


def test_proxies_and_netrc_of_the_environment_are_ignored(session, serve, monkeypatch, tmp_path):
    server = serve(reply(b"{}"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password pw\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")

    assert session.send("GET", server.url).ok
    assert b"Authorization" not in server.seen[0]


# --- What comes back ---


@responses.activate
@pytest.mark.parametrize("body", ["<html>", "{", "[1, NaN]", b"\xed\xb3\xbf"])
def test_success_that_is_no_json_is_a_bad_reply(session, body):
    responses.get(URL, body=body)

    with pytest.raises(BadReply):
        session.send("GET", URL)


@responses.activate
def test_nested_beyond_reason_is_a_bad_reply(session):
    responses.get(URL, body="[" * 100_000)

    with pytest.raises(BadReply):
        session.send("GET", URL)


@responses.activate
def test_failure_that_is_no_json_is_an_answer_without_data(session):
    responses.get(URL, body="<html>Bad gateway</html>", status=502)

    answer = session.send("GET", URL)

    assert (answer.status, answer.ok, answer.data) == (502, False, None)


@responses.activate
def test_empty_success_has_no_data(session):
    responses.delete(URL, status=204)

    assert session.send("DELETE", URL).data is None


def test_answer_that_grows_too_large_is_a_bad_reply(serve):
    squeezed = gzip.compress(b'"' + b"a" * 5_000_000 + b'"')
    server = serve(reply(squeezed, b"Content-Encoding: gzip"))
    session = ProviderSession("The example", time_limit=5 * SECOND, size_limit=1_000_000)

    with pytest.raises(BadReply):
        session.send("GET", server.url)


def test_answer_in_gzip_is_unpacked(session, serve):
    squeezed = gzip.compress(b'{"a": "' + b"b" * 300_000 + b'"}')
    server = serve(reply(squeezed, b"Content-Encoding: gzip"))

    assert session.send("GET", server.url).data == {"a": "b" * 300_000}


# --- Time ---


def test_server_that_never_answers_is_unavailable_within_the_limit(serve):
    server = serve(b"", pause=600)
    session = ProviderSession("The example", time_limit=SECOND / 5)

    with pytest.raises(UpstreamUnavailable):
        session.send("GET", server.url)
    assert server.said == 0


def test_answer_that_only_drips_is_unavailable_within_the_limit(serve):
    whole = reply(b'"' + b"a" * 9_998 + b'"')
    head, body = whole[:-10_000], whole[-10_000:]
    server = serve(head, *[bytes([byte]) for byte in body], pause=0.05)
    session = ProviderSession("The example", time_limit=SECOND / 4)

    with pytest.raises(UpstreamUnavailable):
        session.send("GET", server.url)
    assert server.said < GIVEN_UP


@pytest.mark.parametrize(
    ("line", "size"), [(b"X-Header: a\r\n", 1), (b"HTTP/1.1 100 Continue\r\n\r\n", 25)]
)
def test_headers_that_only_drip_are_unavailable_within_the_limit(serve, line, size):
    """Each piece began the socket's time limit anew: they were waited for as long as they came."""
    head = (b"" if size > 1 else b"HTTP/1.1 200 OK\r\n") + line * 500 * size
    server = serve(*[head[at : at + size] for at in range(0, 6_000 * size, size)], pause=0.05)
    session = ProviderSession("The example", time_limit=SECOND / 4)

    with pytest.raises(UpstreamUnavailable):
        session.send("GET", server.url)
    assert server.said < GIVEN_UP


def test_slow_answer_within_the_limit_is_read(session, serve):
    whole = reply(b'{"a": 1}', b"X-Long: " + b"x" * 20)
    server = serve(*[whole[at : at + 10] for at in range(0, len(whole), 10)], pause=0.01)

    assert session.send("GET", server.url).data == {"a": 1}


def test_connection_is_used_again_after_an_answer(session):
    """The next request has its own limit on it, not what was left of the last one's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = []

        def answer():
            connection, _ = listener.accept()
            with connection:
                for _ in range(3):
                    taken.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        server = threading.Thread(target=answer)
        server.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            answers = [session.send("GET", url, time_limit=10 * SECOND).status for _ in range(3)]
        finally:
            server.join()
    assert answers == [200, 200, 200]
    assert len(taken) == 3


def test_total_limit_bounds_all_requests_together(serve):
    server = serve(reply(b"{}"))
    session = ProviderSession("The example", time_limit=5 * SECOND, total_time_limit=3 * SECOND)

    assert session.send("GET", server.url).ok
    time.sleep(3.01)
    with pytest.raises(UpstreamUnavailable):
        session.send("GET", server.url)
    assert len(server.seen) == 1


def test_connection_cut_in_mid_answer_is_unavailable(session, serve):
    server = serve(reply(b'{"a": 1}')[:-3])

    with pytest.raises(UpstreamUnavailable):
        session.send("GET", server.url)


# --- Silence ---


def every_word(error):
    """The text of an error and of all that hangs on it."""
    words = []
    while error is not None:
        words += [repr(error), str(error), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return " ".join(words)


@pytest.mark.parametrize("body", [requests.ConnectionError("q=s3cret"), "s3cret", b"[s3cret"])
@responses.activate
def test_no_error_and_no_log_holds_address_token_or_body(session, caplog, body):
    caplog.set_level(logging.DEBUG)
    responses.post(URL, body=body)

    with pytest.raises(UpstreamUnavailable) as caught:
        session.send("POST", URL, params={"q": "s3cret"}, token=Secret("s3cret"), json="s3cret")

    assert "s3cret" not in every_word(caught.value)
    assert "s3cret" not in caplog.text


def test_refused_connection_names_no_address(session):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(UpstreamUnavailable) as caught:
        session.send("GET", f"http://127.0.0.1:{port}/?code=s3cret")

    assert "s3cret" not in every_word(caught.value)
    assert "The example" in caught.value.message


# --- Stand-ins ---


class Echo(BaseAdapter):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def send(self, request, **kwargs):
        from io import BytesIO

        from requests.adapters import HTTPAdapter
        from urllib3 import HTTPResponse

        raw = HTTPResponse(
            body=BytesIO(f'"{self.name}"'.encode()), status=200, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self):
        pass


def test_mounted_stand_in_serves_every_session_and_the_longest_prefix_wins(session):
    http.mount("https://mounted.test", Echo("short"))
    http.mount("https://mounted.test/deep/", Echo("long"))
    try:
        assert session.send("GET", "https://mounted.test/x").data == "short"
        assert session.send("GET", "https://MOUNTED.test/deep/x").data == "long"
        other = ProviderSession("Another", time_limit=SECOND)
        assert other.send("GET", "https://mounted.test/x").data == "short"
    finally:
        http.unmount("https://mounted.test")
        http.unmount("https://mounted.test/deep/")

    with responses.RequestsMock() as upstream:
        upstream.get("https://mounted.test/x", json="real")
        assert session.send("GET", "https://mounted.test/x").data == "real"


# --- Retry-After ---


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("17", timedelta(seconds=17)),
        (" 0 ", timedelta(0)),
        ("1.5", timedelta(seconds=1.5)),
        ("Mon, 02 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("2026-03-03T00:00:00Z", timedelta(hours=12)),
        ("2026-03-02T13:00:00+01:00", timedelta(0)),
        ("Mon, 02 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", None),
        ("Mon, 99 Mar 2026 11:00:00 GMT", None),
    ],
)
def test_parse_retry_after(value, wait):
    assert parse_retry_after(value, now=NOON) == wait


@responses.activate
def test_answer_tells_how_long_to_wait(session):
    responses.get(URL, status=429, json={}, headers={"Retry-After": "12"})

    assert session.send("GET", URL).retry_after == timedelta(seconds=12)


def test_token_that_no_header_can_hold_is_unavailable_and_not_in_the_error():
    """http.client raises a UnicodeEncodeError, which carries the whole header."""
    with pytest.raises(UpstreamUnavailable) as caught:
        ProviderSession("Google", time_limit=timedelta(seconds=1)).send(
            "GET", "http://127.0.0.1:9/x", token=Secret("s3cret\u20ac")
        )
    assert caught.value.__context__ is None
    assert "s3cret" not in repr(caught.value)
