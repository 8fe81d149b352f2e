"""What came in by mail, as far as a member may see it: to their own addresses and the clients'.

Of what came to a colleague, owners and admins learn that there is something and why, no more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Case, Q, When

from booking.enums import InvitationState, MailOutcome
from booking.models import IncomingMail, OutsideInvitation
from common.errors import NotFound
from workspaces.access import MAY_MANAGE
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from workspaces.models import Membership

MOST: Final = 200
_RECENT: Final = timedelta(days=7)
_OPEN: Final = Q(state=InvitationState.PENDING) | Q(asks_again=True)


def visible_invitations(membership: Membership) -> QuerySet[OutsideInvitation]:
    """The invitations from outside to the member and to the clients."""
    mine = Q(client__isnull=False) | Q(user_id=membership.user_id)
    rows = OutsideInvitation.objects.filter(mine, workspace=membership.workspace_id)
    return rows.select_related("workspace", "client", "user")


def shown_invitations(membership: Membership, now: datetime) -> list[OutsideInvitation]:
    """Those that are to come or were over lately, the ones to answer first."""
    rows = visible_invitations(membership).filter(Q(end_at__gte=now - _RECENT) | ~Q(recurrence=[]))
    # In the database: whatever many were answered, those that wait are among the ones shown.
    waits_not = Case(When(_OPEN, then=0), default=1)
    return list(rows.order_by(waits_not, "start_at", "pk")[:MOST])


def count_to_answer(membership: Membership, now: datetime) -> int:
    """How many wait for an answer."""
    rows = visible_invitations(membership).filter(_OPEN)
    return rows.filter(Q(end_at__gte=now) | ~Q(recurrence=[])).count()


def visible_invitation(membership: Membership, invitation_id: UUID) -> OutsideInvitation:
    """Raises NotFound."""
    found = visible_invitations(membership).filter(pk=invitation_id).first()
    if found is None:
        raise NotFound
    return found


def is_own(mail: IncomingMail, membership: Membership) -> bool:
    """Whether the member may read what the mail says."""
    return mail.owner_kind == OwnerKind.CLIENT or mail.owner_id == membership.user_id


def mails_to_review(membership: Membership) -> QuerySet[IncomingMail]:
    """What nobody has looked at yet, the latest first; colleagues' for owners and admins alone."""
    rows = IncomingMail.objects.filter(
        workspace=membership.workspace_id, outcome=MailOutcome.REVIEW
    )
    if membership.role not in MAY_MANAGE:
        rows = rows.filter(Q(owner_kind=OwnerKind.CLIENT) | Q(owner_id=membership.user_id))
    return rows.order_by("-received_at")


def mail_to_review(membership: Membership, mail_id: UUID) -> IncomingMail:
    """Raises NotFound."""
    found = mails_to_review(membership).filter(pk=mail_id).first()
    if found is None:
        raise NotFound
    return found
