"""The clients a workspace books for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workspaces.models import Client

if TYPE_CHECKING:
    from workspaces.models import Workspace


def add_client(
    *,
    workspace: Workspace,
    name: str,
    timezone: str,
    primary_contact_name: str = "",
    primary_contact_email: str = "",
) -> Client:
    """Make a client with the usual hours, Monday to Friday, nine to five, in its zone."""
    return Client.objects.create(
        workspace=workspace,
        name=name,
        timezone=timezone,
        primary_contact_name=primary_contact_name,
        primary_contact_email=primary_contact_email,
    )


def change_client(
    *,
    client: Client,
    name: str,
    timezone: str,
    primary_contact_name: str,
    primary_contact_email: str,
    preferred_conference: str,
) -> None:
    """Keep who the client is, whom we notify, its zone, and what `auto` picks for its meetings."""
    client.name = name
    client.timezone = timezone
    client.primary_contact_name = primary_contact_name
    client.primary_contact_email = primary_contact_email
    client.preferred_conference = preferred_conference
    client.save(
        update_fields=[
            "name",
            "timezone",
            "primary_contact_name",
            "primary_contact_email",
            "preferred_conference",
            "updated_at",
        ]
    )
