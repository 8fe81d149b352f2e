"""The public pages: choose a time, say who you are, see what was booked.

No cookie is read or set and no session has power here, so that the pages can stand inside other
sites: the one POST is exempt from CSRF on purpose and carries a signed token of its own form.
"""

from __future__ import annotations

from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from audit.actors import client_address, public_actor
from booking import wording
from booking.access import meeting_by_token, open_link
from booking.beyond import refused_by_plan
from booking.booker import Booker, clean_start
from booking.enums import MeetingState
from booking.errors import BusyUnknown, SlotTaken
from booking.forms import DetailsForm
from booking.joining import first_link, other_link
from booking.owners import owner_of_link, owner_of_meeting, public_name
from booking.questions import parse_questions
from booking.services import limits, mail
from booking.services.availability import open_slots_for
from booking.services.meetings import book_meeting, check_start
from booking.tokens import issue_form_token, manage_token, read_form_token, submit_key
from booking.views.picker import (
    build_picker,
    details_url,
    read_duration,
    read_query,
    read_zone,
    zone_choices,
)
from calendars.enums import ConferenceState
from common.errors import DomainError, InvalidInput, NotFound, RateLimited
from conferencing.enums import Conference, LinkKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from django.http import HttpRequest

    from booking.models import BookingLink, MeetingBase
    from workspaces.owners import Owner

# Nobody reads a form and fills it in within a second.
HASTY = timedelta(seconds=1)


