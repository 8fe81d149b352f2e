"""A booker's own page of a meeting: what stands, another time, calling it off.

The token in the address is the authority, so that neither an account nor a cookie is needed and
POSTs are exempt from CSRF on purpose. GET never changes anything: mail programs follow links.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from audit.actors import client_address, public_actor
from booking import wording
from booking.access import meeting_by_token
from booking.enums import MeetingState, Party
from booking.errors import SlotTaken
from booking.forms import WordForm
from booking.joining import first_link, other_link
from booking.owners import host_of_meeting, public_name
from booking.services import letters, limits
from booking.services.availability import offer
from booking.services.changes import (
    Doer,
    cancel_meeting,
    check_move,
    moving_terms,
    takes_more_guests,
)
from booking.views.facts import conference_words, opens_words, times
from booking.views.picker import Route
from booking.views.visit import private_page, show, visit_of
from calendars.enums import ConferenceState
from common.errors import DomainError, InvalidInput
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import HttpRequest, HttpResponse

    from booking.models import MeetingBase
    from booking.slots import Slot

_NEAR = timedelta(days=13)
_DAYS = 3
_TIMES_A_DAY = 4
_OPEN = {MeetingState.CONFIRMED, MeetingState.REQUESTED}


@dataclass(frozen=True, slots=True)
class Managed:
    """One request for a booker's own page."""

    request: HttpRequest
    meeting: MeetingBase
    token: str
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.meeting.booker_timezone)

    @property
    def doer(self) -> Doer:
        """The booker, as far as the token tells."""
        meeting = self.meeting
        actor = public_actor(self.request, meeting.link_id or meeting.pk)
        return Doer(by=Party.BOOKER, actor=actor, name=meeting.booker_name)

    @property
    def seen(self) -> int | None:
        """Which version of the meeting the sent page showed; None where it does not say."""
        typed = self.request.POST.get("sequence", "")
        return int(typed) if typed.isdecimal() and len(typed) < 10 else None

    @property
    def drawn_for(self) -> int:
        """The same for a form that is drawn: one drawn again is of what it was drawn for first."""
        return self.meeting.sequence if self.seen is None else self.seen

    @property
    def is_open(self) -> bool:
        """Whether the booker can still call it off."""
        return self.meeting.state in _OPEN and self.meeting.end_at > self.now

    @property
    def is_asking(self) -> bool:
        """Whether another time is a request that somebody answers, and this one given up for it."""
        link, is_request = self.meeting.link, self.meeting.state == MeetingState.REQUESTED
        return is_request or (link is not None and link.requires_approval)

    @property
    def route(self) -> Route:
        """The picker for another time, which leads to the page that moves."""
        return Route(
            page=self.page("times"),
            form_page=self.page("move"),
            durations=(self.meeting.end_at - self.meeting.start_at,),
            horizon=moving_terms(meeting=self.meeting, doer=self.doer).rules.horizon,
            visit=visit_of(self.request),
            stands_at=self.meeting.start_at,
        )

    def page(self, name: str = "", kind: str = "manage") -> str:
        """The address of one of the booker's pages."""
        link = self.meeting.link
        slug = link.slug if link is not None else self.request.path.split("/")[2]
        view = f"booking:{kind}_{name}" if name else f"booking:{kind}"
        return reverse(view, args=[slug, self.token])

    def url(self, name: str = "", **query: str) -> str:
        """The same with the visit's language."""
        return visit_of(self.request).url(self.page(name), query, given=False)

    @property
    def can_change_guests(self) -> bool:
        """Whether the booker can invite somebody, or take somebody off."""
        takes_more = takes_more_guests(self.meeting, Party.BOOKER)
        return self.is_open and (takes_more or bool(self.meeting.guests))

    def spending(self, guests: Iterable[Mapping[str, str]] = ()) -> Any:
        """Count a change, and the `guests` it invites; see `limits.spending`."""
        token_hash = self.meeting.manage_token_hash
        address = client_address(self.request)
        uses = limits.manage_uses(address=address, token_hash=token_hash, guests=guests)
        return limits.spending(uses, self.now)

    def context(self) -> dict[str, Any]:
        """The meeting in the booker's words and on their clock."""
        meeting, owner = self.meeting, host_of_meeting(self.meeting)
        state = MeetingState(meeting.state)
        return {
            **times(meeting.start_at, meeting.end_at, self.zone, owner, year=True),
            "meeting": meeting,
            "state": state.name,
            "is_over": meeting.end_at <= self.now,
            "is_open": self.is_open,
            "words": letters.meeting_words(meeting, owner),
            "owner_name": public_name(owner),
            "workspace_name": owner.workspace.name,
            "conference": conference_words(meeting),
            "join_url": first_link(meeting, LinkKind.BOOKER),
            "other_url": other_link(meeting),
            "opens_words": opens_words(),
            "awaits_link": state is MeetingState.CONFIRMED
            and meeting.conference_state == ConferenceState.PENDING,
            "button_time": wording.clock(meeting.start_at, self.zone),
            "is_asking": self.is_asking,
            "manage_url": self.url(),
            "cancel_url": self.url("cancel"),
            "guests_url": self.url("guests") if self.can_change_guests else "",
            "file_url": self.page("file", kind="book"),
            "again_url": _again_url(self),
        }


