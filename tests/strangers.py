"""What the walks over every address and call share: the router's list, and a stranger."""

from __future__ import annotations

import pytest
from django.urls import URLResolver, get_resolver

from calendars.models import CalendarConnection, UserCalendarConnection
from tests.rows import Rows, make_rows
from workspaces.models import Client

ALLAUTH = "allauth: about the visitor themself; ids in it are looked up under request.user"
OTHERS = {"admin/": "Django admin: operators only", "accounts/": ALLAUTH}


def routes(patterns=None, prefix="", namespace=""):
    """(route, name, names of its parts) of every address."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inside = ":".join(part for part in (namespace, one.namespace) if part)
            yield from routes(one.url_patterns, route, inside)
        else:
            name = ":".join(part for part in (namespace, one.name) if part)
            yield route, name, sorted(one.pattern.regex.groupindex)


OUR_ROUTES = [
    one
    for one in routes()
    if not one[0].startswith(tuple(OTHERS)) or one[0].startswith("admin/sales/")
]


@pytest.fixture
def rows(workspace, alice) -> Rows:
    """One of everything in the first workspace, alice's where it is somebody's."""
    return make_rows(workspace, alice)


@pytest.fixture
def stranger(sign_in, charlie, other_workspace):
    """Owner of another workspace, with every right there, and objects of their own."""
    make_rows(other_workspace, charlie)
    return sign_in(charlie, raise_request_exception=False)


def forbidden_words(workspace, rows):
    """Texts of the first workspace that no answer to a stranger may hold."""
    return [
        workspace.name,
        str(workspace.pk),
        rows[Client].name,
        str(rows[Client].pk),
        rows[UserCalendarConnection].connected_email,
        rows[CalendarConnection].connected_email,
        "alice@example.com",
    ]
