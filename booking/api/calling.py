"""What every call of the booking API begins with: who calls, and about which meeting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotAuthenticated

from audit.actors import client_address, public_actor, user_actor
from booking.access import meeting_of_token
from booking.api.serializers import Refusal
from booking.enums import Party
from booking.services import limits
from booking.services.changes import Doer
from booking.staff_queries import visible_meeting
from common.errors import Forbidden
from workspaces.access import MAY_WORK, require_role
from workspaces.authentication import membership_of
from workspaces.models import User

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from rest_framework.request import Request

    from booking.models import MeetingBase
    from workspaces.models import Membership

READ, WRITE = "booking:read", "booking:write"
MANAGE_HEADER = "X-Manage-Token"
_HOST_ONLY = "Only the host can do this. Cancel or move the meeting instead."

WORKSPACE = OpenApiParameter(
    "X-Workspace",
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="The workspace that is meant; needed by those who are in several.",
)
STAFF: list[Any] = [{"serviceToken": []}, {"cookieAuth": []}]
STAFF_OR_BOOKER: list[Any] = [*STAFF, {"manageToken": []}]
EVERYBODY: list[Any] = [{}]
EVERYBODY_OR_STAFF: list[Any] = [*EVERYBODY, *STAFF]


def refused(*statuses: int) -> dict[int, Any]:
    """The answers with these statuses, as the documentation shows them."""
    return dict.fromkeys(statuses, Refusal)


@dataclass(frozen=True, slots=True)
class Called:
    """The meeting a call is about, and who calls: staff, or its booker by the manage token."""

    meeting: MeetingBase
    doer: Doer
    membership: Membership | None

    @property
    def is_booker(self) -> bool:
        return self.membership is None

    def require_staff(self) -> Membership:
        """The member who calls. Raises Forbidden for the booker."""
        if self.membership is None:
            raise Forbidden(_HOST_ONLY)
        return self.membership


def member_calling(request: Request, scope: str) -> Membership:
    """The member who calls. Raises WorkspaceRequired, NotFound, Forbidden."""
    membership = membership_of(request, scope=scope)
    require_role(membership, MAY_WORK)
    return membership


def meeting_called(request: Request, meeting_id: UUID, *, scope: str, now: datetime) -> Called:
    """The meeting of that id, of either table, if the caller may see it.

    With a manage token it is that token's own meeting and nobody else's. Raises NotAuthenticated,
    NotFound, Forbidden, WorkspaceRequired, and RateLimited for one who tries tokens.
    """
    token = request.headers.get(MANAGE_HEADER, "")
    if token:
        address = client_address(request)
        limits.use(limits.ATTEMPTS_PER_ADDRESS, address, now)
        meeting = meeting_of_token(meeting_id, token)
        actor = public_actor(request, meeting.link_id or meeting.pk)
        return Called(meeting, Doer(Party.BOOKER, actor, meeting.booker_name), None)
    if not request.user.is_authenticated:
        raise NotAuthenticated
    assert isinstance(request.user, User)
    membership = member_calling(request, scope)
    meeting = visible_meeting(membership, meeting_id)
    doer = Doer(Party.OWNER, user_actor(request), request.user.get_full_name())
    return Called(meeting, doer, membership)
