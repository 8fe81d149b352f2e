"""The demo's Close: a key that one workspace has entered, and bookings that became leads."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import Party
from booking.services import crm_accounts
from booking.services.availability import nearest_starts, terms_of
from booking.services.changes import Doer, cancel_meeting
from booking.services.links import LinkData, save_link
from booking.services.meetings import book_meeting
from common.secrets import Secret
from sandbox.demo.scene import AMARA, ZONE
from workspaces.owners import owner_of_user

if TYPE_CHECKING:
    from sandbox.server.store import Store
    from workspaces.models import User, Workspace

ORGANIZATION = "Finch & Harbour"
# One that is entered, and one to enter in its place.
KEYS = ("api_demo_finch.7hK2", "api_demo_finch.9xQ4")
_LENGTH = timedelta(minutes=30)
_BOOKERS = (
    ("Maeve Lynch", "maeve@kestrelworks.example", "We have three sites and one calendar."),
    ("Ravi Menon", "ravi@saltmarsh.example", ""),
)


def fill_close(store: Store) -> None:
    """Make the organisation with its keys on Close's side."""
    for key in KEYS:
        store.add_close_key(key, email=AMARA.email, organization=ORGANIZATION)


def fill_crm(studio: Workspace, host: User) -> None:
    """Enter the key, and have two people book with the host: one comes, one calls off."""
    actor, now = task_actor("demo"), timezone.now()
    crm_accounts.keep_key(workspace=studio, key=Secret(KEYS[0]), actor=actor, by_name=AMARA.name)
    data = LinkData(title="First call", slug="tomas-first-call", durations=(30,))
    link = save_link(owner=owner_of_user(host, studio), link=None, data=data)
    monday = now - timedelta(days=now.astimezone(ZoneInfo(ZONE)).weekday())
    terms = terms_of(link, _LENGTH)
    for number, (name, email, message) in enumerate(_BOOKERS):
        wanted = (monday + timedelta(days=8 + number)).replace(hour=11)
        starts = nearest_starts(terms=terms, start=wanted, now=now, actor=actor)
        meeting = book_meeting(
            link=link,
            start=starts[0],
            duration=_LENGTH,
            booker=Booker(name=name, email=email, timezone=ZONE),
            message=message,
            submit_key=uuid.uuid4().hex,
            now=now,
            actor=actor,
        )
    doer = Doer(Party.BOOKER, actor, _BOOKERS[-1][0])
    cancel_meeting(meeting=meeting, doer=doer, now=now, message="Next month suits me better")
