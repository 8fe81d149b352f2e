"""Who comes along, changed by the booker: people invited to the meeting, and taken off it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from booking.enums import Party
from booking.forms import GuestsForm
from booking.services.changes import change_guests, new_guests, takes_more_guests
from booking.views.manage import manage_page, managed, see_other
from booking.views.visit import private_page, show
from common.errors import Conflict, DomainError, InvalidInput

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from booking.views.manage import Managed


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def manage_guests(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Ask who comes along; POST changes that, once however often it is sent."""
    page = managed(request, slug, token)
    if request.method != "POST":
        return _ask(page, _form(page)) if page.can_change_guests else manage_page(page)
    form = _form(page)
    if not form.is_valid():
        return _ask(page, form, status=422)
    try:
        with page.spending(guests=new_guests(page.meeting, form.invited)):
            change_guests(
                meeting=page.meeting,
                doer=page.doer,
                now=page.now,
                add=form.invited,
                remove=form.cleaned_data["remove"],
                expected_sequence=page.seen,
            )
    except InvalidInput as error:
        form.add_error("guests" if "guests" in form.fields else None, error.message)
        return _ask(page, form, status=422)
    except Conflict as refusal:
        return manage_page(page, refusal=refusal.message, status=refusal.status)
    except DomainError as error:
        return _ask(page, form, status=error.status, refusal=error.message)
    return see_other(page.url(did="guests"))


def _form(page: Managed) -> GuestsForm:
    return GuestsForm(
        page.request.POST if page.request.method == "POST" else None,
        guests=page.meeting.guests,
        takes_more=takes_more_guests(page.meeting, Party.BOOKER),
        booker_email=page.meeting.booker_email,
    )


def _ask(page: Managed, form: GuestsForm, *, status: int = 200, refusal: str = "") -> HttpResponse:
    context = {**page.context(), "sequence": page.drawn_for, "form": form, "refusal": refusal}
    return show(page.request, "booking/public/manage_guests.html", context, status=status)
