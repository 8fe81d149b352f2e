"""Invitations: asking somebody in by e-mail, and their yes.

The token is derived from the invitation's id and the installation's secret key, so that the mail
can be made from the id alone; at rest there is only its hash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.signing import Signer
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from common import mail, outbox
from common.errors import Conflict, Forbidden, NotFound
from common.mail_form import Letter
from common.secrets import hash_token
from workspaces.access import MAY_MANAGE
from workspaces.enums import Role
from workspaces.models import Invitation, Membership
from workspaces.services import join

if TYPE_CHECKING:
    from common.models import OutboxMessage
    from workspaces.models import User

INVITATION = "workspaces.invitation"
LASTS = timedelta(days=7)
_SALT = "workspaces.invitation"


def token_of(invitation: Invitation) -> str:
    """The token that opens the invitation."""
    return Signer(salt=_SALT).signature(invitation.pk.hex)


def dedupe_key(invitation_id: UUID) -> str:
    """The key of the invitation's mail in the outbox."""
    return f"invitation:{invitation_id}"


@transaction.atomic
def invite(*, by: Membership, email: str, role: Role, now: datetime) -> Invitation:
    """Ask an address into the workspace, for seven days; an open invitation of it is replaced.

    Owners and admins may, and only an owner invites an owner. Raises Forbidden, and Conflict when
    the address belongs to a member.
    """
    _require_right(by, role)
    email = email.strip().lower()
    if Membership.objects.filter(workspace_id=by.workspace_id, user__email__iexact=email).exists():
        raise Conflict(f"{email} is a member already.")
    open_ones = Invitation.objects.filter(workspace_id=by.workspace_id, accepted_at__isnull=True)
    open_ones.filter(email__iexact=email).delete()
    invitation = Invitation(
        workspace_id=by.workspace_id,
        email=email,
        role=role,
        invited_by_id=by.user_id,
        expires_at=now + LASTS,
    )
    invitation.token_hash = hash_token(token_of(invitation))
    invitation.save()
    outbox.enqueue(
        kind=INVITATION,
        payload={"invitation_id": str(invitation.pk)},
        dedupe_key=dedupe_key(invitation.pk),
        workspace_id=by.workspace_id,
    )
    return invitation


def withdraw(*, by: Membership, invitation_id: UUID) -> None:
    """Close an invitation nobody has accepted. Raises Forbidden, NotFound."""
    _require_right(by, Role.MEMBER)
    gone, _ = Invitation.objects.filter(
        pk=invitation_id, workspace_id=by.workspace_id, accepted_at__isnull=True
    ).delete()
    if not gone:
        raise NotFound


def open_invitation(*, token: str, now: datetime) -> Invitation:
    """The invitation the token opens. Raises NotFound when there is none, or no longer."""
    invitation = (
        Invitation.objects.select_related("workspace", "invited_by")
        .filter(token_hash=hash_token(token), accepted_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if invitation is None:
        raise NotFound("This invitation is not open any more.")
    return invitation


@transaction.atomic
def accept(*, token: str, user: User, now: datetime) -> Membership:
    """Make the invited person a member. Raises NotFound, and Forbidden for another address."""
    invitation = open_invitation(token=token, now=now)
    if user.email.lower() != invitation.email.lower():
        raise Forbidden("This invitation is for another e-mail address.")
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True).update(
        accepted_at=now, updated_at=now
    )
    if not taken:
        raise NotFound("This invitation is not open any more.")
    present = Membership.objects.filter(workspace=invitation.workspace, user=user).first()
    # Somebody who came in by another way keeps the role they were given there.
    return present or join.add_member(
        workspace=invitation.workspace, user=user, role=Role(invitation.role)
    )


def send_invitation(message: OutboxMessage) -> None:
    """The outbox's handler: mail the invitation, unless it was withdrawn or accepted meanwhile."""
    invitation = (
        Invitation.objects.select_related("workspace", "invited_by")
        .filter(pk=message.payload["invitation_id"], accepted_at__isnull=True)
        .first()
    )
    if invitation is None:
        return
    token = token_of(invitation)
    # The secret key may have been changed since the invitation was written.
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_token(token))
    context = {
        "invitation": invitation,
        "url": settings.PUBLIC_URL + reverse("workspaces:invitation", args=[token]),
    }
    letter = Letter(
        subject=f"Join {_one_line(invitation.workspace.name)} on Meridian",
        body=render_to_string("workspaces/mail/invitation.txt", context),
        to=[invitation.email],
    )
    letter.attach_alternative(
        render_to_string("workspaces/mail/invitation.html", context), "text/html"
    )
    mail.send(
        letter,
        kind=INVITATION,
        key=message.dedupe_key,
        workspace_id=invitation.workspace_id,
        about=("invitation", invitation.pk),
    )


def _require_right(by: Membership, role: Role) -> None:
    if by.role not in MAY_MANAGE:
        raise Forbidden("Only owners and admins invite people.")
    if role == Role.OWNER and by.role != Role.OWNER:
        raise Forbidden("Only an owner makes an owner.")


def _one_line(text: str) -> str:
    return " ".join(text.split())
