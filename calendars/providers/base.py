"""What every calendar provider does for us, in its own words turned into ours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from calendars.enums import EventKind
from common.errors import Unsupported
from conferencing.enums import LinkFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from calendars.enums import ConferenceState, EventStatus, Hue, Response, Visibility
    from common.spans import Span
    from conferencing.enums import Conference


class Feature(Enum):
    """What a provider can do that not every one can. Ask for it; never for a provider's name."""

    NOTIFY_SWITCH = "guests can be left without a mail"
    CLIENT_EVENT_ID = "we choose the event's id"
    MOVE_CALENDAR = "an event can move to another calendar"
    SECONDARY_COLOURS = "one event can have its own colour"
    OUT_OF_OFFICE = "an event can say that one is out of office"
    FOCUS_TIME = "an event can be focus time"
    LINK_REMOVAL = "its own meeting link can be taken off an event"
    # What follows for such an event is in `calendars.abilities`.
    FIXED_KINDS = "out of office and focus time are kept apart from other events, for good"
    DELTA = "changes by cursor"
    EXPANDED_CHANGES = "a changed series comes with all its occurrences"
    CALENDAR_ZONES = "a calendar tells its time zone"
    PUSH = "tells us of changes"
    FEW_AT_ONCE = "bears only a few requests at once on one account"


class Unset(Enum):
    """The value of a draft's field that was not given: absent means unchanged, None cleared."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class RemoteCalendar:
    """One calendar of an account. `timezone` is an IANA name, `colour` a hex value or blank."""

    remote_id: str
    name: str
    timezone: str = "UTC"
    colour: str = ""
    is_primary: bool = False
    is_writable: bool = True
    is_selected: bool = True
    allowed_conferences: frozenset[Conference] = frozenset()


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited."""

    email: str
    name: str = ""
    response: Response | str = ""
    is_optional: bool = False
    is_organizer: bool = False
    is_self: bool = False


@dataclass(frozen=True, slots=True)
class EventColour:
    """An event's own colour: the hue it is shown in, and the provider's word for it.

    The word is of the event's own account. Blank, the provider takes its colour next to the hue.
    """

    hue: Hue
    remote: str = ""


@dataclass(frozen=True, slots=True)
class RemoteConference:
    """An event's conference as the provider tells of it. `note` is a reason in words, if failed,
    and `failure` what kind of reason.
    """

    kind: Conference
    state: ConferenceState
    url: str = ""
    note: str = ""
    failure: LinkFailure = LinkFailure.NONE


@dataclass(frozen=True, slots=True)
class When:
    """A start or an end: an instant with its zone, or a date when all-day (an end is exclusive).

    `at` is aware UTC; for an all-day event it is midnight of `on` in the calendar's zone, for
    sorting only. `wall` is the wall time in `timezone` (ISO, no offset) or the ISO date.
    """

    at: datetime
    wall: str
    timezone: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class RemoteEvent:
    """An event as the provider holds it. A cancelled one may carry ids and status only.

    `is_exception` marks an occurrence that is not as its series has it; not every listing tells.
    """

    remote_id: str
    status: EventStatus
    start: When | None
    end: When | None
    title: str = ""
    description: str = ""
    location: str = ""
    is_all_day: bool = False
    is_busy: bool = True
    visibility: Visibility | str = "default"
    response: Response | str = ""
    is_organizer: bool = True
    organizer_email: str = ""
    attendees: tuple[Attendee, ...] = ()
    recurrence: tuple[str, ...] = ()
    reminders: tuple[int, ...] | None = None
    ical_uid: str = ""
    series_remote_id: str = ""
    original_start_at: datetime | None = None
    is_exception: bool = False
    conference: RemoteConference | None = None
    colour: EventColour | None = None
    kind: EventKind = EventKind.NORMAL
    etag: str = ""
    updated_at: datetime | None = None

    @property
    def end_timezone(self) -> str:
        """The zone of the end where it is not the start's, else blank."""
        if self.start is None or self.end is None or self.is_all_day:
            return ""
        return "" if self.end.timezone == self.start.timezone else self.end.timezone

    @property
    def is_series_master(self) -> bool:
        """Whether this is the rule of a series and not one occurrence."""
        return bool(self.recurrence)


