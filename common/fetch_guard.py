"""Fetching from an address that somebody typed: public hosts only, small, quick, and silent.

The host is looked up once and connected to by the number found, so that the name cannot lead
elsewhere a moment later; every redirect goes through the same check. OWASP, Server-Side Request
Forgery Prevention.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LookupTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

import certifi
import urllib3

from common.deadlines import BoundedHTTPPool, BoundedHTTPSPool, bound
from common.domains import ascii_domain
from common.errors import BadReply, TooLarge, UpstreamForbidden, UpstreamUnavailable
from common.http import USER_AGENT
from common.secrets import Secret

if TYPE_CHECKING:
    from urllib.parse import SplitResult

MOST_REDIRECTS: Final = 3
SIZE_LIMIT: Final = 5 * 1024 * 1024
TIME_LIMIT: Final = timedelta(seconds=10)
LONGEST_ADDRESS: Final = 2000
_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_UNCHANGED: Final = 304
_LONGEST_NAME: Final = 300
_PORTS: Final = {"http": 80, "https": 443}
# What is mapped into this is an IPv4 address in disguise. RFC 6052.
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Not of the open internet, though not every version of Python says so: the IETF's own, the local
# translations of RFC 8215, and what only a machine in Azure reaches.
_INTERNAL: Final = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "64:ff9b:1::/48", "168.63.129.16/32"))
)
_REFUSED: Final = "This address leads into a private network. Only public addresses are read."

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]


class AddressRefused(UpstreamForbidden):
    """The address is none that may be fetched, or leads to one that may not."""

    default_message = _REFUSED


class FetchFailed(UpstreamForbidden):
    """The server answered and did not hand it over."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a server calls the state of what it handed over: `ETag`, `Last-Modified`, or neither."""

    etag: str = ""
    modified: str = ""

    def as_headers(self) -> dict[str, str]:
        """The question whether it is still that. RFC 9110, 13.1."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body, and the edition it is, to be asked for again."""

    body: bytes
    edition: Edition


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: what to connect to, and what to ask for. Holds what may be secret."""

    scheme: str
    host: str
    port: int
    path: Secret

    @property
    def netloc(self) -> str:
        """The `Host` header: without the port where that is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def clean_address(typed: str) -> str:
    """The address as it will be fetched; `webcal://` is `https://`. Raises AddressRefused."""
    text = typed.strip()
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() in {"webcal", "webcals"}:
        text = f"https://{rest}"
    target = _target(text)
    return urlunsplit((target.scheme, target.netloc, *urlsplit(target.path.reveal())[2:4], ""))


def host_of(address: str) -> str:
    """The host of a clean address: the part that may be shown."""
    return _target(address).host


def fetch(
    address: Secret, *, time_limit: timedelta = TIME_LIMIT, size_limit: int = SIZE_LIMIT
) -> bytes:
    """The body of a public address, whole, or an error; see `fetch_if_new`."""
    found = fetch_if_new(address, Edition(), time_limit=time_limit, size_limit=size_limit)
    if found is None:
        raise FetchFailed("The server says that nothing changed, and was not asked that.")
    return found.body


def fetch_if_new(
    address: Secret,
    seen: Edition,
    *,
    time_limit: timedelta = TIME_LIMIT,
    size_limit: int = SIZE_LIMIT,
) -> Fetched | None:
    """The body of a public address, whole; None when it is still the edition that was `seen`.

    Raises AddressRefused, FetchFailed for an answer that is no success, TooLarge for one too
    large, UpstreamUnavailable when none came in time. No text of theirs holds more of the address
    than its host.
    """
    ends = time.monotonic() + time_limit.total_seconds()
    url, asked = address.reveal(), seen.as_headers()
    for _ in range(MOST_REDIRECTS + 1):
        target = _target(url)
        with _answer(target, ends, asked) as response:
            if response.status == _UNCHANGED and asked:
                return None
            if response.status not in _REDIRECTS:
                body = _body(response, target, ends, size_limit)
                return Fetched(body, _edition(response))
            onward = urljoin(url, response.headers.get("Location", ""))
        if target.scheme == "https" and not onward.lower().startswith("https://"):
            raise AddressRefused(f"{target.host} leads on to an address that is not encrypted.")
        url = onward
    raise FetchFailed("This address leads on and on to others.")


def is_public(text: str) -> bool:
    """Whether an IP address is one of the open internet, and is not another one in disguise."""
    if "%" in text:
        return False
    address: Address = ipaddress.ip_address(text)
    inner = _inside(address)
    if inner is not None:
        return is_public(str(inner))
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified
    is_site = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    is_internal = any(address in network for network in _INTERNAL)
    return address.is_global and not (is_special or is_site or is_internal)


