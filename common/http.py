"""The only door to other services: bounded in time and size, and silent about what it carried."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3

from common.deadlines import BoundedAdapter
from common.errors import BadReply, TooLarge, UpstreamUnavailable
from common.secrets import RenewableSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests.adapters import BaseAdapter, HTTPAdapter

    from common.secrets import Secret

USER_AGENT: Final = "Meridian"
SIZE_LIMIT: Final = 32 * 1024 * 1024
CHUNK: Final = 64 * 1024
CONNECT_LIMIT: Final = timedelta(seconds=4)
_POOL: Final = 32
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?\Z")


class _Mounts:
    """Which transport serves which addresses; without an entry, the process's pooled one.

    A stand-in can be mounted in place of a service, for every session there is.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._adapters: dict[str, BaseAdapter] = {}
        self.pool = _new_pool()

    def mount(self, prefix: str, adapter: BaseAdapter) -> None:
        with self._lock:
            # A new dict each time, so that readers need no lock.
            self._adapters = {**self._adapters, prefix.lower(): adapter}

    def unmount(self, prefix: str) -> None:
        with self._lock:
            self._adapters = {k: v for k, v in self._adapters.items() if k != prefix.lower()}

    def adapter_for(self, url: str) -> BaseAdapter:
        fitting = [prefix for prefix in self._adapters if url.lower().startswith(prefix)]
        return self._adapters[max(fitting, key=len)] if fitting else self.pool

    def forget_connections(self) -> None:
        """A forked child must not write into its parent's sockets."""
        self._lock = threading.Lock()
        self.pool = _new_pool()


def _new_pool() -> HTTPAdapter:
    return BoundedAdapter(pool_connections=_POOL, pool_maxsize=_POOL, max_retries=0)


_mounts = _Mounts()
os.register_at_fork(after_in_child=_mounts.forget_connections)


def mount(prefix: str, adapter: BaseAdapter) -> None:
    """Let this adapter serve every address that begins with the prefix, in every session."""
    _mounts.mount(prefix, adapter)