def managed(request: HttpRequest, slug: str, token: str) -> Managed:
    """The meeting of the token. Raises NotFound, and RateLimited for too many looks."""
    now = timezone.now()
    limits.use(limits.LOOKS_PER_ADDRESS, client_address(request), now)
    return Managed(request, meeting_by_token(token), token, now)


@require_safe
@private_page
def manage(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The meeting as it stands, and the ways to change it."""
    return manage_page(managed(request, slug, token))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def manage_cancel(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Ask; POST calls the meeting off, once however often it is sent."""
    page = managed(request, slug, token)
    if request.method != "POST":
        return _cancel_page(page, WordForm()) if page.is_open else manage_page(page)
    form = WordForm(request.POST)
    if not form.is_valid():
        return _cancel_page(page, form, status=422)
    try:
        with page.spending():
            cancel_meeting(
                meeting=page.meeting,
                doer=page.doer,
                now=page.now,
                message=form.cleaned_data["message"],
                expected_sequence=page.seen,
            )
    except DomainError as refusal:
        return manage_page(page, refusal=refusal.message, status=refusal.status)
    return see_other(page.url(did="cancelled"))


def manage_page(page: Managed, *, refusal: str = "", status: int = 200) -> HttpResponse:
    """The booker's page, with the reason on top when something was refused."""
    context = {
        **page.context(),
        "refusal": refusal,
        "did": page.request.GET.get("did", ""),
        "form": WordForm(),
        **(_other_times(page) if page.is_open else {}),
    }
    return show(page.request, "booking/public/manage.html", context, status=status)


def refuse_unmovable(page: Managed) -> None:
    """Raise Conflict when the booker can move the meeting no more, whatever the time."""
    after = page.meeting.start_at + timedelta(minutes=1)
    try:
        check_move(meeting=page.meeting, start=after, doer=page.doer, now=page.now)
    except (SlotTaken, InvalidInput):
        return


def see_other(url: str) -> HttpResponse:
    """After a POST: a page that can be reloaded."""
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    return answer


def _cancel_page(page: Managed, form: WordForm, *, status: int = 200) -> HttpResponse:
    context = {**page.context(), "sequence": page.drawn_for, "form": form}
    return show(page.request, "booking/public/manage_cancel.html", context, status=status)


def _other_times(page: Managed) -> dict[str, Any]:
    """Some open times near the meeting's, or why there are none to choose from."""
    meeting, zone = page.meeting, page.zone
    today = page.now.astimezone(zone).date()
    first = max(today, meeting.start_at.astimezone(zone).date() - timedelta(days=1))
    try:
        if meeting.start_at <= page.now:
            return {"is_begun": True}
        refuse_unmovable(page)
        found = offer(
            terms=moving_terms(meeting=meeting, doer=page.doer),
            first_day=first,
            last_day=first + _NEAR,
            zone=zone,
            now=page.now,
            actor=page.doer.actor,
        )
        route = page.route
    except DomainError as error:
        return {"no_times": error.message, "may_ask_again": error.status == 503}
    slots = [slot for slot in found.slots if slot.start != meeting.start_at]
    by_day = groupby(slots, key=lambda slot: slot.start.astimezone(zone).date())
    length = meeting.end_at - meeting.start_at

    def shown(day_slots: list[Slot]) -> list[tuple[str, str]]:
        near = sorted(day_slots, key=lambda slot: abs(slot.start - meeting.start_at))
        return [
            (wording.clock(slot.start, zone), route.form_url(slot.start, length, zone))
            for slot in sorted(near[:_TIMES_A_DAY], key=lambda slot: slot.start)
        ]

    days = [(wording.long_day(day), shown(list(group))) for day, group in by_day]
    return {
        "other_days": days[:_DAYS],
        "all_times_url": route.day_url(meeting.start_at, length, zone),
    }


def _again_url(page: Managed) -> str:
    link = page.meeting.link
    if link is None or not link.is_active:
        return ""
    visit = visit_of(page.request)
    return visit.url(reverse("booking:book", args=[link.slug]), given=False)
