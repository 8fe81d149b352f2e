"""Telling an owner, once, that something needs them: an account, or a branch that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from calendars.owners import connection_models
from common.languages import speaking
from common.mail import send
from common.mail_form import Letter
from conferencing.models import ZoomConnection
from workspaces.enums import Role
from workspaces.models import Membership, Workspace
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from audit.models import ConnectionBase
    from common.mail import About
    from common.models import OutboxMessage


def tell_reconnect_needed(message: OutboxMessage) -> None:
    """Mail the owner of the connection; nothing when it was connected again or ended meanwhile."""
    connection = _connection(UUID(message.payload["connection_id"]))
    if connection is None or not connection.needs_consent:
        return
    owner = owner_for(connection.owner_kind, connection.owner_id, connection.workspace)
    if not owner.notice_email:
        return
    with speaking(owner.language):
        _tell_reconnect(message, connection, owner.notice_email)


def _tell_reconnect(message: OutboxMessage, connection: ConnectionBase, to: str) -> None:
    words = {"provider": connection.get_provider_display(), "email": connection.connected_email}
    context = {
        **words,
        "subject": _("%(provider)s needs you: connect %(email)s again") % words,
        "sender_name": "Meridian",
        "workspace": connection.workspace.name,
        "action_label": _("Open connections"),
        "action_url": settings.PUBLIC_URL + reverse("calendars:connections"),
    }
    _send(message, "reconnect", to, context, about=("connection", connection.pk))


def tell_branch_asks(message: OutboxMessage) -> None:
    """Mail an owner of the headquarters; nothing when it is answered, withdrawn or not theirs."""
    owner = (
        Membership.objects.filter(pk=message.payload["membership_id"], role=Role.OWNER)
        .select_related("user", "workspace")
        .first()
    )
    branch = Workspace.objects.filter(
        pk=message.payload["branch_id"], headquarters_accepted_at__isnull=True
    ).first()
    if owner is None or branch is None or branch.headquarters_id != owner.workspace_id:
        return
    if not owner.user.is_active:
        return
    names = {"branch": " ".join(branch.name.split()), "workspace": owner.workspace.name}
    context = {
        **names,
        "subject": f"{names['branch']} asks to be a branch of yours",
        "sender_name": "Meridian",
        "action_label": "Answer it",
        "action_url": settings.PUBLIC_URL + reverse("calendars:headquarters"),
    }
    _send(message, "branch", owner.user.email, context, about=("workspace", branch.pk))


def _send(
    message: OutboxMessage, name: str, to: str, context: dict[str, str], *, about: About
) -> None:
    mail = Letter(
        subject=context["subject"],
        body=render_to_string(f"calendars/mail/{name}.txt", context),
        to=[to],
    )
    mail.attach_alternative(render_to_string(f"calendars/mail/{name}.html", context), "text/html")
    send(
        mail,
        kind=f"calendars.{name}",
        key=message.dedupe_key,
        workspace_id=message.workspace_id,
        about=about,
    )


def _connection(connection_id: UUID) -> ConnectionBase | None:
    models: list[type[ConnectionBase]] = [*connection_models(), ZoomConnection]
    for model in models:
        rows = model._default_manager.select_related("workspace")
        found: ConnectionBase | None = rows.filter(pk=connection_id).first()
        if found is not None:
            return found
    return None