def unmount(prefix: str) -> None:
    """Undo `mount`; a prefix that is not mounted is no error."""
    _mounts.unmount(prefix)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `data` is the decoded JSON, None when there was none.

    An answer that is no success may have held something else than JSON (a proxy's page): its
    `data` is None too. Header names are lower case.
    """

    status: int
    headers: Mapping[str, str]
    data: Any
    received_at: datetime

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> timedelta | None:
        """How long the service asks us to wait, when it says so."""
        return parse_retry_after(self.headers.get("retry-after", ""), now=self.received_at)


class _BareSession(requests.Session):
    """A requests session without the environment, cookies or redirects."""

    def __init__(self) -> None:
        super().__init__()
        # No proxies and no .netrc from the environment: they would see the tokens.
        self.trust_env = False
        self.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def get_adapter(self, url: str | bytes) -> BaseAdapter:
        return _mounts.adapter_for(url if isinstance(url, str) else url.decode())


class ProviderSession:
    """Requests to one service. Connections are pooled per process, sessions are cheap.

    `label` is the service's name for people. `time_limit` bounds every request whole, headers
    and body included; `total_time_limit`, if given, bounds all requests of this session together.
    `before_request` is called before each request, and what it raises stops it.
    """

    def __init__(
        self,
        label: str,
        *,
        time_limit: timedelta,
        total_time_limit: timedelta | None = None,
        size_limit: int = SIZE_LIMIT,
        before_request: Callable[[], None] | None = None,
    ) -> None:
        self.label = label
        self._before_request = before_request
        self._time_limit = time_limit
        self._size_limit = size_limit
        self._session = _BareSession()
        self._ends: float | None = None
        if total_time_limit is not None:
            self._ends = time.monotonic() + total_time_limit.total_seconds()

    def send(
        self,
        method: str,
        url: str,
        *,
        token: Secret | None = None,
        json: object = None,
        form: str | Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        time_limit: timedelta | None = None,
    ) -> Answer:
        """Send it and return the answer, whatever its status; redirects are not followed.

        It is sent once; a second time only after a 401, with another token, if the token is one
        that can be renewed. Raises UpstreamUnavailable when no whole answer came in time, BadReply
        when it is too large, or a success that is not JSON, and what renewing raises. Neither they
        nor any log hold the address's query, a header or a body.
        """

        def attempt() -> Answer:
            if self._before_request is not None:
                self._before_request()
            sent_headers = dict(headers or {})
            if token is not None:
                sent_headers["Authorization"] = f"Bearer {token.reveal()}"
            if isinstance(form, str):
                sent_headers["Content-Type"] = "application/x-www-form-urlencoded"
            return self._exchange(
                method,
                url,
                ends=self._deadline(time_limit),
                json=json,
                data=form,
                params=params,
                headers=sent_headers,
            )

        answer = attempt()
        # Who is not let in has changed nothing: this is safe for writes too.
        if answer.status == 401 and isinstance(token, RenewableSecret) and token.renew():
            answer = attempt()
        return answer

    def read(self, url: str) -> bytes:
        """The body behind an address of the service's own, whatever it holds; redirects are not
        followed. Raises UpstreamUnavailable for any answer that is no success, or when none came
        in time, and TooLarge when it is too large.
        """
        response, body = self._receive("GET", url, ends=self._deadline(None))
        if not response.ok or response.is_redirect:
            raise UpstreamUnavailable(f"{self.label} answered {response.status_code}.")
        return body

    def _exchange(self, method: str, url: str, *, ends: float, **what: Any) -> Answer:
        response, body = self._receive(method, url, ends=ends, **what)
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            data=self._decode(body, response.status_code),
            received_at=datetime.now(UTC),
        )

    def _receive(
        self, method: str, url: str, *, ends: float, **what: Any
    ) -> tuple[requests.Response, bytes]:
        failed = False
        try:
            response = self._session.request(
                method,
                url,
                timeout=self._timeouts(ends),
                allow_redirects=False,
                stream=True,
                **what,
            )
            with response:
                body = self._read(response, ends)
        # requests' own errors are OSErrors; while a body is read, urllib3's come through. A header
        # that cannot be written (a nonsensical token) is a UnicodeError, with the header in it.
        except (OSError, urllib3.exceptions.HTTPError, UnicodeError):
            failed = True
        if failed:
            # Raised out here so that the error with the address in it is not in its context.
            raise UpstreamUnavailable(f"{self.label} did not answer. Try again.")
        return response, body

    def _deadline(self, time_limit: timedelta | None) -> float:
        now = time.monotonic()
        ends = now + (time_limit or self._time_limit).total_seconds()
        if self._ends is not None:
            ends = min(ends, self._ends)
        if ends <= now:
            raise UpstreamUnavailable(f"{self.label} took too long. Try again.")
        return ends

    def _timeouts(self, ends: float) -> tuple[float, float]:
        left = max(ends - time.monotonic(), 0.001)
        return min(left, CONNECT_LIMIT.total_seconds()), left

    def _read(self, response: requests.Response, ends: float) -> bytes:
        """The body, decompressed. `read1` hands over what has come, so a drip feed ends too."""
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._size_limit:
                raise TooLarge(f"{self.label} sent more than can be read.")
            if time.monotonic() > ends:
                raise UpstreamUnavailable(f"{self.label} took too long. Try again.")
        return bytes(body)

    def _decode(self, body: bytes, status: int) -> Any:
        if not body.strip():
            return None
        readable = True
        try:
            return json.loads(body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            readable = False
        if not readable and 200 <= status < 300:
            raise BadReply(f"{self.label} gave an answer that could not be read.")
        return None


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def parse_retry_after(value: str, *, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, never negative; None when it says nothing.

    Seconds and HTTP dates stand in RFC 9110, 10.2.3; Zoom sends ISO datetimes on daily limits.
    """
    value = value.strip()
    if _SECONDS.match(value):
        return timedelta(seconds=float(value))
    moment = _iso_moment(value) or _http_moment(value)
    if moment is None:
        return None
    return max(moment - now, timedelta(0))


def _iso_moment(value: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
