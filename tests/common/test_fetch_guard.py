"""What is fetched from an address that somebody typed, and everything that is not."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

from common import fetch_guard
from common.errors import BadReply, UpstreamUnavailable
from common.fetch_guard import AddressRefused, FetchFailed, clean_address, fetch, is_public
from common.secrets import Secret
from tests.feeds import LOOPBACK, feed_server


@pytest.fixture
def feeds():
    with feed_server() as server:
        yield server


def get(url, **limits):
    return fetch(Secret(url), **limits)


# --- Addresses ---


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("webcal://feeds.example/a.ics?k=1", "https://feeds.example/a.ics?k=1"),
        ("  WEBCALS://feeds.example/a.ics ", "https://feeds.example/a.ics"),
        ("https://feeds.example", "https://feeds.example/"),
        ("http://feeds.example:80/a#part", "http://feeds.example/a"),
        ("https://bücher.example:8443/a", "https://xn--bcher-kva.example:8443/a"),
        ("https://[2001:4860:4860::8888]/a", "https://[2001:4860:4860::8888]/a"),
    ],
)
def test_address_is_brought_into_one_form(typed, cleaned):
    assert clean_address(typed) == cleaned


@pytest.mark.parametrize(
    "typed",
    [
        "", "feeds.example/a.ics", "ftp://feeds.example/a", "file:///etc/passwd", "gopher://x/",
        "https://", "https:///a", "https://user:pass@feeds.example/", "https://user@x.example/",
        "https://x.example:25/", "https://x.example:99999/", "https://x.example:port/",
        "https://a b.example/", "https://x.example/\r\nHost: y", "https://[::1", "javascript:1",
        "https://x.example/" + "a" * 2000, "data:text/calendar,BEGIN", "https://..../",
    ],
)  # fmt: skip
def test_address_that_cannot_be_read_is_refused(typed):
    with pytest.raises(AddressRefused):
        clean_address(typed)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254",
        "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_internal_address_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_address_of_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "127.1", "0.0.0.0"]
)
def test_every_spelling_of_this_machine_is_refused_before_a_connection(host):
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        with pytest.raises((AddressRefused, UpstreamUnavailable)):
            get(f"http://{host}:{port}/")
        with pytest.raises(TimeoutError):
            server.accept()


def test_host_that_is_partly_internal_is_refused(monkeypatch):
    answers = [(0, 0, 0, "", (ip, 443)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answers)
    with pytest.raises(AddressRefused):
        fetch_guard.public_addresses("feeds.example", 443)


def test_unknown_host_is_said(monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(UpstreamUnavailable, match=r"nowhere\.invalid could not be found"):
        get("https://nowhere.invalid/a.ics")


# --- Fetching ---


def test_body_comes_back_and_the_named_host_was_asked(feeds):
    url = feeds.serve(b"hello")
    assert get(url) == b"hello"
    ((path, headers),) = feeds.asked
    assert path == "/holidays.ics?key=s3cret"
    assert headers["Host"] == f"feeds.example:{feeds.port}"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers)


def test_packed_body_is_unpacked(feeds):
    url = feeds.serve((200, {"Content-Encoding": "gzip"}, gzip.compress(b"hello")))
    assert get(url) == b"hello"


@pytest.mark.parametrize("packed", [True, False])
def test_body_that_is_too_large_is_refused(feeds, packed):
    body, headers = b"x" * 3_000_000, {}
    if packed:
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
    url = feeds.serve((200, headers, body))
    with pytest.raises(BadReply, match="more than 1 MB"):
        get(url, size_limit=1024 * 1024)


def test_broken_packing_is_refused(feeds):
    url = feeds.serve((200, {"Content-Encoding": "gzip"}, b"not packed"))
    with pytest.raises(BadReply):
        get(url)


@pytest.mark.parametrize("status", [401, 403, 404, 410, 500, 503])
def test_refusal_names_host_and_status_only(feeds, status):
    url = feeds.serve((status, {}, b"secret body"))
    with pytest.raises(FetchFailed) as failure:
        get(url)
    assert failure.value.message == f"feeds.example answered {status}."


def test_time_limit_holds_against_silence(feeds):
    """Without it this would never end."""
    with socket.create_server((LOOPBACK, 0)) as silent, pytest.raises(UpstreamUnavailable):
        get(
            f"http://feeds.example:{silent.getsockname()[1]}/",
            time_limit=timedelta(seconds=0.3),
        )


def test_time_limit_holds_against_headers_that_drip(feeds):
    stopping, said = threading.Event(), []
    with socket.create_server((LOOPBACK, 0)) as listener:

        def drip():
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X-Header: a\r\n" * 99:
                    connection.sendall(bytes([byte]))
                    if stopping.wait(0.05):
                        return
                    said.append(byte)

        server = threading.Thread(target=drip)
        server.start()
        try:
            with pytest.raises(UpstreamUnavailable):
                get(
                    f"http://feeds.example:{listener.getsockname()[1]}/",
                    time_limit=timedelta(seconds=0.3),
                )
        finally:
            stopping.set()
            # Who had not even connected within the limit is still waited for.
            socket.create_connection(listener.getsockname()).close()
            server.join()
    # Twenty in a second: who waits for more has no limit, however slow the machine.
    assert len(said) < 1_000


def test_slow_lookup_is_given_up():
    may_go_on = threading.Event()

    def slow(host, port):
        may_go_on.wait(60)
        return [LOOPBACK]

    try:
        with fetch_guard.resolving_with(slow), pytest.raises(UpstreamUnavailable, match="in time"):
            get("http://feeds.example/", time_limit=timedelta(seconds=0.1))
    finally:
        may_go_on.set()


def test_certificate_has_to_be_the_hosts(feeds):
    with pytest.raises(UpstreamUnavailable):
        get(feeds.url().replace("http://", "https://"))


# --- Redirects ---


def test_redirects_are_followed_three_times(feeds):
    for number in range(3):
        feeds.serve((302, {"Location": f"/{number + 1}"}, b""), f"/{number}")
    feeds.serve(b"there", "/3")
    assert get(feeds.url("/0")) == b"there"


def test_fourth_redirect_is_refused(feeds):
    feeds.serve((302, {"Location": "/loop"}, b""), "/loop")
    with pytest.raises(FetchFailed):
        get(feeds.url("/loop"))
    assert len(feeds.asked) == 4


@pytest.mark.parametrize(
    "onward", ["file:///etc/passwd", "ftp://x/", "http://u:p@x/", "https:///x"]
)
def test_redirect_to_what_is_not_fetched_is_refused(feeds, onward):
    url = feeds.serve((302, {"Location": onward}, b""))
    with pytest.raises(AddressRefused):
        get(url)


def test_redirect_into_a_private_network_is_refused(feeds):
    """Each step is looked up and checked anew."""

    def public_once(host, port):
        if host == "feeds.example":
            return [LOOPBACK]
        return fetch_guard.public_addresses(host, port)

    url = feeds.serve((302, {"Location": f"http://127.0.0.1:{feeds.port}/inside"}, b""))
    with fetch_guard.resolving_with(public_once), pytest.raises(AddressRefused):
        get(url)
    assert [path for path, _ in feeds.asked] == ["/holidays.ics?key=s3cret"]


def test_name_is_looked_up_once_for_each_request(feeds):
    """A name that answers otherwise the second time cannot lead the connection elsewhere."""
    looked = []

    def once(host, port):
        looked.append(host)
        return [LOOPBACK]

    url = feeds.serve(b"hello")
    with fetch_guard.resolving_with(once):
        get(url)
    assert looked == ["feeds.example"]


# --- Silence ---


def test_nothing_of_the_address_but_its_host_is_told(feeds, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FetchFailed) as failure:
        get(feeds.url("/feed.ics?key=s3cret"))
    seen = failure.value
    while seen is not None:
        assert "s3cret" not in repr(seen)
        seen = seen.__cause__ or seen.__context__
    assert "s3cret" not in caplog.text