@dataclass(frozen=True, slots=True)
class EventDraft:
    """What a person wants an event to be. UNSET means unchanged; None means cleared.

    `start` and `end` are aware datetimes, or dates when `all_day` (the end exclusive). `timezone`
    is an IANA name, the end's too unless `end_timezone` names another (cleared, or blank: the
    start's). `colour` cleared is the calendar's. `recurrence` holds RRULE lines. `reminders` are
    minutes before the start; None gives the calendar's default. `conference` is already routed:
    never `auto`; with `asks_again` a new one is asked for though one is on its way, and that is
    all that is wanted.
    `idempotency_key` (32 hex digits) makes a repeated create harmless. With
    `copy_conference_of`, the remote id of an event, a new one gets that event's own conference
    where the provider can share it, else another of its kind. `join_url` is a link of ours beside
    the conference, kept in the event's text.
    """

    title: str | Unset | None = UNSET
    description: str | Unset | None = UNSET
    location: str | Unset | None = UNSET
    start: datetime | date | Unset = UNSET
    end: datetime | date | Unset = UNSET
    timezone: str | Unset = UNSET
    end_timezone: str | Unset | None = UNSET
    all_day: bool | Unset = UNSET
    attendees: tuple[Attendee, ...] | Unset | None = UNSET
    recurrence: tuple[str, ...] | Unset | None = UNSET
    reminders: tuple[int, ...] | Unset | None = UNSET
    visibility: Visibility | str | Unset = UNSET
    busy: bool | Unset = UNSET
    colour: EventColour | Unset | None = UNSET
    kind: EventKind | Unset = UNSET
    conference: Conference | Unset = UNSET
    conference_url: str | Unset = UNSET
    join_url: str | Unset | None = UNSET
    asks_again: bool = False
    copy_conference_of: str | Unset = UNSET
    notify: bool = True
    idempotency_key: str = ""
    private_properties: dict[str, str] = field(default_factory=dict)

    def given(self) -> frozenset[str]:
        """The names of the fields that were set."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is not UNSET)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the cursor, and the next cursor.

    Of a single page that is not the last (`is_whole` is False) the cursor leads to the page after.
    """

    events: tuple[RemoteEvent, ...]
    cursor: str
    is_whole: bool = True


