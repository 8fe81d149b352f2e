"""The clients a workspace books for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from common.languages import ENGLISH
from workspaces.models import Client
from workspaces.services.client_access import end_invitations_of_contact

if TYPE_CHECKING:
    from datetime import datetime

    from workspaces.models import Membership, Workspace


def add_client(
    *,
    workspace: Workspace,
    name: str,
    timezone: str,
    primary_contact_name: str = "",
    primary_contact_email: str = "",
    language: str = ENGLISH,
) -> Client:
    """Make a client with the usual hours, Monday to Friday, nine to five, in its zone."""
    return Client.objects.create(
        workspace=workspace,
        name=name,
        timezone=timezone,
        primary_contact_name=primary_contact_name,
        primary_contact_email=primary_contact_email,
        language=language,
    )


@transaction.atomic
def change_client(
    *,
    client: Client,
    by: Membership,
    now: datetime,
    name: str,
    timezone: str,
    primary_contact_name: str,
    primary_contact_email: str,
    language: str,
    preferred_conference: str,
) -> list[str]:
    """Keep who the client is, whom we notify, what they read, its zone, and what `auto` picks for
    its meetings.

    With another primary contact the links to the client's own page end that the former one was
    sent: their address is answered then.
    """
    # Invitations are sent under the same lock: none goes to the former contact meanwhile.
    rows = Client.objects.select_for_update(no_key=True).filter(pk=client.pk)
    former = rows.values_list("primary_contact_email", flat=True).get()
    client.name = name
    client.timezone = timezone
    client.primary_contact_name = primary_contact_name
    client.primary_contact_email = primary_contact_email
    client.language = language
    client.preferred_conference = preferred_conference
    client.save(
        update_fields=[
            "name",
            "timezone",
            "primary_contact_name",
            "primary_contact_email",
            "language",
            "preferred_conference",
            "updated_at",
        ]
    )
    if former.strip().lower() == primary_contact_email.strip().lower():
        return []
    return end_invitations_of_contact(client=client, email=former.strip(), by=by, now=now)
