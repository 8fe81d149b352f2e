"""Rows for tests, with just enough said about them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from audit.enums import ConnectionState, Provider
from calendars.models import (
    Calendar,
    CalendarConnection,
    Event,
    UserCalendarConnection,
    event_id_for,
)
from workspaces.enums import OwnerKind, Role, Tier
from workspaces.models import Client, Membership, User, UserProfile, Workspace

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"


def make_user(name="Someone", *, email="", timezone="Europe/Berlin", **fields):
    """A user with a profile and `PASSWORD`."""
    email = email or f"{name.lower().replace(' ', '.')}{next(_numbers)}@example.com"
    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    UserProfile.objects.create(user=user, timezone=timezone)
    return user


def make_workspace(name="Workspace", *, tier=Tier.ADVANCED, timezone="Europe/Berlin", owner=None):
    """A workspace; with `owner`, that user owns it."""
    workspace = Workspace.objects.create(
        name=name,
        slug=f"{name.lower().replace(' ', '-')}-{next(_numbers)}",
        tier=tier,
        timezone=timezone,
    )
    if owner is not None:
        make_member(workspace, owner, role=Role.OWNER)
    return workspace


def make_member(workspace, user, *, role=Role.MEMBER):
    return Membership.objects.create(workspace=workspace, user=user, role=role)


def make_client(workspace, name="Northgate", **fields):
    """A client of the workspace, in Berlin unless said otherwise."""
    defaults = {"timezone": "Europe/Berlin", "primary_contact_email": "desk@northgate.example"}
    return Client.objects.create(workspace=workspace, name=name, **{**defaults, **fields})


def make_connection(owner, *, provider=Provider.GOOGLE, email="", **fields):
    """A connection row without tokens: for reads from the mirror, not for calls."""
    model = CalendarConnection if owner.kind == OwnerKind.CLIENT else UserCalendarConnection
    email = email or f"account{next(_numbers)}@example.com"
    defaults = {
        "workspace": owner.workspace,
        "provider": provider,
        "account_remote_id": f"account-{email}",
        "connected_email": email,
        "state": ConnectionState.ACTIVE,
        f"{owner.kind.value}_id": owner.id,
    }
    return model.objects.create(**{**defaults, **fields})


def make_calendar(connection, name="Calendar", **fields):
    """A calendar that was synced a moment ago."""
    now = datetime.now(UTC)
    defaults = {
        "workspace_id": connection.workspace_id,
        f"{connection.owner_kind}_connection": connection,
        "remote_id": f"cal-{next(_numbers)}@example.com",
        "name": name,
        "timezone": "Europe/Berlin",
        "is_primary": True,
        "synced_at": now,
        "sync_tried_at": now,
        "changed_at": now,
        "allowed_conferences": ["meet"],
    }
    return Calendar.objects.create(**{**defaults, **fields})


def make_event(calendar, title="Event", *, start=None, end=None, remote_id="", **fields):
    """An event in the mirror only; an hour long from `start`."""
    start = start or datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    end = end or start + timedelta(hours=1)
    remote_id = remote_id or f"event{next(_numbers)}"
    defaults = {
        "id": event_id_for(
            calendar.id,
            remote_id,
            fields.get("series_remote_id", ""),
            fields.get("original_start_at"),
        ),
        "workspace_id": calendar.workspace_id,
        "calendar": calendar,
        "remote_id": remote_id,
        "title": title,
        "start_at": start,
        "end_at": end,
        "start_wall": start.replace(tzinfo=None).isoformat(),
        "end_wall": end.replace(tzinfo=None).isoformat(),
        "timezone": "UTC",
        "seen_at": datetime.now(UTC),
    }
    return Event.objects.create(**{**defaults, **fields})
