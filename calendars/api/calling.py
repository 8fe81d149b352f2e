"""What every call of the calendar API begins with: who calls, from which workspace, with what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from calendars.api import serializers as shapes
from workspaces.access import MAY_WORK, require_role
from workspaces.authentication import membership_of
from workspaces.models import ServiceToken

if TYPE_CHECKING:
    from rest_framework.request import Request

    from calendars.api.drafts import StrictSerializer
    from workspaces.models import Membership

READ, WRITE = "calendar:read", "calendar:write"

WORKSPACE = OpenApiParameter(
    "X-Workspace",
    OpenApiTypes.UUID,
    OpenApiParameter.HEADER,
    description="The workspace that is meant; needed by those who are in several.",
)


def refused(*statuses: int) -> dict[int, Any]:
    """The answers with these statuses, as the documentation shows them."""
    return dict.fromkeys(statuses, shapes.RefusalOutput)


READ_REFUSED = refused(400, 401, 403, 404)
WRITE_REFUSED = refused(400, 401, 402, 403, 404, 409, 410, 412, 429, 503)


def member_calling(request: Request, scope: str) -> Membership:
    """The member who calls. Raises WorkspaceRequired, NotFound, Forbidden."""
    membership = membership_of(request, scope=scope)
    require_role(membership, MAY_WORK)
    return membership


def query_of(request: Request, shape: type[StrictSerializer]) -> dict[str, Any]:
    """What stands in the address, checked. Raises ValidationError."""
    serializer = shape(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def session_key(request: Request) -> str:
    """By what one caller's reads from the mirror are told apart in the log."""
    if isinstance(request.auth, ServiceToken):
        return f"token:{request.auth.pk}"
    return request.session.session_key or f"user:{request.user.pk}"
