"""Where a person lands: the first page that is theirs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from workspaces.access import MAY_WORK

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The calendar, the log for auditors, and for people in no workspace a page of their own.

    Whose page it is shows only after signing in, so strangers are sent there without a way back.
    """
    user = request.user
    membership = getattr(request, "membership", None)
    if not user.is_authenticated:
        return redirect("account_login")
    if membership and membership.role in MAY_WORK:
        return redirect("calendars:calendar")
    if membership:
        return redirect("audit:log")
    return redirect("admin:index" if user.is_staff else "workspaces:profile")
