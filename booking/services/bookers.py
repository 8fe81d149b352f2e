"""The booker's record: made with the first booking, never edited by what somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Lower

if TYPE_CHECKING:
    from uuid import UUID

    from booking.booker import Booker
    from booking.owners import BookingTables
    from workspaces.owners import Owner


def person_id(tables: BookingTables, owner: Owner, booker: Booker) -> UUID:
    """The id of the booker's record. An existing one stays as it is: nobody proved who they are."""
    email = booker.email.lower()
    scope = tables.person_values(owner)
    people = tables.person._default_manager
    made = tables.person(
        name=booker.name,
        email=email,
        phone=booker.phone,
        timezone=booker.timezone,
        language=booker.language,
        **scope,
    )
    # Prospects are shared by the workspace's owners, each with a lock of their own, so that two
    # of them may be about to write the same one.
    people.bulk_create([made], ignore_conflicts=True)
    rows = people.alias(folded=Lower("email")).filter(folded=email, **scope)
    found: UUID = rows.values_list("pk", flat=True).get()
    return found