class CalendarProvider(ABC):
    """One account at one provider, for the length of one operation.

    Knows HTTP, JSON and dataclasses; no tables, no request, no settings, no retry loop, no cache.
    Every method raises `common.errors.UpstreamError` or one of `calendars.providers.errors`.
    """

    key: ClassVar[str]
    label: ClassVar[str]
    features: ClassVar[frozenset[Feature]]
    native_conference: ClassVar[Conference]
    # How long it is left alone after a copy; of those without, pages and the beat decide.
    rests: ClassVar[timedelta] = timedelta(0)
    # One account is one calendar, and what it is called comes with its events.
    is_single: ClassVar[bool] = False
    hook: ClassVar[str] = ""
    lifecycle_hook: ClassVar[str] = ""

    @abstractmethod
    def list_calendars(self) -> list[RemoteCalendar]:
        """Every calendar of the account, all pages."""

    def learnt_calendars(self) -> list[RemoteCalendar]:
        """Calendars as this operation came to know them beside its errand; no request."""
        return []

    @abstractmethod
    def list_events(self, calendar: RemoteCalendar, span: Span) -> Iterator[list[RemoteEvent]]:
        """Occurrences that touch the span, page by page, series expanded. All or raise."""

    @abstractmethod
    def get_event(self, calendar: RemoteCalendar, event_remote_id: str) -> RemoteEvent:
        """One event. Raises EventGone."""

    @abstractmethod
    def create_event(self, calendar: RemoteCalendar, draft: EventDraft) -> RemoteEvent:
        """Create it, or return the one an earlier try with the same idempotency key made."""

    @abstractmethod
    def find_created(self, calendar: RemoteCalendar, idempotency_key: str) -> RemoteEvent | None:
        """The event that a create with this key made; None when there is none, or no longer."""

    @abstractmethod
    def update_event(
        self, calendar: RemoteCalendar, event_remote_id: str, draft: EventDraft, *, etag: str = ""
    ) -> RemoteEvent:
        """Send only what was given. With an etag, raises UpstreamConflict when it is older."""

    @abstractmethod
    def delete_event(
        self, calendar: RemoteCalendar, event_remote_id: str, *, notify: bool = True
    ) -> None:
        """Delete; an event already gone is a success."""

    @abstractmethod
    def respond(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        response: Response,
        *,
        comment: str = "",
        notify: bool = True,
    ) -> RemoteEvent | None:
        """Answer an invitation; None when the provider takes what is declined off the calendar.

        The same answer again, without a comment, is not sent again. Raises EventGone,
        UpstreamConflict when the event changed meanwhile, and Unsupported where the account is
        no guest.
        """

    def move_event(
        self,
        calendar: RemoteCalendar,
        event_remote_id: str,
        destination: RemoteCalendar,
        *,
        notify: bool = True,
    ) -> RemoteEvent:
        """Move an event or a whole series to another calendar of the account.

        One that a former try moved already is a success. Raises EventGone, and Unsupported where
        the provider lacks Feature.MOVE_CALENDAR.
        """
        message = f"{self.label} cannot move an event to another calendar."
        raise Unsupported(Feature.MOVE_CALENDAR.value, message)

    @abstractmethod
    def busy(
        self,
        calendars: Sequence[RemoteCalendar],
        span: Span,
        *,
        ignoring: frozenset[str] = frozenset(),
    ) -> list[BusySpan]:
        """Every busy span of these calendars, or raise. Never a partial answer.

        Events whose remote id is in `ignoring` do not count. Free, cancelled and declined ones
        never do.
        """

    @abstractmethod
    def list_occurrences(
        self, calendar: RemoteCalendar, series_remote_id: str, span: Span
    ) -> Iterator[list[RemoteEvent]]:
        """The occurrences of one series that touch the span, page by page. Raises EventGone."""

    @abstractmethod
    def get_occurrence(
        self, calendar: RemoteCalendar, series_remote_id: str, original_start_at: datetime
    ) -> RemoteEvent:
        """The occurrence that its series has at that instant, wherever it was moved.

        Raises EventGone.
        """

    def occurrence_starts(
        self, calendar: RemoteCalendar, span: Span
    ) -> frozenset[tuple[str, datetime]]:
        """The series and original start of every occurrence that is in the span now. All or raise.

        What a rule gives and this does not name was deleted or moved out of the span.
        """
        return frozenset(
            (event.series_remote_id, event.original_start_at)
            for events in self.list_events(calendar, span)
            for event in events
            if event.original_start_at is not None
        )

    @abstractmethod
    def change_pages(self, calendar: RemoteCalendar, cursor: str) -> Iterator[Changes]:
        """Everything since the cursor, page by page. Raises CursorLost, and BadReply on a loop."""

    def changes(self, calendar: RemoteCalendar, cursor: str) -> Changes:
        """Everything since the cursor, all pages. Raises what `change_pages` does."""
        pages = list(self.change_pages(calendar, cursor))
        return Changes(tuple(event for page in pages for event in page.events), pages[-1].cursor)

    @abstractmethod
    def watch(self, calendar: RemoteCalendar, channel: ChannelWish) -> RemoteChannel:
        """Ask to be told of changes."""

    @abstractmethod
    def unwatch(self, channel: RemoteChannel) -> None:
        """Stop being told; a channel already gone is a success."""


@dataclass(frozen=True, slots=True)
class BusySpan:
    """A span in which a calendar is busy.

    `event_remote_id` is blank when the provider merges spans and names no events.
    """

    span: Span
    calendar_remote_id: str
    event_remote_id: str = ""


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """A channel to open: where to deliver and the secret that proves it is the provider."""

    channel_id: str
    address: str
    secret: str
    lifecycle_address: str = ""


@dataclass(frozen=True, slots=True)
class RemoteChannel:
    """An open channel. `is_proven` when the provider has reached our address already."""

    remote_id: str
    resource_remote_id: str
    expires_at: datetime
    is_proven: bool = False
