"""The headquarters' week over all branches, and the page on which branches begin and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit.actors import client_address, user_actor
from audit.services.watching import log_watching
from calendars.branches import (
    branches_of,
    calendars_watched,
    headquarters_of,
    may_watch,
    of_branches,
    requests_to,
)
from calendars.hq_page import hq_page, read_hq_address
from calendars.queries import events_between
from calendars.services import headquarters as services
from calendars.views.refusals import refusals_as_pages
from common.errors import (
    Conflict,
    InvalidInput,
    PlanRequired,
    RateLimited,
    UpstreamUnavailable,
)
from common.htmx import is_htmx
from workspaces.access import MAY_WORK
from workspaces.enums import Role
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from audit.models import ConnectionBase
    from calendars.hq_page import AskedWeek
    from calendars.queries import SeenEvent, VisibleCalendar
    from workspaces.guards import StaffRequest
    from workspaces.owners import UserOwner

PAGE = "calendars:headquarters"


@require_safe
@member_required(roles=MAY_WORK)
@refusals_as_pages
def hq(request: StaffRequest) -> HttpResponse:
    """One week over all branches, from the mirror; each look is logged in each branch's chain."""
    workspace, now = request.membership.workspace, timezone.now()
    branches = branches_of(workspace)
    if not branches:
        raise Http404
    if not may_watch(workspace):
        context = {"words": services.paused_words(workspace)}
        return render(request, "calendars/hq_paused.html", context, status=PlanRequired.status)
    owner = owner_of_member(request.membership)
    wanted = request.GET.getlist("branch")
    try:
        asked = read_hq_address(request.GET, wanted, branches, now.astimezone(owner.zone).date())
    except InvalidInput as error:
        context = {"field": error.field, "message": error.message}
        return render(request, "calendars/wrong_address.html", context, status=error.status)
    calendars = calendars_watched(branches)
    page = hq_page(
        asked=asked,
        branches=branches,
        calendars=calendars,
        events=_read(request, asked, calendars, owner, now),
        zone=owner.zone,
        now=now,
    )
    name = "calendars/hq.html"
    response = render(request, f"{name}#refresh" if is_htmx(request) else name, {"page": page})
    patch_vary_headers(response, ["HX-Request"])
    return response


def _read(
    request: StaffRequest,
    asked: AskedWeek,
    calendars: Sequence[VisibleCalendar],
    owner: UserOwner,
    now: datetime,
) -> list[SeenEvent]:
    """The branches' events of the week, after it was logged that they are read."""
    chosen = of_branches(calendars, {branch.pk for branch in asked.branches})
    reads: dict[UUID, dict[UUID, ConnectionBase]] = {}
    for one in chosen:
        reads.setdefault(one.calendar.workspace_id, {})[one.connection.pk] = one.connection
    log_watching(
        reads={branch_id: list(found.values()) for branch_id, found in reads.items()},
        actor=user_actor(request),
        session_key=request.session.session_key or "",
        week_on=asked.monday,
        now=now,
    )
    span = asked.span(owner.zone)
    return events_between(request.membership, span, calendars=chosen, for_grid=True)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@refusals_as_pages
def headquarters(request: StaffRequest) -> HttpResponse:
    """Who watches this workspace and whom it watches; naming the headquarters."""
    membership, typed = request.membership, request.POST.get("slug", "")
    problem, status, headers = "", 200, {}
    if request.method == "POST":
        try:
            services.name_headquarters(
                by=membership, slug=typed, now=timezone.now(), address=client_address(request)
            )
        except (InvalidInput, Conflict) as error:
            problem, status = error.message, 422
        except (RateLimited, UpstreamUnavailable) as error:
            problem, status = error.message, error.status
            if isinstance(error, RateLimited) and error.retry_after is not None:
                headers["Retry-After"] = str(int(error.retry_after.total_seconds()) + 1)
        else:
            messages.success(request, f"{typed.strip().lower()} was asked.")
            return redirect(PAGE)
    context = {**_standing(request), "typed": typed, "problem": problem}
    answer = render(request, "calendars/headquarters.html", context, status=status)
    for name, value in headers.items():
        answer[name] = value
    return answer


def _standing(request: StaffRequest) -> dict[str, Any]:
    workspace = request.membership.workspace
    branches, requests = branches_of(workspace), requests_to(workspace)
    can_watch = may_watch(workspace)
    return {
        "is_owner": request.membership.role == Role.OWNER,
        "headquarters": headquarters_of(workspace),
        "branches": branches,
        "requests": requests,
        "can_watch": can_watch,
        "paused": services.paused_words(workspace) if branches and not can_watch else "",
    }


@require_POST
@member_required(roles=services.OWNERS)
@refusals_as_pages
def headquarters_leave(request: StaffRequest) -> HttpResponse:
    """The branch's owner ends it."""
    services.leave_headquarters(by=request.membership)
    messages.success(request, "Nobody watches this workspace any more.")
    return redirect(PAGE)


@require_POST
@member_required(roles=services.OWNERS)
@refusals_as_pages
def branch_accept(request: StaffRequest, branch_id: UUID) -> HttpResponse:
    """The headquarters' owner says yes."""
    try:
        branch = services.accept_branch(
            by=request.membership, branch_id=branch_id, now=timezone.now()
        )
    except (Conflict, PlanRequired) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{branch.name} is a branch now.")
    return redirect(PAGE)


@require_POST
@member_required(roles=services.OWNERS)
@refusals_as_pages
def branch_end(request: StaffRequest, branch_id: UUID) -> HttpResponse:
    """The headquarters' owner says no, or ends it."""
    services.end_branch(by=request.membership, branch_id=branch_id)
    messages.success(request, "That workspace is no branch of yours.")
    return redirect(PAGE)
