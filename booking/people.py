"""Bookers as guests to invite: clients' contacts and the workspace's prospects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from booking.models import Contact, SalesProspect
from calendars.enums import Acquaintance
from calendars.people import READ_AT_MOST, Person
from common.matching import best_first, holds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calendars.people import Typed
    from workspaces.models import Membership


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
