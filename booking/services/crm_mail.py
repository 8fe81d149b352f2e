"""The mail that tells a workspace's owners that Close refuses its key."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from audit.enums import ConnectionState
from booking.models import CrmAccount
from common.mail import send
from common.mail_form import Letter
from workspaces.enums import Role
from workspaces.models import Membership

if TYPE_CHECKING:
    from common.models import OutboxMessage


def handle_key_refused(message: OutboxMessage) -> None:
    """Mail an owner; nothing when there is another key, or none, by now, or they own it no more."""
    owner = (
        Membership.objects.filter(pk=UUID(message.payload["membership_id"]), role=Role.OWNER)
        .select_related("user", "workspace")
        .first()
    )
    account = CrmAccount.objects.filter(
        pk=UUID(message.payload["account_id"]), state=ConnectionState.RECONNECT_NEEDED
    ).first()
    if owner is None or account is None or account.workspace_id != owner.workspace_id:
        return
    if not owner.user.is_active:
        return
    context = {
        "subject": f"Close needs you: {owner.workspace.name} needs another key",
        "sender_name": "Meridian",
        "workspace": owner.workspace.name,
        "action_label": "Enter another key",
        "action_url": settings.PUBLIC_URL + reverse("booking:crm"),
    }
    mail = Letter(
        subject=context["subject"],
        body=render_to_string("booking/mail/crm_key.txt", context),
        to=[owner.user.email],
    )
    mail.attach_alternative(render_to_string("booking/mail/crm_key.html", context), "text/html")
    send(
        mail,
        kind="booking.crm_key",
        key=message.dedupe_key,
        workspace_id=message.workspace_id,
        about=("workspace", owner.workspace_id),
    )
