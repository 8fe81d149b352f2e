"""Bookers as guests to invite: clients' contacts and the workspace's prospects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Lower

from booking.models import Contact, SalesProspect
from booking.owners import tables_of
from calendars.enums import Acquaintance
from calendars.people import READ_AT_MOST, Person
from common.matching import best_first, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from booking.models import PersonBase
    from calendars.people import Typed
    from workspaces.models import Membership
    from workspaces.owners import Owner


def contacts(membership: Membership, typed: Typed) -> Sequence[Person]:
    """Who booked with a client of the workspace."""
    rows = Contact.objects.filter(workspace=membership.workspace_id).select_related("client")
    for word in typed.words:
        rows = rows.filter(holds(word, "name", "email"))
    return [
        Person(row.email, row.name, Acquaintance.CONTACT, organisation=row.client.name)
        for row in best_first(rows, typed.text, "name", "email")[:READ_AT_MOST]
    ]


def prospects(membership: Membership, typed: Typed) -> Sequence[Person]:
    """Who booked with one of the workspace's own users."""
    rows = SalesProspect.objects.filter(workspace=membership.workspace_id)
    for word in typed.words:
        rows = rows.filter(holds(word, "name", "email"))
    return [
        Person(row.email, row.name, Acquaintance.PROSPECT)
        for row in best_first(rows, typed.text, "name", "email")[:READ_AT_MOST]
    ]


def known_person(owner: Owner, email: str) -> PersonBase | None:
    """The owner's contact, or the workspace's prospect, of that address."""
    tables = tables_of(owner.kind)
    rows = tables.person._default_manager.alias(folded=Lower("email"))
    return rows.filter(folded=email.strip().lower(), **tables.person_values(owner)).first()
