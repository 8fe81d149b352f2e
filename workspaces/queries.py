"""Reading people, clients and invitations of a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Max

from common.enums import OutboxState
from common.mail import troubles_about
from common.models import OutboxMessage
from workspaces.models import Client, ClientInvitation, Invitation, Membership

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from common.models import SentMail
    from workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class OpenInvitation:
    """An invitation nobody has accepted yet, with the state of its mail; `lost` if that did not
    arrive.
    """

    invitation: Invitation
    mail: OutboxMessage | None
    is_over: bool
    lost: SentMail | None = None

    @property
    def mail_failed(self) -> bool:
        return self.mail is not None and self.mail.state == OutboxState.FAILED


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """An invitation of a client's person: how its mail did, `lost` if it did not arrive, and how
    often it was opened.
    """

    invitation: ClientInvitation
    mail: OutboxMessage | None
    is_open: bool
    openings: int
    last_used_at: datetime | None
    lost: SentMail | None = None

    @property
    def mail_failed(self) -> bool:
        return self.mail is not None and self.mail.state == OutboxState.FAILED


def clients_of(workspace: Workspace, containing: str = "") -> QuerySet[Client]:
    """The workspace's clients by name, narrowed to those whose name contains the text."""
    rows = Client.objects.filter(workspace=workspace).order_by("name", "created_at")
    return rows.filter(name__icontains=containing) if containing else rows


def members_of(workspace: Workspace) -> QuerySet[Membership]:
    """Everybody in the workspace, by name."""
    return (
        Membership.objects.filter(workspace=workspace)
        .select_related("user")
        .order_by("user__name", "user__email")
    )


def open_invitations(workspace: Workspace, now: datetime) -> list[OpenInvitation]:
    """Invitations without a yes, newest first; those that ran out too, so that they are seen."""
    rows = list(
        Invitation.objects.filter(workspace=workspace, accepted_at__isnull=True)
        .select_related("invited_by")
        .order_by("-created_at")
    )
    keys = {f"invitation:{row.pk}": row.pk for row in rows}
    mails = {
        keys[mail.dedupe_key]: mail for mail in OutboxMessage.objects.filter(dedupe_key__in=keys)
    }
    lost = troubles_about("invitation", [row.pk for row in rows])
    return [
        OpenInvitation(row, mails.get(row.pk), row.expires_at <= now, lost.get(row.pk))
        for row in rows
    ]


def client_access_of(client: Client, now: datetime, *, ended: int = 3) -> list[ClientAccess]:
    """Who was asked to a client's own page: all that is open, then the latest that ended."""
    rows = list(
        ClientInvitation.objects.filter(client=client, workspace=client.workspace_id)
        .select_related("invited_by")
        .annotate(openings=Count("visits"), last_used_at=Max("visits__last_used_at"))
        .order_by("-created_at")[:50]
    )
    is_open = {row.pk: row.is_open(now) for row in rows}
    shown = [row for row in rows if is_open[row.pk]]
    shown += [row for row in rows if not is_open[row.pk]][:ended]
    keys = {f"client_invitation:{row.pk}": row.pk for row in shown}
    mails = {
        keys[mail.dedupe_key]: mail for mail in OutboxMessage.objects.filter(dedupe_key__in=keys)
    }
    lost = troubles_about("client_invitation", [row.pk for row in shown])
    return [
        ClientAccess(
            row,
            mails.get(row.pk),
            is_open[row.pk],
            row.openings,
            row.last_used_at,
            lost.get(row.pk),
        )
        for row in shown
    ]
