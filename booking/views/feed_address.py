"""The address of an owner's calendar feed: made, shown once, closed; the same for both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from audit.actors import user_actor
from booking.feed_forms import FeedForm
from booking.services.feeds import close_feed, feed_of, open_feed
from booking.views.clients import client_owner
from booking.views.desk import desk_of, subject_of
from common.errors import DomainError
from common.htmx import dialog_done
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from booking.services.feeds import OpenedFeed
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

EVENT = "feed:changed"


@require_http_methods(["GET", "POST"])
@never_cache
@member_required(roles=MAY_WORK)
def my_feed(request: StaffRequest) -> HttpResponse:
    return _dialog(request, owner_of_member(request.membership))


@require_http_methods(["GET", "POST"])
@never_cache
@member_required(roles=MAY_WORK)
def client_feed(request: StaffRequest, client_id: UUID) -> HttpResponse:
    return _dialog(request, client_owner(request, client_id))


def _dialog(request: StaffRequest, owner: Owner) -> HttpResponse:
    now, actor = timezone.now(), user_actor(request)
    if "close" in request.POST:
        close_feed(owner=owner, by=request.membership, actor=actor, now=now)
        message = "The address finds nothing any more. Calendars that read it keep their last copy."
        return dialog_done(request, EVENT, to=desk_of(owner).page, message=message)
    former = feed_of(owner)
    initial = {"detail": former.detail} if former else None
    form = FeedForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            opened = open_feed(
                owner=owner,
                detail=form.cleaned_data["detail"],
                by=request.membership,
                actor=actor,
                now=now,
            )
        except DomainError as error:
            form.add_error("detail", error.message)
        else:
            return _show_once(request, owner, opened)
    context = {
        "form": form,
        "former": former,
        "owner": owner,
        "subject": subject_of(owner),
        "action": request.path,
        "page_url": desk_of(owner).page,
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/feed_edit.html", context, status=status)


def _show_once(request: StaffRequest, owner: Owner, opened: OpenedFeed) -> HttpResponse:
    """The one answer that holds the address: in no message, session or log."""
    url = opened.url()
    context = {
        "feed": opened.feed,
        "url": url,
        "subscribe_url": f"webcal://{url.partition('://')[2]}",
        "page_url": desk_of(owner).page,
    }
    answer = render(request, "booking/staff/feed_made.html", context)
    answer.headers["HX-Trigger"] = EVENT
    return answer
