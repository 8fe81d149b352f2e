"""Fixtures for every test: alice owns the workspace, bob is a member, charlie is a stranger."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client as Browser
from django.test import TransactionTestCase
from django.utils import timezone
from hypothesis import settings as hypothesis_settings

from audit.actors import Actor
from audit.enums import ActorKind
from calendars.services import oauth, sync
from common import http, triggers
from sandbox.server import create_app, endpoints
from sandbox.server.store import Store
from sandbox.server.transport import WSGIAdapter
from sandbox.server.visitor import grant_consent
from tests.collected import collect
from tests.factories import make_client, make_member, make_user, make_workspace
from workspaces.enums import Role
from workspaces.owners import ClientOwner, owner_of_user

SANDBOX_URL = "https://sandbox.test"

# How long an example takes depends on what else the machine does; `make bench` measures.
hypothesis_settings.register_profile("meridian", deadline=None)
# `make proof`: far more cases than a usual run has time for.
hypothesis_settings.register_profile("proof", deadline=None, max_examples=10_000)
hypothesis_settings.load_profile("meridian")


def pytest_collection_finish() -> None:
    """The tests themselves stay until the end: looking for garbage in them took a tenth of it."""
    gc.collect()
    gc.freeze()


# What `migrate` puts there itself.
_OF_MIGRATE = {"django_migrations", "django_content_type", "auth_permission"}


def _empty_tables(self) -> None:
    """After a test with transactions of its own: no row of its is left.

    Django's own way empties all tables, whose files PostgreSQL then makes anew, and fills in
    content types and permissions again; that takes longer than most of these tests. Here rows go
    from the tables that have any. The log's refuse it as long as they have their triggers.
    """
    with connection.cursor() as cursor:
        tables = set(connection.introspection.django_table_names(only_existing=True)) - _OF_MIGRATE
        quoted = [connection.ops.quote_name(table) for table in sorted(tables)]
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in quoted
            )
        )
        filled = [table for (table,) in cursor.fetchall()]
    triggers.drop_all()
    try:
        # Foreign keys are looked at when the transaction ends.
        with transaction.atomic(), connection.cursor() as cursor:
            for table in filled:
                cursor.execute(f"DELETE FROM {table}")
    finally:
        triggers.create_all()


TransactionTestCase._fixture_teardown = _empty_tables


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Redis outlives a test, unlike the cache table: rate limits would reach into the next one."""
    if settings.REDIS_URL:
        cache.clear()


# --- People ---


@pytest.fixture
def alice(db):
    return make_user("Alice", email="alice@example.com")


@pytest.fixture
def bob(db):
    return make_user("Bob", email="bob@example.com")


@pytest.fixture
def charlie(db):
    return make_user("Charlie", email="charlie@elsewhere.example")


@pytest.fixture
def workspace(alice, bob):
    """On the Advanced plan; alice owns it, bob is a member."""
    workspace = make_workspace("Acme", owner=alice)
    make_member(workspace, bob, role=Role.MEMBER)
    return workspace


@pytest.fixture
def other_workspace(charlie):
    """Charlie's own; alice and bob are not in it."""
    return make_workspace("Elsewhere", owner=charlie)


@pytest.fixture
def northgate(workspace):
    """A client of the workspace."""
    return make_client(workspace, "Northgate")


@pytest.fixture
def client_owner(workspace, northgate):
    return ClientOwner(workspace=workspace, client=northgate)


@pytest.fixture
def user_owner(workspace, alice):
    """Alice as an owner."""
    return owner_of_user(alice, workspace)


@pytest.fixture
def bob_owner(workspace, bob):
    return owner_of_user(bob, workspace)


