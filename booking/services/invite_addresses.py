"""The address at which others invite an owner: given out, shown, and made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from booking import inbound
from booking.models import InviteAddress
from calendars.owners import connections_of
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from workspaces.owners import Owner


def address_of(owner: Owner) -> str:
    """The owner's address; blank while they have none, or where no mail comes in."""
    row = _rows(owner).first()
    return inbound.invite_address(row.pk) if row is not None else ""


def make_address(owner: Owner) -> str:
    """A new address; a former one takes no mail from then on."""
    with transaction.atomic():
        owner.lock()
        _rows(owner).delete()
        row = InviteAddress.objects.create(
            workspace=owner.workspace, **{f"{owner.kind.value}_id": owner.id}
        )
    return inbound.invite_address(row.pk)


def drop_address(owner: Owner) -> None:
    """Take no more invitations by mail; without an address that is a success."""
    with transaction.atomic():
        owner.lock()
        _rows(owner).delete()


def owner_at(address_id: UUID) -> Owner | None:
    """Whose address it is; None for a former one, and for whoever left the workspace."""
    row = InviteAddress.objects.select_related("workspace").filter(pk=address_id).first()
    if row is None:
        return None
    try:
        return owner_for(row.owner_kind, row.owner_id, row.workspace)
    except ObjectDoesNotExist:
        return None


def mailboxes_of(owner: Owner) -> list[str]:
    """The addresses under which others know the owner."""
    accounts = connections_of(owner).values_list("connected_email", flat=True)
    return [one for one in (owner.notice_email, *accounts) if one]


def _rows(owner: Owner) -> QuerySet[InviteAddress]:
    return InviteAddress.objects.filter(owner.filter_for(), workspace=owner.workspace)