def _public(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for everybody: refusals are pages too, and nothing is kept by browsers."""

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotFound:
            return render(request, "booking/public/closed.html", status=404)

    return answered


@require_safe
@_public
def book(request: HttpRequest, slug: str) -> HttpResponse:
    """What can be booked and when. GET only reads."""
    link, now = open_link(slug), timezone.now()
    owner = owner_of_link(link)
    asked = read_query(request.GET, link, owner.zone, now)
    context = {
        **_about(link, owner, asked.duration),
        "asked": asked,
        "minutes": str(int(asked.duration / timedelta(minutes=1))),
        "problems": asked.problems,
        "zones": zone_choices(asked.zone, owner.zone, now),
    }
    status = 400 if asked.problems else 200
    try:
        found = open_slots_for(
            link=link,
            duration=asked.duration,
            first_day=asked.first_day,
            last_day=asked.last_day,
            zone=asked.zone,
            now=now,
            actor=public_actor(request, link.id),
        )
    except BusyUnknown as error:
        context["unknown"] = error.message
        return render(request, "booking/public/book.html", context, status=error.status)
    context["offer"] = found
    context["picker"] = build_picker(asked, found, owner.zone)
    return render(request, "booking/public/book.html", context, status=status)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@_public
def book_details(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for one time; POST books it."""
    link, now = open_link(slug), timezone.now()
    page = _Details(request, link, now)
    source = request.POST if request.method == "POST" else request.GET
    try:
        page.read(source)
    except InvalidInput as error:
        return _unusable(request, link, error)
    return page.submit() if request.method == "POST" else page.show()


@require_safe
@_public
def book_done(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What was booked, for whoever has the link."""
    meeting = meeting_by_token(slug, token)
    owner = owner_of_meeting(meeting)
    zone = ZoneInfo(meeting.booker_timezone)
    context = {
        **_when(meeting.start_at, meeting.end_at, zone, owner, year=True),
        "meeting": meeting,
        "words": mail.meeting_words(meeting, owner),
        "owner_name": public_name(owner),
        "workspace_name": owner.workspace.name,
        "conference": _conference_words(meeting),
        "join_url": first_link(meeting, LinkKind.BOOKER),
        "other_url": other_link(meeting),
        "opens_words": _opens_words(),
        "state": MeetingState(meeting.state).name,
        "awaits_link": meeting.state == MeetingState.CONFIRMED
        and meeting.conference_state == ConferenceState.PENDING,
        "file_url": reverse("booking:book_file", args=[slug, token]),
        **_calendar_urls(meeting, owner),
    }
    return render(request, "booking/public/book_done.html", context)


@require_safe
@_public
def book_file(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The meeting as a calendar file."""
    meeting = meeting_by_token(slug, token)
    if meeting.state != MeetingState.CONFIRMED:
        raise NotFound
    content = mail.calendar_file(meeting, owner_of_meeting(meeting), now=timezone.now())
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8; method=REQUEST",
        headers={"Content-Disposition": 'attachment; filename="invite.ics"'},
    )


class _Details:
    """One showing or submit of the form."""

    start: datetime
    duration: timedelta
    zone: ZoneInfo

    def __init__(self, request: HttpRequest, link: BookingLink, now: datetime) -> None:
        self.request = request
        self.link = link
        self.now = now
        self.owner = owner_of_link(link)
        self.actor = public_actor(request, link.id)
        self.questions = parse_questions(link.questions)
        self.token = issue_form_token(link.id, now)

    def read(self, source: Mapping[str, str]) -> None:
        """Which time is meant. Raises InvalidInput naming the field."""
        # A press on one of the nearest times sends it beside the time that was lost.
        self.start = clean_start(source.get("pick", "") or source.get("start", ""))
        self.duration = read_duration(source, self.link)
        self.zone = read_zone(source, self.owner.zone)

    def show(self) -> HttpResponse:
        """The empty form, filled from the address where it names somebody."""
        given = {name: self.request.GET.get(name, "")[:300] for name in ("name", "email")}
        form = DetailsForm(None, questions=self.questions, initial=given)
        try:
            check_start(
                link=self.link,
                start=self.start,
                duration=self.duration,
                now=self.now,
                actor=self.actor,
            )
        except SlotTaken as taken:
            return self._again(form, taken)
        except InvalidInput as error:
            return _unusable(self.request, self.link, error)
        return self._render(form)

    def submit(self) -> HttpResponse:
        """Book, or show the form again with everything that was typed."""
        form = DetailsForm(self.request.POST, questions=self.questions)
        address = client_address(self.request)
        try:
            limits.use(limits.ATTEMPTS_PER_ADDRESS, address, self.now)
            posted = self.request.POST.get("form", "")
            handed_out = read_form_token(posted, self.link.id, self.now)
            self.token = posted
            if not form.is_valid():
                return self._render(form, status=422)
            email = form.cleaned_data["email"]
            uses = limits.booking_uses(address=address, link_id=self.link.id, email=email)
            if handed_out.age(self.now) < HASTY:
                uses.append((limits.HASTY_PER_ADDRESS, address))
            limits.check(uses, self.now)
            meeting = self._book(form, handed_out.nonce)
        except DomainError as error:
            if isinstance(error, NotFound):
                raise
            return self._again(form, error)
        limits.note(uses, self.now)
        token = manage_token(meeting.id, meeting.manage_token_hash)
        done = redirect("booking:book_done", slug=self.link.slug, token=token)
        done.status_code = 303
        return done

    def _book(self, form: DetailsForm, nonce: str) -> MeetingBase:
        return book_meeting(
            link=self.link,
            start=self.start,
            duration=self.duration,
            booker=Booker(
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                timezone=self.zone.key,
            ),
            submit_key=submit_key(self.link.id, "form", nonce),
            now=self.now,
            actor=self.actor,
            answers=form.answers(),
            message=form.cleaned_data["message"],
        )

    def _again(self, form: DetailsForm, error: DomainError) -> HttpResponse:
        """The form once more, with the reason on top and nothing lost."""
        status = 422 if isinstance(error, InvalidInput) else error.status
        answer = self._render(form, status=status, refusal=self._words(error), error=error)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            answer.headers["Retry-After"] = str(int(error.retry_after.total_seconds()) + 1)
        return answer

    def _words(self, error: DomainError) -> str:
        if not isinstance(error, SlotTaken):
            return error.message
        if error.message == SlotTaken.default_message:
            clock = wording.clock(self.start, self.zone)
            return _("Someone just took %(time)s.") % {"time": clock}
        return error.message

    def _render(
        self,
        form: DetailsForm,
        *,
        status: int = 200,
        refusal: str = "",
        error: DomainError | None = None,
    ) -> HttpResponse:
        nearest = error.nearest if isinstance(error, SlotTaken) else ()
        day = self.start.astimezone(self.zone).date()
        context = {
            **_about(self.link, self.owner, self.duration),
            **_when(self.start, self.start + self.duration, self.zone, self.owner),
            "form": form,
            "token": self.token,
            "start": f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "minutes": str(int(self.duration / timedelta(minutes=1))),
            "zone": self.zone.key,
            "button_day": wording.weekday(day),
            "button_time": wording.clock(self.start, self.zone),
            "refusal": refusal,
            "is_taken": isinstance(error, SlotTaken),
            "is_typed": form.is_bound,
            "nearest": [self._near(start) for start in nearest],
            "back_url": self._back_url(),
        }
        return render(self.request, "booking/public/book_details.html", context, status=status)

    def _near(self, start: datetime) -> tuple[str, str, str]:
        """A nearby time: its words, its value for a press, its address for a link."""
        local, ours = start.astimezone(self.zone), self.start.astimezone(self.zone)
        words = wording.clock(start, self.zone)
        if local.date() != ours.date():
            words = f"{wording.short_day(local.date())} {words}"
        value = f"{start:%Y-%m-%dT%H:%M:%SZ}"
        return words, value, details_url(self.link, start, self.duration, self.zone)

    def _back_url(self) -> str:
        query = {
            "duration": str(int(self.duration / timedelta(minutes=1))),
            "tz": self.zone.key,
            "date": self.start.astimezone(self.zone).date().isoformat(),
        }
        page = reverse("booking:book", args=[self.link.slug])
        return f"{page}?{urlencode(query, safe='/')}"


def _unusable(request: HttpRequest, link: BookingLink, error: InvalidInput) -> HttpResponse:
    context = {"error": error, "page_url": reverse("booking:book", args=[link.slug])}
    return render(request, "booking/public/unusable.html", context, status=400)


def _about(link: BookingLink, owner: Owner, duration: timedelta) -> dict[str, Any]:
    name = public_name(owner)
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    label = mail.conference_label(link.conference)
    is_promised = refused_by_plan(link, owner.workspace.tier) is None
    return {
        "link": link,
        "no_link_yet": not is_promised,
        "owner_name": name,
        "workspace_name": owner.workspace.name,
        "initials": "".join(word[0] for word in words[:2]).upper(),
        "conference": is_promised
        and (_("Video call") if link.conference == Conference.AUTO else label),
        "length_words": wording.minutes_words(duration),
    }


def _when(
    start: datetime, end: datetime, zone: ZoneInfo, owner: Owner, *, year: bool = False
) -> dict[str, Any]:
    day = start.astimezone(zone).date()
    return {
        "day_words": wording.long_day(day, year=year),
        "weekday": wording.weekday(day),
        "clock_words": wording.clock_range(start, end, zone),
        "zone_words": wording.zone_words(zone, start),
        "elsewhere": wording.elsewhere(start, zone, public_name(owner), owner.zone),
    }


def _conference_words(meeting: MeetingBase) -> str:
    label = mail.conference_label(meeting.conference)
    if label or meeting.link is None:
        return label
    wanted = meeting.link.conference
    if refused_by_plan(meeting.link, meeting.workspace.tier):
        return ""
    return _("Video call") if wanted == Conference.AUTO else mail.conference_label(wanted)


def _opens_words() -> str:
    """From when on a telehealth room can be entered."""
    minutes = int(settings.TELEHEALTH_OPENS_BEFORE / timedelta(minutes=1))
    return _("Opens %(minutes)s minutes before the start; the link is in your e-mail too.") % {
        "minutes": minutes
    }


def _calendar_urls(meeting: MeetingBase, owner: Owner) -> dict[str, str]:
    """Addresses that open the booker's own web calendar with the meeting filled in."""
    stamp = "%Y%m%dT%H%M%SZ"
    words = mail.meeting_words(meeting, owner)
    place = first_link(meeting, LinkKind.BOOKER) or meeting.location
    google = {
        "action": "TEMPLATE",
        "text": words,
        "dates": f"{meeting.start_at:{stamp}}/{meeting.end_at:{stamp}}",
        "location": place,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": words,
        "startdt": f"{meeting.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{meeting.end_at:%Y-%m-%dT%H:%M:%SZ}",
        "location": place,
    }
    return {
        "google_url": f"https://calendar.google.com/calendar/render?{urlencode(google)}",
        "outlook_url": f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}",
    }
