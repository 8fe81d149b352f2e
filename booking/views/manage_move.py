"""Another time for a booked meeting: the same picker, then one press. The old time is kept until
the new one stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from booking import wording
from booking.booker import clean_start
from booking.errors import BusyUnknown, SlotTaken
from booking.forms import WordForm
from booking.owners import host_of_meeting
from booking.services.availability import offer
from booking.services.changes import check_move, move_meeting, moving_terms
from booking.views.facts import about, times
from booking.views.manage import manage_page, managed, refuse_unmovable, see_other
from booking.views.picker import build_picker, in_minutes, read_query, read_zone, zone_choices
from booking.views.visit import private_page, show, visit_of
from common.errors import Conflict, DomainError, Forbidden, InvalidInput

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from django.http import HttpRequest, HttpResponse

    from booking.views.manage import Managed


@require_safe
@private_page
def manage_times(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The picker of the link for this meeting's length."""
    page = managed(request, slug, token)
    try:
        terms = moving_terms(meeting=page.meeting, doer=page.doer)
        refuse_unmovable(page)
    except (Conflict, Forbidden) as refusal:
        return manage_page(page, refusal=refusal.message, status=refusal.status)
    link, owner = terms.link, terms.owner
    assert link is not None  # a booker moves nothing without one
    asked = read_query(request.GET, page.route, page.zone, page.now)
    context = {
        **about(link, owner, asked.duration),
        "asked": asked,
        "problems": asked.problems,
        "zones": zone_choices(asked.zone, owner.zone, page.now),
        "kept": visit_of(request).carried().items(),
        "moving": _stands(page, asked.zone),
        "manage_url": page.url(),
        "is_asking": page.is_asking,
    }
    status = 400 if asked.problems else 200
    try:
        found = offer(
            terms=terms,
            first_day=asked.first_day,
            last_day=asked.last_day,
            zone=asked.zone,
            now=page.now,
            actor=page.doer.actor,
        )
    except BusyUnknown as error:
        context["unknown"] = error.message
        return show(request, "booking/public/book.html", context, status=error.status)
    context |= {"offer": found, "picker": build_picker(asked, found, owner.zone)}
    return show(request, "booking/public/book.html", context, status=status)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def manage_move(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Show the new time beside the old one; POST moves, once however often it is sent."""
    page = managed(request, slug, token)
    source = request.POST if request.method == "POST" else request.GET
    try:
        start = clean_start(source.get("pick", "") or source.get("start", ""))
        zone = read_zone(source, page.zone)
        move = _Move(page, start, zone)
        return move.submit() if request.method == "POST" else move.ask()
    except (Conflict, Forbidden, InvalidInput) as refusal:
        return manage_page(page, refusal=refusal.message, status=refusal.status)


class _Move:
    """One showing or submit of the page that moves."""

    def __init__(self, page: Managed, start: datetime, zone: ZoneInfo) -> None:
        self.page = page
        self.start = start
        self.zone = zone
        self.length = page.meeting.end_at - page.meeting.start_at

    def ask(self) -> HttpResponse:
        """Raises Conflict and InvalidInput, which name no time that could be moved to."""
        page, form = self.page, WordForm()
        try:
            check_move(meeting=page.meeting, start=self.start, doer=page.doer, now=page.now)
        except SlotTaken as taken:
            return self._render(form, status=taken.status, error=taken)
        return self._render(form)

    def submit(self) -> HttpResponse:
        """Move, or the page again with the reason; nothing is lost meanwhile."""
        page, form = self.page, WordForm(self.page.request.POST)
        if not form.is_valid():
            return self._render(form, status=422)
        try:
            with page.spending():
                move_meeting(
                    meeting=page.meeting,
                    start=self.start,
                    doer=page.doer,
                    now=page.now,
                    message=form.cleaned_data["message"],
                    expected_sequence=page.seen,
                )
        except (SlotTaken, BusyUnknown) as error:
            return self._render(form, status=error.status, error=error)
        except (Conflict, Forbidden, InvalidInput):
            raise
        except DomainError as error:
            return self._render(form, status=error.status, error=error)
        return see_other(page.url(did="moved"))

    def _render(
        self, form: WordForm, *, status: int = 200, error: DomainError | None = None
    ) -> HttpResponse:
        page, route = self.page, self.page.route
        owner = host_of_meeting(page.meeting)
        day = self.start.astimezone(self.zone).date()
        nearest = error.nearest if isinstance(error, SlotTaken) else ()
        context = {
            **page.context(),
            **times(self.start, self.start + self.length, self.zone, owner),
            "form": form,
            "sequence": page.drawn_for,
            "start": f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "zone": self.zone.key,
            "minutes": in_minutes(self.length),
            "moving": _stands(page, self.zone),
            "button_day": wording.weekday(day),
            "button_time": wording.clock(self.start, self.zone),
            "refusal": "" if error is None else error.message,
            "is_taken": isinstance(error, SlotTaken),
            "nearest": [_near(start, self.start, self.zone) for start in nearest],
            "back_url": route.day_url(self.start, self.length, self.zone),
            "action": page.url("move"),
        }
        return show(page.request, "booking/public/manage_move.html", context, status=status)


def _stands(page: Managed, zone: ZoneInfo) -> dict[str, Any]:
    """The time that is kept until another stands."""
    start = page.meeting.start_at
    return {
        "day": wording.long_day(start.astimezone(zone).date()),
        "time": wording.clock(start, zone),
    }


def _near(start: datetime, lost: datetime, zone: ZoneInfo) -> tuple[str, str]:
    words = wording.clock(start, zone)
    day = start.astimezone(zone).date()
    if day != lost.astimezone(zone).date():
        words = f"{wording.short_day(day)} {words}"
    return words, f"{start:%Y-%m-%dT%H:%M:%SZ}"
