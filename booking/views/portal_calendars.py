"""The calendars of a client, connected by the client's own person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.actors import client_actor
from booking.views.desk import Desk, Offer, accounts_of
from booking.views.portal_frame import frame, owner_of
from booking.views.scheduling import change_calendars
from calendars.owners import connections_of
from calendars.providers.registry import is_consented
from calendars.services import connections, oauth
from calendars.services.connections import check_plan
from calendars.views.oauth import CLIENT_PAGE, PROVIDERS
from common.errors import DomainError, PlanRequired
from conferencing.services import zoom_connections_of
from workspaces.client_guard import visit_required, visit_secret

if TYPE_CHECKING:
    from django.http import HttpResponse

    from audit.models import ConnectionBase
    from booking.views.desk import AccountRow
    from workspaces.client_guard import ClientRequest
    from workspaces.owners import ClientOwner

_OFFERED = (("google", "Google"), ("outlook", "Outlook"), ("zoom", "Zoom"))


@require_http_methods(["GET", "HEAD", "POST"])
@visit_required
def calendars(request: ClientRequest) -> HttpResponse:
    """The accounts, and which of their calendars count."""
    owner, now = owner_of(request), timezone.now()
    here = reverse("portal:calendars")
    if request.method == "POST":
        return change_calendars(request, owner, to=here)
    context = {
        **frame(request, "calendars"),
        "desk": Desk(here, reverse("portal:hours"), here, "", ""),
        "offers": _offers(owner),
        "accounts": [_mine(row) for row in accounts_of(owner, owner.zone, now)],
    }
    return render(request, "booking/client/calendars.html", context)


@require_safe
@visit_required
def connect(request: ClientRequest, provider: str) -> HttpResponse:
    """To the provider's consent page; `again` names the connection to be consented to once more.

    A link and no form: a browser follows a form to no other origin.
    """
    if provider not in PROVIDERS:
        raise Http404
    owner, invitation = owner_of(request), request.visit.invitation
    again = _connection(owner, request.GET["again"]) if request.GET.get("again") else None
    if again is not None and again.provider != provider:
        raise Http404
    try:
        address = oauth.start_flow(
            provider=provider,
            owner=owner,
            invitation=invitation,
            binding=visit_secret(request),
            next_page=CLIENT_PAGE,
            now=timezone.now(),
            again=again,
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("portal:calendars")
    return redirect(address)


@require_http_methods(["GET", "HEAD", "POST"])
@visit_required
def disconnect(request: ClientRequest, connection_id: UUID) -> HttpResponse:
    """Ask, then end a connection; works when the provider is down."""
    owner = owner_of(request)
    connection = _connection(owner, str(connection_id))
    if request.method != "POST":
        context = {**frame(request, "calendars"), "connection": connection}
        return render(request, "booking/client/disconnect.html", context)
    actor = client_actor(request, request.visit.invitation)
    left_to_do = connections.disconnect(connection=connection, actor=actor)
    promoted = connections.promote(owner)
    words = _("%(account)s is disconnected.") % {"account": connection.connected_email}
    messages.success(request, f"{words} {left_to_do}".strip())
    if promoted is not None:
        words = _("Bookings now go to %(account)s.") % {"account": promoted.connected_email}
        messages.info(request, words)
    return redirect("portal:calendars")


def _offers(owner: ClientOwner) -> list[Offer]:
    """The accounts that there is room for. What a plan lacks is the workspace's own matter."""
    offers = []
    for provider, label in _OFFERED:
        try:
            check_plan(owner, provider)
        except PlanRequired:
            continue
        words = _("Connect %(provider)s") % {"provider": label}
        offers.append(Offer(words, reverse("portal:connect", args=[provider])))
    return offers


def _mine(row: AccountRow) -> AccountRow:
    """The row with the client's own addresses. A subscription's address is typed by staff."""
    connection = row.connection
    again = ""
    if row.reconnect_url and (connection.provider == "zoom" or is_consented(connection.provider)):
        start = reverse("portal:connect", args=[connection.provider])
        again = f"{start}?{urlencode({'again': connection.pk})}"
    gone = reverse("portal:disconnect", args=[connection.pk])
    return replace(row, reconnect_url=again, disconnect_url=gone)


def _connection(owner: ClientOwner, connection_id: str) -> ConnectionBase:
    """The client's own connection of that id; 404 for any other."""
    try:
        wanted = UUID(connection_id)
    except ValueError:
        raise Http404 from None
    for rows in (connections_of(owner), zoom_connections_of(owner)):
        found: ConnectionBase | None = rows.filter(pk=wanted).first()
        if found is not None:
            return found
    raise Http404
