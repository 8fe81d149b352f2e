"""The form for one time; its POST books."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audit.actors import client_address, public_actor
from booking import wording
from booking.access import open_link
from booking.booker import Booker, clean_start
from booking.errors import EmailUnproven, SlotTaken
from booking.forms import DetailsForm
from booking.owners import owner_of_link
from booking.questions import parse_questions
from booking.services import limits
from booking.services.admission import admit
from booking.services.meetings import book_meeting, check_start
from booking.tokens import issue_form_token, manage_token, read_form_token, submit_key
from booking.views.facts import about, times
from booking.views.picker import in_minutes, read_duration, read_zone, route_of
from booking.views.proving import verify_page
from booking.views.visit import public_page, show, visit_of
from common.errors import DomainError, InvalidInput, NotFound, RateLimited

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from django.http import HttpRequest, HttpResponse

    from booking.models import BookingLink, MeetingBase
    from booking.views.picker import Route

# Nobody reads a form and fills it in within a second.
HASTY = timedelta(seconds=1)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@public_page(may_be_framed=True)
def book_details(request: HttpRequest, slug: str) -> HttpResponse:
    """The form for one time; POST books it."""
    link, now = open_link(slug), timezone.now()
    page = _Details(request, link, now)
    source = request.POST if request.method == "POST" else request.GET
    try:
        page.read(source)
    except InvalidInput as error:
        return _unusable(request, page.route, error)
    return page.submit() if request.method == "POST" else page.show()


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
        self.visit = visit_of(request)
        self.route = route_of(link, self.visit)

    def read(self, source: Mapping[str, str]) -> None:
        """Which time is meant. Raises InvalidInput naming the field."""
        # A press on one of the nearest times sends it beside the time that was lost.
        self.start = clean_start(source.get("pick", "") or source.get("start", ""))
        self.duration = read_duration(source, self.route.durations)
        self.zone = read_zone(source, self.owner.zone)

    def show(self) -> HttpResponse:
        """The empty form, filled from the address where it names somebody."""
        form = self._form(None, initial=dict(self.visit.given))
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
            return _unusable(self.request, self.route, error)
        return self._render(form)

    def submit(self) -> HttpResponse:
        """Book, or show the form again with everything that was typed."""
        form = self._form(self.request.POST)
        address = client_address(self.request)
        try:
            limits.use(limits.ATTEMPTS_PER_ADDRESS, address, self.now)
            posted = self.request.POST.get("form", "")
            handed_out = read_form_token(posted, self.link.id, self.now)
            self.token = posted
            # Programs fill in what nobody sees, and need no time for it.
            if handed_out.age(self.now) < HASTY or self.request.POST.get("website"):
                limits.use(limits.HASTY_PER_ADDRESS, address, self.now)
            if not form.is_valid():
                return self._render(form, status=422)
            if "edit" in self.request.POST:
                return self._render(form)
            key = submit_key(self.link.id, "form", handed_out.nonce)
            self._admit(form, key)
            email = form.cleaned_data["email"]
            uses = limits.booking_uses(
                address=address, link_id=self.link.id, email=email, guests=form.invited
            )
            with limits.spending(uses, self.now):
                meeting = self._book(form, key)
        except EmailUnproven as unproven:
            return verify_page(self.request, self._context(form), unproven)
        except DomainError as error:
            if isinstance(error, NotFound):
                raise
            if isinstance(error, RateLimited) and "another" in self.request.POST:
                # The code that came before still holds, so the page to type it stays.
                stays = EmailUnproven(error.message, is_wrong=True)
                answer = verify_page(self.request, self._context(form), stays, status=error.status)
                return _later(answer, error)
            return self._again(form, error)
        token = manage_token(meeting.id, meeting.manage_token_hash)
        page = reverse("booking:book_done", args=[self.link.slug, token])
        goes_on = {"next": "1"} if self.link.redirect_url else {}
        done = HttpResponseRedirect(self.visit.url(page, goes_on, given=False))
        done.status_code = 303
        return done

    def _form(self, data: Mapping[str, str] | None, **more: Any) -> DetailsForm:
        takes_guests = self.link.takes_guests
        return DetailsForm(data, questions=self.questions, takes_guests=takes_guests, **more)

    def _admit(self, form: DetailsForm, key: str) -> None:
        """Raise when this booker may not book, or has yet to prove the address."""
        admit(
            link=self.link,
            start=self.start,
            duration=self.duration,
            email=form.cleaned_data["email"],
            submit_key=key,
            now=self.now,
            actor=self.actor,
            code=self.request.POST.get("code", "")[:40],
            wants_another="another" in self.request.POST,
            guests=form.invited,
        )

    def _book(self, form: DetailsForm, key: str) -> MeetingBase:
        return book_meeting(
            link=self.link,
            start=self.start,
            duration=self.duration,
            booker=Booker(
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                timezone=self.zone.key,
                language=self.visit.language,
            ),
            submit_key=key,
            now=self.now,
            actor=self.actor,
            answers=form.answers(),
            message=form.cleaned_data["message"],
            guests=form.invited,
        )

    def _again(self, form: DetailsForm, error: DomainError) -> HttpResponse:
        """The form once more, with the reason on top and nothing lost."""
        status = 422 if isinstance(error, InvalidInput) else error.status
        answer = self._render(form, status=status, refusal=self._words(error), error=error)
        return _later(answer, error)

    def _words(self, error: DomainError) -> str:
        if not isinstance(error, SlotTaken):
            return error.message
        if error.message == _(SlotTaken.default_message):
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
        context = {
            **self._context(form),
            "refusal": refusal,
            "is_taken": isinstance(error, SlotTaken),
            "nearest": [self._near(start) for start in nearest],
        }
        return show(self.request, "booking/public/book_details.html", context, status=status)

    def _context(self, form: DetailsForm) -> dict[str, Any]:
        """The time, the form, and where it goes."""
        day = self.start.astimezone(self.zone).date()
        return {
            **about(self.link, self.owner, self.duration),
            **times(self.start, self.start + self.duration, self.zone, self.owner),
            "form": form,
            "token": self.token,
            "start": f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "minutes": in_minutes(self.duration),
            "zone": self.zone.key,
            "button_day": wording.weekday(day),
            "button_time": wording.clock(self.start, self.zone),
            "is_typed": form.is_bound,
            "back_url": self.route.day_url(self.start, self.duration, self.zone),
            "action": self.visit.url(self.route.form_page, given=False),
        }

    def _near(self, start: datetime) -> tuple[str, str, str]:
        """A nearby time: its words, its value for a press, its address for a link."""
        local, ours = start.astimezone(self.zone), self.start.astimezone(self.zone)
        words = wording.clock(start, self.zone)
        if local.date() != ours.date():
            words = f"{wording.short_day(local.date())} {words}"
        value = f"{start:%Y-%m-%dT%H:%M:%SZ}"
        return words, value, self.route.form_url(start, self.duration, self.zone)


def _later(answer: HttpResponse, error: DomainError) -> HttpResponse:
    if isinstance(error, RateLimited) and error.retry_after is not None:
        answer.headers["Retry-After"] = str(int(error.retry_after.total_seconds()) + 1)
    return answer


def _unusable(request: HttpRequest, route: Route, error: InvalidInput) -> HttpResponse:
    context = {"error": error, "page_url": route.visit.url(route.page)}
    return show(request, "booking/public/unusable.html", context, status=400)
