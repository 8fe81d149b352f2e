"""The people whom calendars know by themselves: colleagues, clients, and guests of events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import TextField
from django.db.models.functions import Cast

from calendars.enums import Acquaintance
from calendars.models import Event
from calendars.people import READ_AT_MOST, Person
from common.matching import best_first, holds, holds_in_json, mentions
from workspaces.queries import clients_of, members_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from calendars.people import Typed
    from calendars.queries import VisibleCalendar
    from workspaces.models import Membership

# Among so many events, the nearest to now, everybody's last meeting is looked for.
RECENT: Final = 300
LOOKED_THROUGH: Final = 200
AHEAD: Final = timedelta(days=60)


def colleagues(membership: Membership, typed: Typed) -> Sequence[Person]:
    """Members of the member's workspace."""
    rows = members_of(membership.workspace)
    for word in typed.words:
        rows = rows.filter(holds(word, "user__name", "user__email"))
    rows = best_first(rows, typed.text, "user__name", "user__email")
    return [
        Person(email=row.user.email, name=row.user.name, kind=Acquaintance.MEMBER)
        for row in rows[:READ_AT_MOST]
    ]


def primary_contacts(membership: Membership, typed: Typed) -> Sequence[Person]:
    """Whom the clients of the workspace named first."""
    rows = clients_of(membership.workspace).exclude(primary_contact_email="")
    fields = ("primary_contact_name", "primary_contact_email", "name")
    for word in typed.words:
        rows = rows.filter(holds(word, *fields))
    return [
        Person(
            email=row.primary_contact_email,
            name=row.primary_contact_name,
            kind=Acquaintance.CLIENT,
            organisation=row.name,
        )
        for row in best_first(rows, typed.text, *fields)[:READ_AT_MOST]
    ]


class Guests:
    """Whom these calendars' events have as guests; one query for each question."""

    def __init__(self, calendars: Iterable[VisibleCalendar], now: datetime) -> None:
        """`calendars` are to be ones that the member sees in full."""
        self.now = now
        self.events = (
            Event.objects.filter(
                calendar_id__in=[one.calendar.pk for one in calendars], deleted_at__isnull=True
            )
            .exclude(attendees=[])
            .annotate(guests_text=Cast("attendees", TextField()))
            .order_by("-start_at")
        )

    def last_met(self) -> dict[str, datetime]:
        """When each of the latest guests was met last, by address in lower case."""
        rows = self.events.filter(start_at__lt=self.now + AHEAD)
        return {email: at for email, (_, at) in self._read(rows, RECENT)}

    def like(self, typed: Typed) -> list[Person]:
        """The guests with what was typed in name or address."""
        rows = self.events
        for word in typed.words:
            rows = rows.filter(holds_in_json(word, "guests_text"))
        return [
            Person(email=email, name=name, kind=Acquaintance.MET, met_at=at)
            for email, (name, at) in self._read(rows, LOOKED_THROUGH)
            if mentions(f"{name}\n{email}", typed.words)
        ]

    def _read(self, rows: QuerySet[Event], most: int) -> Iterable[tuple[str, tuple[str, datetime]]]:
        """Name and last meeting by address; one that lies ahead is as recent as now."""
        found: dict[str, tuple[str, datetime]] = {}
        for start, attendees in rows.values_list("start_at", "attendees")[:most]:
            for guest in attendees:
                email, name = str(guest.get("email") or "").lower(), str(guest.get("name") or "")
                if "@" not in email or guest.get("is_self"):
                    continue
                known_name, known_at = found.get(email, ("", start))
                name = "" if name.lower() == email else name
                found[email] = (known_name or name, min(max(known_at, start), self.now))
        return found.items()
