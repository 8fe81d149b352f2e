"""The scheduling page of an owner: calendars, hours, links; and the one of the member themself."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audit.actors import user_actor
from booking import inbound
from booking.hours import Hours, find_faults, holidays_sent, hours_of, press, read_hours
from booking.hours_card import card_of
from booking.services.feeds import feed_of
from booking.services.invite_addresses import address_of
from booking.views.desk import accounts_of, desk_of, offers_for
from booking.views.link_rows import link_rows, owner_page
from booking.views.openings import standing_of
from booking.wording import clock, offset_words
from calendars.owners import calendars_of
from calendars.services.connections import choose_booking_calendar
from calendars.services.preferences import arrange_calendar
from common.errors import InvalidInput
from common.htmx import dialog_done, refused
from workspaces.access import MAY_WORK
from workspaces.availability import OVERRIDES
from workspaces.guards import member_required
from workspaces.owners import owner_of_member
from workspaces.services.hours import save_hours
from workspaces.staff_forms import ZoneSelect
from workspaces.zones import is_zone, zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, HttpResponse, QueryDict

    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

MINE = "booking/staff/my_scheduling.html"


def page(
    request: StaffRequest,
    owner: Owner,
    template: str,
    *,
    hours: Hours | None = None,
    faults: Sequence[InvalidInput] = (),
    sent: QueryDict | None = None,
    **more: Any,
) -> HttpResponse:
    """The owner's page. `hours` are edited ones that are not saved; `faults` say why not."""
    now = timezone.now()
    desk = desk_of(owner)
    context = {
        "owner": owner,
        "desk": desk,
        "offers": offers_for(owner),
        "accounts": accounts_of(owner, owner.zone, now),
        "links": link_rows(owner, now),
        "owner_page": owner_page(owner),
        "feed": feed_of(owner),
        "takes_invitations": inbound.is_on(),
        "invite_address": address_of(owner),
        **hours_card(owner, now, hours=hours, faults=faults, sent=sent),
        "standing": (
            standing_of(owner, now=now, actor=user_actor(request))
            if "check" in request.GET
            else None
        ),
        **more,
    }
    response = render(request, template, context, status=422 if faults else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def hours_card(
    owner: Owner,
    now: datetime,
    *,
    hours: Hours | None = None,
    faults: Sequence[InvalidInput] = (),
    sent: QueryDict | None = None,
    stored: Hours | None = None,
) -> dict[str, Any]:
    """What the availability card shows: the hours as stored, or edited ones with their faults.

    `sent` is the press that edited them; `stored` are the owner's where nothing else is said.
    """
    stored = stored or hours_of(owner.availability, owner.zone.key)
    shown = hours or stored
    today = now.astimezone(owner.zone).date()
    return {
        "hours": shown,
        "is_draft": hours is not None and hours != stored,
        "this_year": today.year,
        "zone_select": _zone_select(shown.zone or owner.zone.key, now),
        "faults": [(_anchor(fault), fault.message) for fault in faults],
        "fault_of": {_row(fault): fault.message for fault in faults},
        "card": card_of(shown, sent, today, has_faults=bool(faults)),
        "holidays": (
            holidays_sent(sent, today) if sent and "add_holidays" in sent and not faults else []
        ),
    }


def change_hours(request: StaffRequest, owner: Owner, template: str, **more: Any) -> HttpResponse:
    """A press on the availability card of the owner's page."""
    show = partial(page, request, owner, template, **more)
    return press_hours(request, owner, to=desk_of(owner).page, show=show)


def press_hours(
    request: HttpRequest,
    owner: Owner,
    *,
    to: str,
    show: Callable[..., HttpResponse],
    keep: Callable[[Hours], None] | None = None,
) -> HttpResponse:
    """A press on the card: a small button changes the draft, Save keeps it.

    `show` draws the card again with `hours`, `faults` and what was `sent`; `to` is the page after
    saving. `keep` saves what are not the owner's own hours.
    """
    draw = partial(show, sent=request.POST)
    try:
        typed = read_hours(request.POST)
    except InvalidInput as fault:
        return draw(faults=[fault])
    try:
        draft = press(typed, request.POST, timezone.now().astimezone(owner.zone).date())
    except InvalidInput as fault:
        return draw(hours=typed, faults=[fault])
    if draft is not None:
        return draw(hours=draft)
    faults: list[InvalidInput] = list(find_faults(typed))
    if not is_zone(typed.zone):
        faults.append(InvalidInput("timezone", _("Choose a time zone from the list.")))
    if faults:
        return draw(hours=typed, faults=faults)
    if keep is None:
        save_hours(owner=owner, zone_name=typed.zone, raw=typed.to_raw())
    else:
        keep(typed)
    message = _("The hours are saved. Guests see them at once.")
    return dialog_done(request, "hours:changed", to=to, message=message)


def change_calendars(request: HttpRequest, owner: Owner, *, to: str = "") -> HttpResponse:
    """A tick on the calendars card: what counts as busy, and where bookings are written.

    `to` is the page after it where that is not the owner's own.
    """
    ticked = set(request.POST.getlist("busy"))
    offered = set(request.POST.getlist("offered"))
    chosen = request.POST.get("write", "")
    mine = list(calendars_of(owner).filter(gone_at__isnull=True))
    if not {*ticked, *offered, *([chosen] if chosen else [])} <= {str(one.pk) for one in mine}:
        raise Http404
    for calendar in mine:
        counts = str(calendar.pk) in ticked
        if str(calendar.pk) in offered and counts != calendar.counts_as_busy:
            arrange_calendar(
                calendar=calendar,
                hue=calendar.hue,
                is_shown=calendar.is_shown,
                counts_as_busy=counts,
            )
    here = to or desk_of(owner).page
    for calendar in mine:
        if str(calendar.pk) == chosen:
            if not calendar.is_writable or calendar.connection.is_paused_by_plan:
                message = _("Bookings cannot be written to %(calendar)s.") % {
                    "calendar": calendar.name
                }
                return refused(request, to=here, message=message)
            choose_booking_calendar(owner=owner, calendar=calendar)
    return dialog_done(request, "calendars:changed", to=here, message=_("Saved."))


def _zone_select(name: str, now: datetime) -> str:
    """The zone's select, the chosen one said with its clock: Europe/Dublin, GMT, 14:20 now."""
    own = []
    if is_zone(name):
        chosen = zone(name)
        said = offset_words(chosen, now).split(",")[0]
        now_words = _("%(time)s now") % {"time": clock(now, chosen)}
        own = [(name, f"{name}, {said}, {now_words}")]
    return ZoneSelect(own=own).render("zone", name, {"id": "id_zone", "class": "select auto"})


def _row(fault: InvalidInput) -> str:
    """The row of the card a fault stands in: a weekday, `overrides`, or `timezone`."""
    return fault.field.partition(".")[0].partition("[")[0]


def _anchor(fault: InvalidInput) -> str:
    row = _row(fault)
    return (
        "id_zone" if row == "timezone" else ("special-days" if row == OVERRIDES else f"day-{row}")
    )


# --- One's own ---


def _mine(request: StaffRequest) -> Owner:
    return owner_of_member(request.membership)


@require_safe
@member_required(roles=MAY_WORK)
def my_scheduling(request: StaffRequest) -> HttpResponse:
    return page(request, _mine(request), MINE)


@require_POST
@member_required(roles=MAY_WORK)
def my_hours(request: StaffRequest) -> HttpResponse:
    return change_hours(request, _mine(request), MINE)


@require_POST
@member_required(roles=MAY_WORK)
def my_calendars(request: StaffRequest) -> HttpResponse:
    return change_calendars(request, _mine(request))
