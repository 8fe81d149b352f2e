"""Promising time and giving it back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from calendars.models import Hold
from common.spans import Span
from common.statements import Insert, Select
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from calendars.enums import HoldSource
    from workspaces.owners import Owner

_TOUCHING = Select(
    lambda owner_id, since, until: (
        Hold.objects.filter(owner_id=owner_id, held_from__lt=until, held_until__gt=since)
        .order_by("held_from")
        .values_list("held_from", "held_until", "id")
    ),
    owner_id=UUID,
    since=datetime,
    until=datetime,
)
_PROMISE = Insert(Hold)


def holds_of(owner: Owner, span: Span, *, ignoring: Collection[UUID] = ()) -> list[Span]:
    """The owner's promised time that touches the span, in every workspace, sorted."""
    rows = _TOUCHING.rows(owner_id=owner.id, since=span.start, until=span.end)
    return [Span(start, end) for start, end, hold_id in rows if hold_id not in ignoring]


def holds_of_people(user_ids: Collection[UUID], span: Span) -> dict[UUID, list[Span]]:
    """The promised time of each of these users, in every workspace; one query."""
    rows = Hold.objects.filter(
        owner_kind=OwnerKind.USER,
        owner_id__in=user_ids,
        held_from__lt=span.end,
        held_until__gt=span.start,
    )
    found: dict[UUID, list[Span]] = {}
    for user_id, start, end in rows.values_list("owner_id", "held_from", "held_until"):
        found.setdefault(user_id, []).append(Span(start, end))
    return found


def place_hold(*, owner: Owner, span: Span, source: HoldSource) -> Hold:
    """Promise the span, buffers included, within the caller's transaction after `owner.lock()`.

    Raises IntegrityError when another hold of the owner overlaps.
    """
    hold = Hold(
        owner_kind=owner.kind,
        owner_id=owner.id,
        workspace=owner.workspace,
        held_from=span.start,
        held_until=span.end,
        source=source,
    )
    _PROMISE.run(hold)
    return hold


def move_hold(*, hold: Hold, span: Span) -> None:
    """Promise another span instead. Raises IntegrityError when a different hold overlaps."""
    hold.held_from, hold.held_until = span.start, span.end
    hold.save(update_fields=["held_from", "held_until", "updated_at"])


def release_hold(hold: Hold) -> None:
    """Give the time back; a hold that is gone already is no error."""
    Hold.objects.filter(pk=hold.pk).delete()
