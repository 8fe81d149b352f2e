"""Guards for staff pages."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import Http404

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from workspaces.enums import Role
    from workspaces.models import Membership, User

    class StaffRequest(HttpRequest):
        """A request of a signed-in member."""

        user: User
        membership: Membership


def member_required(
    view: Callable[..., HttpResponse] | None = None, *, roles: frozenset[Role] | None = None
) -> Any:
    """Let signed-in members of the session's workspace in; 404 for a role that may not."""

    def decorate(inner: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(inner)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            membership = request.membership
            if not membership or (roles is not None and membership.role not in roles):
                raise Http404
            return inner(request, *args, **kwargs)

        return guarded

    return decorate(view) if view is not None else decorate
