"""The booker's record: made with the first booking, never edited by what somebody typed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models.functions import Lower

from booking.errors import RecordBusy
from booking.owners import meeting_tables
from common.statements import Insert, Select

if TYPE_CHECKING:
    from booking.booker import Booker
    from booking.owners import BookingTables
    from workspaces.owners import Owner

_TRIES = 3


def _by_email(tables: BookingTables) -> Select[tuple[UUID]]:
    return Select(
        lambda email, **scope: (
            tables.person._default_manager.alias(folded=Lower("email"))
            .filter(folded=email, **scope)
            # Whoever erases the record waits, or is waited for.
            .select_for_update(no_key=True, of=("self",))
            .values_list("pk")
        ),
        email=str,
        workspace_id=UUID,
        **dict.fromkeys(tables.person_scope, UUID),
    )


_NEW = {tables.kind: Insert(tables.person, ignore_conflicts=True) for tables in meeting_tables()}
_KNOWN = {tables.kind: _by_email(tables) for tables in meeting_tables()}


def person_id(tables: BookingTables, owner: Owner, booker: Booker) -> UUID:
    """The id of the booker's record. An existing one stays as it is: nobody proved who they are.

    It stays until the caller's transaction ends. One that is erased at this moment is waited for,
    and a new one made; raises RecordBusy where that is erased, too.
    """
    email = booker.email.lower()
    scope = tables.person_values(owner)
    made = tables.person(
        name=booker.name,
        email=email,
        phone=booker.phone,
        timezone=booker.timezone,
        language=booker.language,
        **scope,
    )
    for _try in range(_TRIES):
        # Prospects are shared by the workspace's owners, each with a lock of their own, so that
        # two of them may be about to write the same one.
        if _NEW[tables.kind].run(made):
            return made.pk
        found = _KNOWN[tables.kind].first(email=email, **scope)
        if found is not None:
            return found[0]
    raise RecordBusy
