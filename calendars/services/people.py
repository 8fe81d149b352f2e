"""Whom a member may mean by a few letters, from everything that knows people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calendars import people
from calendars.acquaintances import Guests
from calendars.enums import Sight
from calendars.queries import calendars_visible_to
from calendars.services.reading import log_reading
from common.spans import Span
from workspaces.access import MAY_WORK, require_role

if TYPE_CHECKING:
    from datetime import datetime

    from audit.actors import Actor
    from calendars.people import Person
    from workspaces.models import Membership


def find_people(
    *, membership: Membership, typed: str, actor: Actor, session_key: str, now: datetime
) -> list[Person]:
    """At most eight people whom the member may mean; nobody for less than two letters.

    Members of the workspace, whom other apps know in it, and guests of events that the member
    sees in full; never the member themself. Reading those guests is logged as any reading of the
    mirror is. The number of queries is constant. Raises Forbidden.
    """
    require_role(membership, MAY_WORK)
    wanted = people.read_typed(typed)
    if wanted is None:
        return []
    whole = [one for one in calendars_visible_to(membership) if one.sight == Sight.FULL]
    connections = {one.connection.pk: one.connection for one in whole}
    log_reading(
        membership=membership,
        actor=actor,
        session_key=session_key,
        connections=list(connections.values()),
        span=Span(now, now + people.A_MOMENT),
        now=now,
    )
    guests = Guests(whole, now)
    found = [person for source in people.sources() for person in source(membership, wanted)]
    found += guests.like(wanted)
    own = membership.user.email.lower()
    others = (one for one in found if one.email.lower() != own)
    return people.best(others, wanted, guests.last_met())
