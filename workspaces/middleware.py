"""Which workspace a page works in: the session's, as long as the user is still its member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.functional import SimpleLazyObject

from workspaces.models import Membership

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

SESSION_KEY = "workspace_id"


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership in the session's workspace, else in the user's oldest one, else None."""
    if not request.user.is_authenticated:
        return None
    memberships = list(
        Membership.objects.select_related("workspace", "user__profile")
        .filter(user=request.user)
        .order_by("created_at")
    )
    wanted = request.session.get(SESSION_KEY)
    for membership in memberships:
        if str(membership.workspace_id) == wanted:
            return membership
    return memberships[0] if memberships else None


class CurrentWorkspaceMiddleware:
    """Sets `request.membership`, read from the database when first asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.membership = SimpleLazyObject(lambda: current_membership(request))  # type: ignore[attr-defined]
        return self.get_response(request)
