"""What other processes need of this one: the stand-ins on a port, and the test's database."""

from __future__ import annotations

import threading
from socketserver import ThreadingMixIn
from urllib.parse import quote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.db import connection as db

from sandbox.server import create_app, endpoints
from sandbox.server.store import Store
from tests.conftest import Sandbox


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def sandbox(settings):
    """The stand-ins on a real port, so that another process reaches them too."""
    store = Store()
    with make_server("127.0.0.1", 0, None, _Server, _Quiet) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        server.set_app(create_app(store, url))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        for name, value in addresses(url).items():
            setattr(settings, name, value)
        yield Sandbox(store, None)
        server.shutdown()
        thread.join()


def addresses(url):
    """What another process needs to use the stand-ins there."""
    values = dict(endpoints(url))
    for provider in ("GOOGLE", "MICROSOFT", "ZOOM"):
        values[f"{provider}_CLIENT_ID"] = f"{provider.lower()}-client"
        values[f"{provider}_CLIENT_SECRET"] = f"{provider.lower()}-secret"
    return values


def database_url():
    """The test database's address, for another process."""
    values = db.settings_dict
    if db.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    login = quote(values["USER"]) + (f":{quote(values['PASSWORD'])}" if values["PASSWORD"] else "")
    return f"postgres://{login}@{values['HOST']}:{values['PORT'] or 5432}/{values['NAME']}"
