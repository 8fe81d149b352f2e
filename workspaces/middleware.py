"""Which workspace a page works in: the session's, as long as the user is still its member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.functional import SimpleLazyObject

from workspaces.models import Membership

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest, HttpResponseBase

    from workspaces.models import User

SESSION_KEY = "workspace_id"


def memberships_of(user: User | AnonymousUser) -> list[Membership]:
    """All of the user's, the oldest first, each with its workspace."""
    if not user.is_authenticated:
        return []
    rows = Membership.objects.select_related("workspace", "user__profile")
    return list(rows.filter(user=user).order_by("created_at"))


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership in the session's workspace, else in the user's oldest one, else None."""
    memberships: list[Membership] = request.memberships  # type: ignore[attr-defined]
    if not memberships:
        return None
    wanted = request.session.get(SESSION_KEY)
    for membership in memberships:
        if str(membership.workspace_id) == wanted:
            return membership
    return memberships[0]


class CurrentWorkspaceMiddleware:
    """Sets `request.membership` and `request.memberships`, read when first asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.memberships = SimpleLazyObject(lambda: memberships_of(request.user))  # type: ignore[attr-defined]
        request.membership = SimpleLazyObject(lambda: current_membership(request))  # type: ignore[attr-defined]
        return self.get_response(request)
