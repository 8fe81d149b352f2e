"""A provider tried out for real: a test event with its meeting link, from making to being gone.

Everything goes the way that people's events go: routed by the plan, with audited tokens, at the
configured addresses. Nobody is invited, and the event shows as free.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.conf import settings

from audit.actors import Actor
from audit.chain import hash_of
from audit.enums import AccessReason, ActorKind, Outcome
from audit.models import OAuthTokenAccessLog
from calendars import hosts
from calendars.enums import ConferenceState, Visibility
from calendars.providers.base import EventDraft
from calendars.providers.errors import EventGone
from calendars.services import conferences, events
from common.errors import DomainError
from conferencing import routing
from conferencing import services as conferencing
from conferencing.enums import Conference
from conferencing.zoom import RoomGone

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from calendars.models import Calendar, Event
    from conferencing.models import ZoomMeeting
    from conferencing.zoom import ZoomRoom

NAME: Final = "manage.py verify_provider"
TITLE: Final = "Meridian check, may be deleted"
MOVED_TITLE: Final = "Meridian check, moved, may be deleted"
LASTS: Final = timedelta(minutes=15)
LOOK_EVERY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried, whether it went well, what was seen, and how long it took."""

    name: str
    is_good: bool
    words: str
    seconds: float


class _NotAsExpected(Exception):
    """The provider answered, and not with what was asked for."""


