"""A client's own person: asked in by mail, let in by its link, and let in no longer.

The mail's token is derived from the invitation's id; at rest there is only its hash. Opening it
makes a *visit*: a secret in one browser's cookie, which every request is checked against, so that
revoking the invitation ends all of its visits at once. A visit is no sign-in.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from common import limits, mail, outbox
from common.derived import derived_token
from common.errors import InvalidInput, NotFound
from common.languages import ENGLISH, known_language, speaking
from common.mail_form import Letter
from common.secrets import hash_token
from workspaces.access import MAY_WORK, require_role
from workspaces.enums import AccessEnd
from workspaces.models import Client, ClientInvitation, ClientVisit

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from common.models import OutboxMessage
    from workspaces.models import Membership

CLIENT_INVITATION = "workspaces.client_invitation"
OPEN_WITHIN: Final = timedelta(days=14)
WORKS_FOR: Final = timedelta(days=30)
VISIT_LASTS: Final = timedelta(hours=12)
USE_NOTED_EVERY: Final = timedelta(minutes=1)
_SALT = "workspaces.client_invitation"
_CLOSED = "This link is not open any more."


def _sending(name: str, most: int, window: timedelta) -> limits.Limit:
    return limits.Limit(
        name,
        most,
        window,
        words="Enough invitations were sent for now. Nothing was sent. Try again tomorrow.",
        uncounted="No invitation can be sent at this moment. Nothing was sent. Try again soon.",
    )


INVITATIONS_PER_EMAIL = _sending("client-invitations-email", 5, timedelta(days=1))
INVITATIONS_PER_WORKSPACE = _sending("client-invitations-workspace", 100, timedelta(days=1))
WRONG_PER_ADDRESS = limits.Limit("client-tokens-address", 30, timedelta(minutes=10))


def token_of(invitation: ClientInvitation) -> str:
    """The token that opens the invitation."""
    return derived_token(_SALT, invitation.pk, invitation.token_hash)


def dedupe_key(invitation_id: UUID) -> str:
    """The key of the invitation's mail in the outbox."""
    return f"client_invitation:{invitation_id}"


def invite_client(
    *, by: Membership, client: Client, email: str, now: datetime, name: str = ""
) -> ClientInvitation:
    """Send the client's person at that address a link to the client's own page.

    It is to be opened within fourteen days and works for thirty from then on. An open invitation
    of the same address is replaced, and ends. Raises Forbidden, InvalidInput naming the field,
    RateLimited, NotFound for another workspace's client.
    """
    require_role(by, MAY_WORK, "Auditors invite nobody.")
    if client.workspace_id != by.workspace_id:
        raise NotFound
    email = email.strip().lower()
    if not email:
        raise InvalidInput("email", "Give the address the invitation goes to.")
    uses = [(INVITATIONS_PER_EMAIL, email), (INVITATIONS_PER_WORKSPACE, str(by.workspace_id))]
    invitation = ClientInvitation(
        workspace_id=by.workspace_id,
        client=client,
        email=email,
        name=name.strip()[:120],
        invited_by_id=by.user_id,
        expires_at=now + OPEN_WITHIN,
    )
    invitation.token_hash = hash_token(token_of(invitation))
    with limits.spending(uses, now), transaction.atomic():
        # Two at once would both stay open.
        Client.objects.select_for_update(no_key=True).only("id").get(pk=client.pk)
        _end(
            ClientInvitation.objects.filter(client=client, email__iexact=email),
            because=AccessEnd.REPLACED,
            by=by,
            now=now,
        )
        invitation.save(force_insert=True)
        outbox.enqueue(
            kind=CLIENT_INVITATION,
            payload={"invitation_id": str(invitation.pk)},
            dedupe_key=dedupe_key(invitation.pk),
            workspace_id=by.workspace_id,
        )
    return invitation


def revoke_invitation(
    *, by: Membership, client: Client, invitation_id: UUID, now: datetime
) -> ClientInvitation:
    """End the invitation and every visit of it. One that has ended already stays as it is.

    Raises Forbidden, NotFound.
    """
    require_role(by, MAY_WORK)
    rows = ClientInvitation.objects.filter(
        pk=invitation_id, client=client, workspace_id=by.workspace_id
    )
    _end(rows, because=AccessEnd.REVOKED, by=by, now=now)
    found = rows.first()
    if found is None:
        raise NotFound
    return found


def end_invitations_of_sender(*, member: Membership, by: Membership, now: datetime) -> None:
    """A member leaves: what they sent elsewhere than to a client's primary contact ends."""
    sent = ClientInvitation.objects.filter(
        workspace_id=member.workspace_id, invited_by_id=member.user_id, ended_at__isnull=True
    ).select_related("client")
    elsewhere = [
        one.pk for one in sent if one.email.lower() != one.client.primary_contact_email.lower()
    ]
    rows = ClientInvitation.objects.filter(pk__in=elsewhere)
    _end(rows, because=AccessEnd.SENDER_LEFT, by=by, now=now)


