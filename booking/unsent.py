"""What could not be sent for a workspace, as far as a member may know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from booking.enums import MessageKind, Step
from booking.mail_queries import visible_invitations
from booking.models import OutsideInvitation
from booking.owners import meeting_tables, tables_for
from booking.staff_queries import visible_meetings
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage
from workspaces.access import MAY_MANAGE
from workspaces.models import ClientInvitation, Invitation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from booking.models import MeetingBase
    from workspaces.models import Membership

SHOWN: Final = 100
_SHOWN_ASIDE: Final = 20
_WORDS: Final = {
    Step.EVENT: "Calendar event",
    Step.FOLLOW: "Change of the calendar event",
    Step.RELEASE: "Removal of the calendar event",
    Step.AWAIT_LINK: "Join link",
    Step.BOOKED: "Confirmation and notice",
    Step.LINK: "Mail with the join link",
    Step.EVENT_FAILED: "Notice that the event could not be made",
    Step.NO_LINK: "Mail that no join link will come",
    Step.NO_LINK_NOTICE: "Notice that no join link will come",
    Step.CHANGED: "Mail about a change",
    Step.EVENT_BEHIND: "Notice that the calendar did not follow",
    Step.EVENT_LATE: "Notice that the calendar does not answer",
}


# Of an invitation from outside; whatever else there is of it tells its owner.
_WORDS_OF_INVITATION: Final = {
    "event": "Event of an invitation",
    "reply": "Answer to an invitation",
}
_NOTICE_OF_INVITATION: Final = "Notice of an invitation"


@dataclass(frozen=True, slots=True)
class Unsent:
    """One message that failed: what it is, for whom, why and since when.

    `meeting` is there for who may see it; of a colleague's own only whose it is.
    """

    message: OutboxMessage
    what: str
    whom: str
    meeting: MeetingBase | None
    colleague: str
    reason: str
    since: datetime
    can_dismiss: bool


def unsent_messages(membership: Membership, *states: OutboxState) -> QuerySet[OutboxMessage]:
    """What the member may look after, failed unless other states are named: owners and admins all
    of the workspace's, members what is about meetings and invitations from outside that they
    see.
    """
    rows = OutboxMessage.objects.filter(
        workspace_id=membership.workspace_id, state__in=states or [OutboxState.FAILED]
    )
    if membership.role in MAY_MANAGE:
        return rows
    mine = Q()
    for meetings in visible_meetings(membership):
        mine |= Q(about_id__in=meetings.values("pk"))
    mine |= Q(about_id__in=visible_invitations(membership).values("pk"))
    return rows.filter(mine, kind__startswith="booking.")


def unsent(membership: Membership) -> list[Unsent]:
    """The latest of them."""
    rows = unsent_messages(membership).order_by("-failing_since_at", "-created_at")
    return _in_words(membership, list(rows[:SHOWN]))


def put_aside(membership: Membership) -> list[Unsent]:
    """What was last put aside and can be put back."""
    rows = unsent_messages(membership, OutboxState.CANCELLED).order_by("-due_at")
    return _in_words(membership, list(rows[:_SHOWN_ASIDE]))


def chosen(
    membership: Membership, ids: Iterable[UUID], *states: OutboxState
) -> list[OutboxMessage]:
    """Those of the ids that the member may look after and that are in one of these states."""
    return list(unsent_messages(membership, *states).filter(pk__in=list(ids)[:SHOWN]))


def _in_words(membership: Membership, rows: list[OutboxMessage]) -> list[Unsent]:
    about = {row.about_id for row in rows if row.about_id}
    visible: dict[UUID, MeetingBase] = {
        one.pk: one for found in visible_meetings(membership) for one in found.filter(pk__in=about)
    }
    colleagues = _owners_of(membership, about - set(visible))
    invited = _invited(membership, rows)
    duties = set(outbox.duties())
    return [
        Unsent(
            message=row,
            what=_what(row),
            whom=(
                visible[row.about_id].booker_name
                if row.about_id in visible
                else invited.get(row.payload.get("invitation_id", ""), "")
            ),
            meeting=visible.get(row.about_id) if row.about_id else None,
            colleague=colleagues.get(row.about_id, "") if row.about_id else "",
            reason=row.last_error,
            since=row.failing_since_at or row.created_at,
            can_dismiss=row.kind not in duties,
        )
        for row in rows
    ]


def _what(row: OutboxMessage) -> str:
    is_of_meeting = row.kind in {MessageKind.CALENDAR_EVENT, MessageKind.NOTIFICATION}
    step = row.payload.get("step", "")
    if is_of_meeting and step in Step.values:
        return _WORDS.get(Step(step), Step(step).label)
    if row.kind == MessageKind.INVITATION:
        return _WORDS_OF_INVITATION.get(step, _NOTICE_OF_INVITATION)
    return outbox.words_for(row.kind)


def _owners_of(membership: Membership, meeting_ids: set[UUID]) -> dict[UUID, str]:
    """Whose the meetings are that the member does not see."""
    if not meeting_ids:
        return {}
    found = {}
    for tables in meeting_tables():
        rows = tables.meetings().filter(pk__in=meeting_ids, workspace=membership.workspace_id)
        for meeting in rows.select_related(tables.owner_column.removesuffix("_id")):
            column = tables_for(meeting).owner_column.removesuffix("_id")
            found[meeting.pk] = str(getattr(meeting, column))
    return found


def _invited(membership: Membership, rows: list[OutboxMessage]) -> dict[str, str]:
    ids = {row.payload["invitation_id"] for row in rows if row.payload.get("invitation_id")}
    if not ids:
        return {}
    found: dict[str, str] = {}
    for model in (Invitation, ClientInvitation):
        them = model._default_manager.filter(pk__in=ids, workspace=membership.workspace_id)
        found |= {str(key): email for key, email in them.values_list("pk", "email")}
    mine = set(visible_invitations(membership).filter(pk__in=ids).values_list("pk", flat=True))
    outside = OutsideInvitation.objects.filter(pk__in=ids, workspace=membership.workspace_id)
    for one in outside.select_related("client", "user"):
        # Of a colleague's own only whose it is.
        shown = one.title or one.organizer
        found[str(one.pk)] = shown if one.pk in mine else str(one.client or one.user)
    return found
