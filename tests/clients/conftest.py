"""The sandbox as a real HTTPS server on loopback, and our own adapters beside it.

The clients of these tests are Google's and O365's own, used as a stranger to this repository
would use them: over a socket, with their own consent, tokens, refresh, paging and models. TLS is
real too, because MSAL refuses anything else; the certificate is made for the run. Every answer
that the strangers get is held to the published schemas.
"""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from calendars.providers.registry import adapter_for
from common import http
from common.secrets import Secret
from common.spans import Span
from sandbox.server import create_app, endpoints
from sandbox.server.push import Reply
from sandbox.server.serving import make_server
from sandbox.server.store import Store
from sandbox.server.transport import WSGIAdapter
from sandbox.server.visitor import grant_consent
from tests.fidelity import google as google_schema
from tests.fidelity import graph as graph_schema
from tests.fidelity.notices import validate_delivery
from tests.fidelity.validate import GOOGLE_PREFIX, GRAPH_PREFIX

EMAIL = "ann@finch.example"
ZONE = ZoneInfo("Europe/Berlin")
HOOK = "https://meridian.test/hook"


def at(day, hour=0, minute=0, month=3):
    """A moment of 2027 in Berlin."""
    return datetime(2027, month, day, hour, minute, tzinfo=ZONE)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that is its own authority: the files of it and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "The sandbox's tests")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    public, private = folder / "sandbox.pem", folder / "sandbox.key"
    public.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return public, private


class Checked:
    """The app, with every answer of a documented API held to what its provider publishes."""

    def __init__(self, app) -> None:
        self.app = app
        self.wrong: list[str] = []
        self.seen: list[str] = []

    def __call__(self, environ, start_response):
        started = []
        body = b"".join(self.app(environ, lambda *given: started.append(given)))
        start_response(*started[0])
        self._check(environ, int(started[0][0].split()[0]), body)
        return [body]

    def _check(self, environ, status, body):
        path = environ["PATH_INFO"].encode("latin-1").decode()
        for prefix, schema in ((GOOGLE_PREFIX, google_schema), (GRAPH_PREFIX, graph_schema)):
            if path.startswith(prefix):
                try:
                    name = schema.operation(
                        environ["REQUEST_METHOD"], unquote(path).removeprefix(prefix)
                    )
                    self.seen.append(name)
                    schema.validate_answer(name, status, json.loads(body) if body else None)
                except AssertionError as error:
                    self.wrong.append(str(error))


class Outside:
    """What a stranger to this repository has: an address, an authority to trust, a person."""

    def __init__(self, base_url, authority, store, checked, sent) -> None:
        self.base_url, self.authority, self.store = base_url, authority, store
        self.endpoints = endpoints(base_url)
        self.checked, self.sent = checked, sent

    def web(self):
        """A plain session that trusts the server."""
        session = requests.Session()
        session.trust_env, session.verify = False, str(self.authority)
        return session

    def consent(self, authorize_url, **choices):
        """The address that the person is sent back to."""
        with self.web() as session:
            return grant_consent(session, authorize_url, email=EMAIL, **choices)

    def calls(self, operation):
        return [call for call in self.store.log if call["operation"] == operation]


@pytest.fixture
def outside(certificate, monkeypatch):
    """A running server; at the end nothing that it answered may have been unpublished."""
    for name, value in (("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")):
        monkeypatch.setenv(name, value)
    # The environment's bundle would go before the one that a session names.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    store, sent = Store(), []
    app = create_app(store, post=lambda delivery: _take(sent, delivery))
    checked = Checked(app)
    server = make_server(checked, "127.0.0.1", 0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    base_url = f"https://127.0.0.1:{server.server_address[1]}"
    app.base_url = base_url
    store.set_setting("base_url", base_url)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    http.mount(f"{base_url}/", WSGIAdapter(app))
    yield Outside(base_url, certificate[0], store, checked, sent)
    http.unmount(f"{base_url}/")
    server.shutdown()
    server.server_close()
    thread.join()
    assert checked.wrong == []


def _take(sent, delivery):
    """The client's hook: it keeps what came, and answers the handshake."""
    validate_delivery(delivery)
    sent.append(delivery)
    token = delivery.address.partition("validationToken=")[2]
    return Reply(200, "text/plain", unquote(token))


class Ours:
    """Our adapter on the same calendar, for what was made here and has to be read there."""

    def __init__(self, provider, calendar) -> None:
        self.provider, self.calendar = provider, calendar

    def events(self, start, end):
        pages = self.provider.list_events(self.calendar, Span(start, end))
        return [event for page in pages for event in page]

    def event(self, title, start=None, end=None):
        found = self.events(start or at(1), end or at(28))
        return next(event for event in found if event.title == title)


@pytest.fixture
def ours(outside):
    """Call it with an account: our adapter, and its default calendar."""

    def made(account):
        key = {"google": "google", "microsoft": "outlook"}[account["provider"]]
        provider = adapter_for(
            key,
            token=Secret(outside.store.token_for(account)),
            api_url=outside.endpoints[f"{account['provider'].upper()}_API_URL"],
            time_limit=timedelta(seconds=5),
            account_kind=account["kind"],
        )
        calendar = next(one for one in provider.list_calendars() if one.is_primary)
        return Ours(provider, calendar)

    return made
