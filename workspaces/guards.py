"""Guards for staff pages."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import resolve_url

from common.htmx import go_to, is_htmx

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from workspaces.enums import Role
    from workspaces.models import Membership, User

    View = Callable[..., HttpResponseBase]

    class StaffRequest(HttpRequest):
        """A request of a signed-in member."""

        user: User
        membership: Membership


@overload
def member_required(view: View) -> View: ...
@overload
def member_required(*, roles: frozenset[Role]) -> Callable[[View], View]: ...


def member_required(
    view: View | None = None, *, roles: frozenset[Role] | None = None
) -> View | Callable[[View], View]:
    """Let signed-in members of the session's workspace in; 404 for a role that may not.

    Who is not signed in goes to the sign-in page, as a whole page also when htmx asked.
    """

    def decorate(inner: View) -> View:
        signed_in = login_required(_checked(inner, roles))

        @wraps(inner)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer = signed_in(request, *args, **kwargs)
            if not request.user.is_authenticated and is_htmx(request):
                return go_to(request, _sign_in_for(request))
            return answer

        return guarded

    return decorate(view) if view is not None else decorate


def _checked(inner: View, roles: frozenset[Role] | None) -> View:
    @wraps(inner)
    def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        membership = request.membership
        if not membership or (roles is not None and membership.role not in roles):
            raise Http404
        return inner(request, *args, **kwargs)

    return checked


def _sign_in_for(request: HttpRequest) -> str:
    """The sign-in page, which comes back to the page that the person sees, not to its part."""
    shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    address = shown.path + (f"?{shown.query}" if shown.query else "")
    return f"{resolve_url(settings.LOGIN_URL)}?{urlencode({REDIRECT_FIELD_NAME: address or '/'})}"
