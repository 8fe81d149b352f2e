"""Telling an owner, once, that an account needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from audit.enums import ConnectionState
from calendars.owners import connection_models
from conferencing.models import ZoomConnection
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from audit.models import ConnectionBase
    from common.models import OutboxMessage


def tell_reconnect_needed(message: OutboxMessage) -> None:
    """Mail the owner of the connection; nothing when it was connected again or ended meanwhile."""
    connection = _connection(UUID(message.payload["connection_id"]))
    if connection is None or connection.state != ConnectionState.RECONNECT_NEEDED:
        return
    owner = owner_for(connection.owner_kind, connection.owner_id, connection.workspace)
    if not owner.notice_email:
        return
    provider = connection.get_provider_display()
    context = {
        "subject": f"{provider} needs you: connect {connection.connected_email} again",
        "sender_name": "Meridian",
        "provider": provider,
        "email": connection.connected_email,
        "workspace": connection.workspace.name,
        "action_label": "Open connections",
        "action_url": settings.PUBLIC_URL + reverse("calendars:connections"),
    }
    mail = EmailMultiAlternatives(
        subject=context["subject"],
        body=render_to_string("calendars/mail/reconnect.txt", context),
        to=[owner.notice_email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("calendars/mail/reconnect.html", context), "text/html")
    mail.send()


def _connection(connection_id: UUID) -> ConnectionBase | None:
    models: list[type[ConnectionBase]] = [*connection_models(), ZoomConnection]
    for model in models:
        rows = model._default_manager.select_related("workspace")
        found: ConnectionBase | None = rows.filter(pk=connection_id).first()
        if found is not None:
            return found
    return None
