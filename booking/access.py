"""Links, owners and meetings fetched by name or id *and* right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import slug_re
from django.db.models.functions import Lower

from booking.errors import LinkClosed
from booking.models import BookingLink, BookingName
from booking.owners import meeting_tables
from booking.tokens import hash_manage_token
from common.errors import NotFound
from common.statements import Select
from workspaces.access import client_for
from workspaces.enums import OwnerKind, Role
from workspaces.models import User
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from booking.models import MeetingBase
    from workspaces.models import Workspace
    from workspaces.owners import Owner

_OPEN = Select(
    lambda slug: (
        BookingLink.objects.select_related("workspace")
        .alias(folded=Lower("slug"))
        .filter(folded=slug, is_active=True)
        .order_by()
    ),
    slug=str,
)


def open_link(slug: str) -> BookingLink:
    """The active link of that slug, upper or lower case. Raises LinkClosed."""
    if not slug_re.fullmatch(slug):
        raise LinkClosed
    link = _OPEN.first(slug=slug.lower())
    if link is None:
        raise LinkClosed
    return link


def name_at(slug: str) -> BookingName:
    """What stands at that address below `/book/`, now or formerly. Raises NotFound."""
    if not slug_re.fullmatch(slug):
        raise NotFound
    names = BookingName.objects.select_related("workspace", "link", "client", "user")
    found = names.filter(slug=slug.lower()).first()
    if found is None:
        raise NotFound
    return found


def link_for(workspace: Workspace, link_id: UUID) -> BookingLink:
    """The workspace's link of that id. Raises NotFound."""
    link = BookingLink.objects.select_related("workspace").filter(workspace=workspace, pk=link_id)
    found = link.first()
    if found is None:
        raise NotFound
    return found


def owner_in(
    workspace: Workspace,
    kind: OwnerKind,
    owner_id: UUID,
    *,
    roles: Iterable[Role] = frozenset(Role),
) -> Owner:
    """The workspace's client, or its user in one of the roles, of that id. Raises NotFound."""
    if kind is OwnerKind.CLIENT:
        client_for(workspace, owner_id)
    else:
        here = {"memberships__workspace": workspace, "memberships__role__in": list(roles)}
        if not User.objects.filter(pk=owner_id, **here).exists():
            raise NotFound
    return owner_for(kind, owner_id, workspace)


def meeting_by_token(token: str) -> MeetingBase:
    """The meeting that the holder of this token booked. Raises NotFound.

    The token alone opens it: links are renamed, paused and deleted, and mails stay as they are.
    """
    token_hash = hash_manage_token(token)
    for tables in meeting_tables():
        rows = tables.meetings().filter(manage_token_hash=token_hash, erased_at__isnull=True)
        found: MeetingBase | None = rows.first()
        if found is not None:
            return found
    raise NotFound


def meeting_of_token(meeting_id: UUID, token: str) -> MeetingBase:
    """The meeting of that id, if this is the token that opens it. Raises NotFound."""
    token_hash = hash_manage_token(token)
    for tables in meeting_tables():
        rows = tables.meetings().filter(manage_token_hash=token_hash, erased_at__isnull=True)
        found: MeetingBase | None = rows.filter(pk=meeting_id).first()
        if found is not None:
            return found
    raise NotFound