@pytest.fixture(params=["client_owner", "user_owner"])
def owner(request):
    """Both modes, one after the other."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def membership(workspace, alice):
    return workspace.memberships.select_related("workspace", "user").get(user=alice)


@pytest.fixture
def bob_membership(workspace, bob):
    return workspace.memberships.select_related("workspace", "user").get(user=bob)


@pytest.fixture
def charlie_membership(other_workspace, charlie):
    return other_workspace.memberships.select_related("workspace", "user").get(user=charlie)


@pytest.fixture
def sign_in():
    """Call it with a user: a browser in which that user is signed in."""

    def signed_in(user, **options) -> Browser:
        browser = Browser(**options)
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return browser

    return signed_in


# --- Providers ---


@dataclass
class Sandbox:
    """The stand-ins, inside this process, and a person who answers their consent pages."""

    store: Store
    adapter: WSGIAdapter

    def consent(self, authorize_url: str, *, email: str, **choices: Any) -> str:
        """The address the person is sent back to after pressing Allow (see `visitor`)."""
        session = http._BareSession()
        return grant_consent(session, authorize_url, email=email, **choices)

    def account(self, connection):
        """The account behind a connection, on the provider's side."""
        side = "microsoft" if connection.provider == "outlook" else connection.provider
        return self.store.get("account", f"{side}:{connection.connected_email}")

    def calendar(self, connection):
        """That account's own calendar, on the provider's side."""
        return self.store.primary_calendar(self.account(connection))

    def events(self, connection):
        """What its own calendar holds, on the provider's side, deleted ones left out."""
        records = self.store.events_of(self.calendar(connection)["id"])
        return [one for one in records if not _is_deleted(one)]

    def fault(self, operation: str, **fault: Any):
        """Something to go wrong, by operation such as `google.events.insert`."""
        return self.store.add_fault(operation, **fault)

    def calls(self, operation: str = "") -> list[dict[str, Any]]:
        """The requests that reached the sandbox, oldest first, of that operation if named."""
        return [call for call in self.store.log if not operation or call["operation"] == operation]


def _is_deleted(record):
    """Google keeps a cancelled event, Microsoft a mark."""
    return record.get("deleted", False) or record.get("body", {}).get("status") == "cancelled"


@pytest.fixture
def sandbox(settings):
    """Google, Microsoft, Zoom and LiveKit, without a socket."""
    store = Store()
    adapter = WSGIAdapter(create_app(store, SANDBOX_URL))
    for name, address in endpoints(SANDBOX_URL).items():
        setattr(settings, name, address)
    for provider in ("GOOGLE", "MICROSOFT", "ZOOM"):
        setattr(settings, f"{provider}_CLIENT_ID", f"{provider.lower()}-client")
        setattr(settings, f"{provider}_CLIENT_SECRET", f"{provider.lower()}-secret")
    http.mount(f"{SANDBOX_URL}/", adapter)
    yield Sandbox(store, adapter)
    http.unmount(f"{SANDBOX_URL}/")


@pytest.fixture
def actor(alice):
    """Alice, as the log names her."""
    return Actor(kind=ActorKind.USER, id=str(alice.pk), name=alice.email)


@pytest.fixture
def connect(sandbox, alice, actor):
    """Call it with an owner and a provider: alice consents, and the connection comes back.

    Everything is real but the provider. The calendars are listed, their events are not copied
    (see `copy_events`). `alice` has to be a member of the owner's workspace.
    """

    def connected(owner, provider="google", *, email="", user=None, **choices):
        user, now = user or alice, timezone.now()
        email = email or f"{owner.name.lower()}@{provider}.example"
        address = oauth.start_flow(
            provider=provider, owner=owner, user=user, binding="b", next_page="", now=now
        )
        back = parse_qs(urlsplit(sandbox.consent(address, email=email, **choices)).query)
        answer = oauth.Answer(
            state=back["state"][0],
            code=back.get("code", [""])[0],
            error=back.get("error", [""])[0],
        )
        done = oauth.finish_flow(
            provider=provider, answer=answer, user=user, binding="b", actor=actor, now=now
        )
        assert done.warning == ""
        return done.kept.connection

    return connected


@pytest.fixture
def copy_events(actor):
    """Call it with a connection: its calendars and events are copied into the mirror, now."""

    def copy(connection, *, now=None):
        sync.sync_connection(connection=connection, actor=actor, now=now or timezone.now())

    return copy


@pytest.fixture(scope="session")
def collected(tmp_path_factory):
    """The folder of scripts and styles that production serves."""
    folder = tmp_path_factory.mktemp("collected")
    collect(folder)
    return folder