def end_invitations_of_contact(
    *, client: Client, email: str, by: Membership, now: datetime
) -> list[str]:
    """The address is the client's primary contact no more: its open links, and every page opened
    with them, end. Whose those were, which is the address or nobody. Within a transaction.
    """
    rows = ClientInvitation.objects.filter(
        client=client, email__iexact=email, ended_at__isnull=True, expires_at__gt=now
    )
    ended = sorted(set(rows.values_list("email", flat=True))) if email else []
    _end(rows.filter(email__in=ended), because=AccessEnd.CONTACT_GONE, by=by, now=now)
    return ended


def _end(
    rows: QuerySet[ClientInvitation], *, because: AccessEnd, by: Membership, now: datetime
) -> None:
    rows.filter(ended_at__isnull=True).update(
        ended_at=now,
        ended_because=because,
        ended_by_name=by.user.get_full_name()[:320],
        updated_at=now,
    )


# --- The client's side ---


def open_invitation(*, token: str, address: str, now: datetime) -> ClientInvitation:
    """The invitation the token opens; reading it changes nothing.

    Raises NotFound when there is none, or no longer, and RateLimited after too many wrong ones.
    """
    limits.check([(WRONG_PER_ADDRESS, address)], now)
    found = (
        ClientInvitation.objects.select_related("workspace", "client", "invited_by")
        .filter(token_hash=hash_token(token))
        .first()
    )
    if found is None:
        limits.note([(WRONG_PER_ADDRESS, address)], now)
        raise NotFound(_CLOSED)
    if not found.is_open(now):
        raise NotFound(_CLOSED)
    return found


def open_visit(*, token: str, address: str, now: datetime) -> tuple[ClientVisit, str]:
    """Let a browser in by the mail's link: the visit, and the secret for its cookie.

    The first opening begins the thirty days. Raises NotFound, RateLimited.
    """
    found = open_invitation(token=token, address=address, now=now)
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = ClientInvitation.objects.select_for_update(no_key=True).get(pk=found.pk)
        if not invitation.is_open(now):
            raise NotFound(_CLOSED)
        if invitation.opened_at is None:
            invitation.opened_at, invitation.expires_at = now, now + WORKS_FOR
            invitation.save(update_fields=["opened_at", "expires_at", "updated_at"])
        visit = ClientVisit.objects.create(
            invitation=invitation,
            secret_hash=hash_token(secret),
            address=address[:45],
            expires_at=min(now + VISIT_LASTS, invitation.expires_at),
            last_used_at=now,
        )
    return visit, secret


def visit_of(*, secret: str, now: datetime) -> ClientVisit:
    """The open visit of the cookie's secret, with invitation, client and workspace.

    Raises NotFound.
    """
    visit = (
        ClientVisit.objects.select_related(
            "invitation__client", "invitation__workspace", "invitation__invited_by"
        )
        .filter(secret_hash=hash_token(secret), ended_at__isnull=True, expires_at__gt=now)
        .first()
    )
    if visit is None or not visit.invitation.is_open(now):
        raise NotFound(_CLOSED)
    if visit.last_used_at < now - USE_NOTED_EVERY:
        ClientVisit.objects.filter(pk=visit.pk).update(last_used_at=now, updated_at=now)
    return visit


def end_visit(*, visit: ClientVisit, now: datetime) -> None:
    """The person leaves; the mail's link lets them in again."""
    ClientVisit.objects.filter(pk=visit.pk, ended_at__isnull=True).update(
        ended_at=now, updated_at=now
    )


# --- The mail ---


def send_client_invitation(message: OutboxMessage) -> None:
    """The outbox's handler: mail the invitation, unless it ended meanwhile."""
    invitation = (
        ClientInvitation.objects.select_related("workspace", "client", "invited_by")
        .filter(pk=message.payload["invitation_id"], ended_at__isnull=True)
        .first()
    )
    if invitation is None:
        return
    with speaking(invitation.client.language):
        letter = invitation_letter(invitation, token_of(invitation))
    mail.send(
        letter,
        kind=CLIENT_INVITATION,
        key=message.dedupe_key,
        workspace_id=invitation.workspace_id,
        about=("client_invitation", invitation.pk),
    )


def invitation_letter(invitation: ClientInvitation, token: str) -> Letter:
    """The mail, in the language that is spoken; its link opens the page in the client's."""
    workspace = _one_line(invitation.workspace.name)
    language = known_language(invitation.client.language)
    query = f"?lang={language}" if language not in {"", ENGLISH} else ""
    subject = _("Connect your calendar for %(workspace)s") % {"workspace": workspace}
    context = {
        "invitation": invitation,
        "sender_name": workspace,
        "subject": subject,
        "action_url": f"{settings.PUBLIC_URL}{reverse('portal:open', args=[token])}{query}",
    }
    stem = "workspaces/mail/client_invitation"
    letter = Letter(
        subject=subject,
        body=render_to_string(f"{stem}.txt", context),
        to=[invitation.email],
    )
    letter.attach_alternative(render_to_string(f"{stem}.html", context), "text/html")
    return letter


def _one_line(text: str) -> str:
    return " ".join(text.split())
