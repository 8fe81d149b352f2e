"""The log page: who used which token, when and why; its proof, and its export."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.core.cache import cache
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from audit.enums import ActorKind, Outcome
from audit.forms import LogFilter
from audit.queries import connections_in_log, last_seq, log_rows, verify_chain
from audit.reasons import Act, act_of, icon_of
from common.spreadsheets import csv_answer, csv_lines
from workspaces.access import MAY_AUDIT
from workspaces.guards import member_required

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpResponse, HttpResponseBase

    from audit.models import OAuthTokenAccessLog
    from audit.queries import ChainReport
    from workspaces.guards import StaffRequest

PAGE_ROWS = 100
CHECKABLE_ROWS = 250_000  # a check of more takes longer than a page should; there is a command
CHECK_KEPT_SECONDS = 7 * 86_400
COLUMNS = (
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "connection_id",
    "connection_email",
    "provider",
    "reason",
    "target",
    "outcome",
    "request_id",
    "address",
    "previous_hash",
    "hash",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row and how it is shown."""

    row: OAuthTokenAccessLog
    icon: str
    tone: str
    is_denied: bool

    @property
    def who(self) -> str:
        """A name where there is one; a client's person, who is no member, is called so."""
        if self.row.actor_kind == ActorKind.CLIENT:
            return f"{self.row.actor_name} (by invitation)"
        if self.row.actor_name:
            return self.row.actor_name
        return f"{self.row.get_actor_kind_display()} {self.row.actor_id[:8]}"


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of a check, and when it was made."""

    report: ChainReport
    at: datetime


_TONES = {Act.READ: "", Act.WRITE: "write", Act.DELETE: "gone", Act.KEY: "key"}


@require_safe
@member_required(roles=MAY_AUDIT)
def log(request: StaffRequest) -> HttpResponse:
    workspace_id = request.membership.workspace_id
    total = last_seq(workspace_id)
    form = LogFilter(request.GET, connections=connections_in_log(workspace_id))
    context: dict[str, Any] = {"form": form, "total": total, "acts": _acts(), "lines": []}
    status = 422
    if form.is_valid():
        status = 200
        before = form.cleaned_data["before"]
        rows = list(log_rows(workspace_id, **form.criteria(), before_seq=before)[: PAGE_ROWS + 1])
        context["lines"] = [_line(row) for row in rows[:PAGE_ROWS]]
        if len(rows) > PAGE_ROWS:
            context["older"] = _address(request, before=str(rows[PAGE_ROWS - 1].seq))
        if before:
            context["newest"] = _address(request)
    is_asked = "check" in request.GET and total <= CHECKABLE_ROWS
    context |= {
        "check": _check(workspace_id) if is_asked else _last_check(workspace_id),
        "may_check": total <= CHECKABLE_ROWS,
        "check_url": _address(request, check="1"),
        "export_query": _query(request),
        "today": timezone.now().date(),
    }
    return render(request, "audit/log.html", context, status=status)


@require_safe
@member_required(roles=MAY_AUDIT)
def export(request: StaffRequest) -> HttpResponseBase:
    """The same rows as CSV, oldest last, streamed."""
    workspace = request.membership.workspace
    form = LogFilter(request.GET, connections=connections_in_log(workspace.pk))
    if not form.is_valid():
        return log(request)
    rows = log_rows(workspace.pk, **form.criteria())
    name = f"{workspace.slug}-token-access-{timezone.now():%Y-%m-%d}.csv"
    found = rows.iterator(chunk_size=2000)
    return csv_answer(
        name, csv_lines(COLUMNS, ([getattr(row, column) for column in COLUMNS] for row in found))
    )


def _line(row: OAuthTokenAccessLog) -> Line:
    is_denied = row.outcome == Outcome.DENIED
    return Line(
        row=row,
        icon="ban" if is_denied else icon_of(row.reason),
        tone="denied" if is_denied else _TONES[act_of(row.reason)],
        is_denied=is_denied,
    )


def _acts() -> list[tuple[str, str, str]]:
    acts = [(act.value, act.label, act.icon) for act in Act]
    return [("", "All", ""), *acts, ("denied", "Denied", "ban")]


def _check(workspace_id: UUID) -> Check:
    """Check now and keep the answer, so that the next visitor sees when it was."""
    check = Check(verify_chain(workspace_id), timezone.now())
    with suppress(RedisError):
        cache.set(_check_key(workspace_id), check, CHECK_KEPT_SECONDS)
    return check


def _last_check(workspace_id: UUID) -> Check | None:
    """The answer that is kept; none while Redis is away."""
    with suppress(RedisError):
        return cast("Check | None", cache.get(_check_key(workspace_id)))
    return None


def _check_key(workspace_id: UUID) -> str:
    return f"audit:check:{workspace_id}"


def _query(request: StaffRequest, **more: str) -> str:
    """What is filtered for, without the page and the wish to check, and with `more`."""
    query = request.GET.copy()
    for name in ("before", "check"):
        query.pop(name, None)
    for name, value in more.items():
        query[name] = value
    return query.urlencode()


def _address(request: StaffRequest, **more: str) -> str:
    query = _query(request, **more)
    return f"{request.path}?{query}" if query else request.path