def public_addresses(host: str, port: int) -> Sequence[str]:
    """Where the host is, if all of it is public. Raises AddressRefused, UpstreamUnavailable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not addresses:
        raise UpstreamUnavailable(f"{host} could not be found.")
    if not all(map(is_public, addresses)):
        raise AddressRefused
    return addresses


class _Look:
    """How hosts are looked up: the default refuses what is not public."""

    resolver: Resolver = staticmethod(public_addresses)


@contextmanager
def resolving_with(resolver: Resolver) -> Iterator[None]:
    """Look hosts up otherwise for a while; for tests, which have no public host to fetch from."""
    before = _Look.resolver
    _Look.resolver = staticmethod(resolver)
    try:
        yield
    finally:
        _Look.resolver = before


def _inside(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _target(url: str) -> Target:
    parts = _split(url)
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not host:
        raise AddressRefused("Write an address that begins with https:// or webcal://.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("An address with a user name in it is not read.")
    try:
        port = parts.port or _PORTS[parts.scheme]
        host = host if ":" in host else ascii_domain(host)
    except (ValueError, UnicodeError):
        raise AddressRefused("This address cannot be read.") from None
    if port not in _PORTS.values() and port < 1024:
        raise AddressRefused("This address names a port that is not read.")
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return Target(parts.scheme, host, port, Secret(path))


def _split(url: str) -> SplitResult:
    is_plain = len(url) <= LONGEST_ADDRESS and url.isprintable() and " " not in url
    try:
        if is_plain:
            return urlsplit(url)
    except ValueError:
        is_plain = False
    raise AddressRefused("This address cannot be read.")


@cache
def _lookups() -> ThreadPoolExecutor:
    """The system's look-up knows no time limit; whoever waits for it has one."""
    return ThreadPoolExecutor(4, thread_name_prefix="lookup")


# Threads do not survive a fork.
os.register_at_fork(after_in_child=_lookups.cache_clear)


def _addresses(target: Target, ends: float) -> Sequence[str]:
    looking = _lookups().submit(_Look.resolver, target.host, target.port)
    try:
        return looking.result(timeout=_left(target, ends))
    except LookupTimeout:
        looking.cancel()
        raise UpstreamUnavailable(f"{target.host} could not be found in time.") from None


def _left(target: Target, ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise UpstreamUnavailable(f"{target.host} took too long.")
    return left


@contextmanager
def _answer(
    target: Target, ends: float, asked: dict[str, str]
) -> Iterator[urllib3.BaseHTTPResponse]:
    """The answer to one request, to an address that was looked up and checked just now."""
    address = _addresses(target, ends)[0]
    failed = False
    try:
        with _pool(target, address, _left(target, ends)) as pool:
            response = pool.urlopen(
                "GET",
                target.path.reveal(),
                headers={
                    "Host": target.netloc,
                    "User-Agent": USER_AGENT,
                    "Accept": "text/calendar, */*;q=0.1",
                    "Accept-Encoding": "gzip, identity",
                    **asked,
                },
                redirect=False,
                retries=False,
                assert_same_host=False,
                preload_content=False,
                decode_content=False,
            )
            with response:
                yield response
    except (OSError, urllib3.exceptions.HTTPError, UnicodeError):
        failed = True
    if failed:
        # Raised out here so that the error with the address in it is not in its context.
        raise UpstreamUnavailable(f"{target.host} did not answer.")


def _pool(target: Target, address: str, left: float) -> urllib3.HTTPConnectionPool:
    """A connection to the number, whose certificate has to name the host."""
    timeout = bound(connect=min(left, 4), whole=left)
    if target.scheme == "http":
        return BoundedHTTPPool(address, target.port, timeout=timeout)
    return BoundedHTTPSPool(
        address,
        target.port,
        timeout=timeout,
        server_hostname=target.host,
        assert_hostname=target.host,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
    )


def _edition(response: urllib3.BaseHTTPResponse) -> Edition:
    """What is too long or odd to be sent back as it came is left out."""
    named = (response.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    etag, modified = (
        text if len(text) <= _LONGEST_NAME and text.isascii() and text.isprintable() else ""
        for text in named
    )
    return Edition(etag, modified)


def _body(
    response: urllib3.BaseHTTPResponse, target: Target, ends: float, size_limit: int
) -> bytes:
    if not 200 <= response.status < 300:
        raise FetchFailed(f"{target.host} answered {response.status}.")
    too_large = f"{target.host} sent more than {size_limit // 1024 // 1024} MB."
    body = bytearray()
    while chunk := response.read1(_CHUNK):
        body += chunk
        if len(body) > size_limit:
            raise TooLarge(too_large)
        _left(target, ends)
    if response.headers.get("Content-Encoding", "identity").lower() != "gzip":
        return bytes(body)
    try:
        plain = zlib.decompressobj(31).decompress(bytes(body), size_limit + 1)
    except zlib.error:
        raise BadReply(f"{target.host} sent what could not be unpacked.") from None
    if len(plain) > size_limit:
        raise TooLarge(too_large)
    return plain