class Verification:
    """One test event on one calendar. `run` says whether all went well, and leaves nothing, or
    tells what it may have left.
    """

    def __init__(
        self,
        calendar: Calendar,
        *,
        wanted: Conference,
        start: datetime,
        tell: Callable[[Step], None],
        preferred: Conference | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`preferred` routes AUTO as for an owner who prefers that, whatever they do prefer."""
        self._calendar, self._wanted, self._start = calendar, wanted, start
        self._tell, self._preferred, self._wait = tell, preferred, wait
        self._key = uuid.uuid4().hex
        self._actor = Actor(ActorKind.TASK, id=NAME, name=NAME, request_id=self._key)
        self._link = Conference.NONE
        self._event: Event | None = None
        self._room: ZoomMeeting | None = None
        self.is_clean = True  # nothing was asked for yet

    def run(self) -> bool:
        """Take the steps until one fails; then, and when interrupted, clean up.

        Each step is told as it ends. Raises KeyboardInterrupt after cleaning up.
        """
        steps = (
            ("Route", self._route),
            ("Create", self._create),
            ("Read back", self._read_back),
            ("Join link", self._check_link),
            ("Change", self._change),
            ("Delete", self._delete),
            ("Gone", self._check_gone),
            ("Access log", self._check_log),
        )
        try:
            return all(self._took(name, step) for name, step in steps)
        finally:
            if not self.is_clean:
                self._took("Clean up", self._clean_up)

    def _took(self, name: str, step: Callable[[], str]) -> bool:
        began = time.monotonic()
        try:
            words, is_good = step(), True
        except (DomainError, _NotAsExpected) as error:
            words, is_good = str(error), False
        self._tell(Step(name, is_good, words, time.monotonic() - began))
        return is_good

    # --- The steps ---

    def _route(self) -> str:
        host = hosts.host_of(self._calendar, hosts.owner_of(self._calendar))
        tier = self._calendar.workspace.tier
        routed = routing.route(self._wanted, host, tier, preferred=self._preferred)
        # A preferred link that cannot be made is a fault here, where people get another and a note.
        _require(not routed.note, routed.note or "")
        self._link = routed.conference
        return f"{self._wanted.label} makes {self._link.label}"

    def _create(self) -> str:
        self.is_clean = False
        self._event = events.create_event(
            calendar=self._calendar,
            draft=self._draft(),
            actor=self._actor,
            reason=AccessReason.VERIFY,
            want=self._link,
        )
        self._room = conferences.zoom_room_at(self._event)
        return f"{TITLE!r} on {self._calendar.name}, {self._start:%Y-%m-%d %H:%M} UTC"

    def _read_back(self) -> str:
        event = self._read()
        give_up = time.monotonic() + settings.CONFERENCE_WAIT.total_seconds()
        while event.conference_state == ConferenceState.PENDING and time.monotonic() < give_up:
            self._wait(LOOK_EVERY)
            event = self._read()
        self._check_same(event, TITLE, self._start)
        return "title, times and state are as sent, nobody is invited"

    def _check_link(self) -> str:
        event = self._made()
        if self._link is Conference.NONE:
            _require(not event.conference_url, "There is a link and none was asked for.")
            return "none, as asked for"
        _require(
            event.conference_state == ConferenceState.READY,
            event.conference_note or f"The {self._link.label} link is {event.conference_state}.",
        )
        _require(event.conference == self._link, f"It is a {event.conference} link.")
        address = urlsplit(event.conference_url)
        _require(address.scheme in {"https", "http"} and bool(address.netloc), "It is no address.")
        if self._link is Conference.ZOOM:
            room = self._at_zoom()
            _require(room.join_url == event.conference_url, "Zoom has another link.")
        return f"{self._link.label} at {address.netloc}"

    def _change(self) -> str:
        moved = self._start + LASTS
        change = EventDraft(
            title=MOVED_TITLE, start=moved, end=moved + LASTS, timezone="UTC", notify=False
        )
        before = self._made().conference_url
        self._event = events.update_event(
            event=self._made(), draft=change, actor=self._actor, reason=AccessReason.VERIFY
        )
        event = self._read()
        self._check_same(event, MOVED_TITLE, moved)
        _require(event.conference_url == before, "The link is another one.")
        if self._room is not None:
            _require(self._at_zoom().topic == MOVED_TITLE, "The Zoom meeting did not follow.")
        return "title and time changed, the link stayed"

    def _delete(self) -> str:
        events.delete_event(
            event=self._made(), actor=self._actor, notify=False, reason=AccessReason.VERIFY
        )
        return "event and Zoom meeting" if self._room else "event"

    def _check_gone(self) -> str:
        try:
            event = self._read()
        except EventGone:
            pass
        else:
            raise _NotAsExpected(f"The provider still has it, {event.status}.")
        if self._room is not None:
            try:
                self._at_zoom()
            except RoomGone:
                pass
            else:
                raise _NotAsExpected("Zoom still has the meeting.")
        self.is_clean = True
        return "the provider no longer has it"

    def _check_log(self) -> str:
        rows = list(OAuthTokenAccessLog.objects.filter(request_id=self._key).order_by("seq"))
        wanted = {(self._calendar.connection.pk, AccessReason.VERIFY)}
        if self._room is not None:
            of_zoom = (
                AccessReason.ZOOM_MEETING_CREATE,
                AccessReason.ZOOM_MEETING_UPDATE,
                AccessReason.ZOOM_MEETING_DELETE,
            )
            wanted |= {(self._room.connection.pk, reason) for reason in of_zoom}
        good = [row for row in rows if row.outcome == Outcome.GRANTED]
        granted = {(row.connection_id, row.reason) for row in good}
        missing = ", ".join(sorted(reason for _, reason in wanted - granted))
        _require(not missing, f"There is no row for {missing}.")
        ours = [row for row in rows if row.reason == AccessReason.VERIFY]
        # Made, read, changed, deleted and looked for: one row each at least.
        _require(len(ours) >= 5, f"There are {len(ours)} rows for five operations.")
        _require(all(row.hash == hash_of(row) for row in rows), "A row was changed.")
        return f"{len(rows)} rows, one for each use of a token"

    # --- What they share ---

    def _draft(self) -> EventDraft:
        return EventDraft(
            title=TITLE,
            start=self._start,
            end=self._start + LASTS,
            timezone="UTC",
            all_day=False,
            busy=False,
            visibility=Visibility.PRIVATE,
            notify=False,
            idempotency_key=self._key,
        )

    def _made(self) -> Event:
        assert self._event is not None  # the steps stop at the first that fails
        return self._event

    def _read(self) -> Event:
        """The event as its provider has it now. Raises EventGone."""
        self._event = events.refresh_event(
            event=self._made(), actor=self._actor, reason=AccessReason.VERIFY
        )
        return self._event

    def _at_zoom(self) -> ZoomRoom:
        _require(self._room is not None, "We keep no Zoom meeting of this link.")
        assert self._room is not None  # said just above
        return conferencing.read_zoom_meeting(meeting=self._room, actor=self._actor)

    def _check_same(self, event: Event, title: str, start: datetime) -> None:
        _require(event.title == title, f"The title came back as {event.title!r}.")
        _require(
            (event.start_at, event.end_at) == (start, start + LASTS),
            f"The times came back as {event.start_at} to {event.end_at}.",
        )
        _require(not event.is_busy, "It came back as busy.")
        own = self._calendar.connection.connected_email.casefold()
        others = [one["email"] for one in event.attendees if one["email"].casefold() != own]
        _require(not others, f"Somebody is invited: {', '.join(others)}.")

    def _clean_up(self) -> str:
        """Delete what an unfinished run left, the event of a lost answer too."""
        left = []
        try:
            if self._event is None:
                # Whether it was made is not known: the same key finds it, or makes what is deleted.
                self._event = events.create_event(
                    calendar=self._calendar,
                    draft=replace(self._draft(), conference=Conference.NONE),
                    actor=self._actor,
                    reason=AccessReason.VERIFY,
                )
            events.delete_event(
                event=self._event, actor=self._actor, notify=False, reason=AccessReason.VERIFY
            )
        except DomainError as error:
            day = f"{self._start:%Y-%m-%d %H:%M} UTC"
            left.append(f"{TITLE!r} of {day} may be left on {self._calendar.name}: {error}")
        room = self._room or conferencing.zoom_meeting_for(self._calendar.workspace_id, self._key)
        if room is not None:
            room.refresh_from_db()
            if room.deleted_at is None and not conferencing.end_zoom_meeting(
                meeting=room, actor=self._actor
            ):
                left.append(f"Zoom meeting {room.remote_id} may be left: delete it at Zoom.")
        if left:
            raise _NotAsExpected(" ".join(left))
        self.is_clean = True
        return "nothing is left"


def _require(is_so: bool, words: str) -> None:  # noqa: FBT001 -- reads as a sentence
    if not is_so:
        raise _NotAsExpected(words)
