"""A sandbox in memory, and sessions that validate every call against the published schemas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import requests

from sandbox.server import create_app, endpoints
from sandbox.server.store import Store
from tests.fidelity.validate import RecordingWSGIAdapter

BASE = "https://sandbox.test"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ENDPOINTS = endpoints(BASE)
CALLBACK = "https://meridian.test/oauth/callback"


class Client(requests.Session):
    """A session with the sandbox mounted; `api` calls with a token and a base address."""

    def __init__(self, app) -> None:
        super().__init__()
        self.adapter = RecordingWSGIAdapter(app)
        self.mount(f"{BASE}/", self.adapter)
        self.trust_env = False
        self.base = BASE
        self.token = ""

    def api(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        options.setdefault("timeout", 10)
        return self.request(method, self.base + path, headers=headers, **options)


@pytest.fixture
def store():
    return Store(clock=lambda: NOON)


@pytest.fixture
def app(store):
    return create_app(store, BASE)


@pytest.fixture
def web(app):
    return Client(app)


@pytest.fixture
def amara(store):
    return store.add_account("google", email="amara@finch.example", timezone="Europe/London")


@pytest.fixture
def google(app, store, amara):
    """Amara's Calendar API."""
    client = Client(app)
    client.base, client.token = ENDPOINTS["GOOGLE_API_URL"], store.token_for(amara)
    return client


@pytest.fixture
def office(store):
    return store.add_account("microsoft", email="amara@finch.example", timezone="Europe/London")


@pytest.fixture
def graph(app, store, office):
    """Amara's Graph, on a work account."""
    client = Client(app)
    client.base, client.token = ENDPOINTS["MICROSOFT_API_URL"], store.token_for(office)
    return client


@pytest.fixture
def home(store):
    return store.add_account(
        "microsoft", email="amara@outlook.example", kind="personal", timezone="Europe/London"
    )


@pytest.fixture
def personal_graph(app, store, home):
    client = Client(app)
    client.base, client.token = ENDPOINTS["MICROSOFT_API_URL"], store.token_for(home)
    return client


@pytest.fixture
def zoomer(store):
    return store.add_account("zoom", email="amara@finch.example", timezone="Europe/London")


@pytest.fixture
def zoom(app, store, zoomer):
    client = Client(app)
    client.base, client.token = ENDPOINTS["ZOOM_API_URL"], store.token_for(zoomer)
    return client
