"""What colleagues may see and do in somebody's own calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from calendars.enums import ShareLevel
from calendars.models import CalendarShare
from common.errors import InvalidInput
from workspaces.models import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from calendars.models import Calendar
    from workspaces.models import User, Workspace


@transaction.atomic
def share_calendar(
    *, calendar: Calendar, everyone: ShareLevel, members: Mapping[UUID, ShareLevel]
) -> None:
    """Show the calendar to everyone in its workspace, and to each of these members, at a level.

    BUSY is what every colleague sees anyway, so it ends a share; members that are not named keep
    what they have. It counts from the next page on. Raises InvalidInput for a client's calendar,
    which all members see in full, and for somebody who is not another member of the workspace.
    """
    owner = calendar.user_connection
    if owner is None:
        raise InvalidInput("calendar", "Every member sees a client's calendar in full.")
    others = Membership.objects.filter(workspace=calendar.workspace_id, pk__in=members)
    if others.exclude(user=owner.user_id).count() != len(members):
        raise InvalidInput("member", "Choose a colleague of this workspace.")
    for member_id, level in [(None, everyone), *members.items()]:
        shares = CalendarShare.objects.filter(calendar=calendar, member=member_id)
        if level == ShareLevel.BUSY:
            shares.delete()
        elif not shares.update(level=level):
            CalendarShare.objects.create(calendar=calendar, member_id=member_id, level=level)


def end_shares(*, user: User, workspace: Workspace) -> None:
    """A membership ended: what the user shared there is shared no more, should they come back.

    What was shared with them went with the membership.
    """
    CalendarShare.objects.filter(
        calendar__user_connection__user=user, calendar__workspace=workspace
    ).delete()
