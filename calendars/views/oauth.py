"""The pages a consent begins and ends on; a person sees them only as redirects."""

from __future__ import annotations

import secrets
from functools import partial
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from audit.actors import client_actor, user_actor
from audit.enums import Provider
from calendars import access
from calendars.errors import ConsentRefused
from calendars.services import connections, oauth
from common.errors import DomainError, NotFound
from common.htmx import go_to
from workspaces.access import MAY_WORK
from workspaces.client_guard import visit_required, visit_secret
from workspaces.enums import OwnerKind
from workspaces.guards import member_required
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from audit.models import ConnectionBase
    from workspaces.client_guard import ClientRequest
    from workspaces.guards import StaffRequest
    from workspaces.owners import Owner

_MINE: Final = "/admin/sales/scheduling"
BINDING: Final = "oauth_binding"
PROVIDERS: Final = frozenset({Provider.GOOGLE, Provider.OUTLOOK, Provider.ZOOM})
# Where a flow may end besides its owner's page: names, never addresses from a request.
CLIENT_PAGE: Final = "client"
NEXT_PAGES: Final = {
    "calendar": "/calendar",
    "connections": "/calendar/connections",
    CLIENT_PAGE: "/client/calendars",
}
# The source document fixes these two addresses.
_HOME: Final = {OwnerKind.CLIENT: "/workspace/{}/client-info", OwnerKind.USER: _MINE}


@require_GET
@never_cache
@member_required(roles=MAY_WORK)
def oauth_start(request: StaffRequest, provider: str) -> HttpResponse:
    """`?client=<id>` or `?user=me`, and `&next=` the name of the page to come back to.

    `&again=<id>` names the connection that is to be consented to once more.
    """
    _require_provider(provider)
    owner = _owner(request)
    again = _again(request, owner, provider)
    next_page = request.GET.get("next", "")
    try:
        address = oauth.start_flow(
            provider=provider,
            owner=owner,
            user=request.user,
            binding=_binding(request),
            next_page=next_page if next_page in NEXT_PAGES else "",
            now=timezone.now(),
            again=again,
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect(page_after(owner, next_page))
    return redirect(address)


@require_GET
@never_cache
def oauth_callback(request: HttpRequest, provider: str) -> HttpResponseBase:
    """Where the provider sends the person back to, with a code or an error, and our state.

    One browser can hold a member's session and a client's visit: the flow says whose it is.
    """
    _require_provider(provider)
    if oauth.is_begun_by_a_client(provider, request.GET.get("state", "")):
        return _clients_callback(request, provider)
    return _members_callback(request, provider)


@member_required
def _members_callback(request: StaffRequest, provider: str) -> HttpResponse:
    finish = partial(
        oauth.finish_flow,
        user=request.user,
        binding=_binding(request),
        actor=user_actor(request),
    )
    return _finish(request, provider, finish, refused_to=NEXT_PAGES["calendar"])


@visit_required
def _clients_callback(request: ClientRequest, provider: str) -> HttpResponse:
    invitation = request.visit.invitation
    finish = partial(
        oauth.finish_flow,
        invitation=invitation,
        binding=visit_secret(request),
        actor=client_actor(request, invitation),
    )
    return _finish(request, provider, finish, refused_to=NEXT_PAGES[CLIENT_PAGE])


def _finish(
    request: HttpRequest, provider: str, finish: Callable[..., oauth.Finished], *, refused_to: str
) -> HttpResponse:
    answer = oauth.Answer(
        state=request.GET.get("state", ""),
        code=request.GET.get("code", ""),
        error=request.GET.get("error", ""),
    )
    try:
        done = finish(provider=provider, answer=answer, now=timezone.now())
    except ConsentRefused as error:
        messages.error(request, error.message)
        return redirect(refused_to)
    except oauth.FlowFailed as failed:
        messages.error(request, failed.error.message)
        return redirect(page_after(failed.owner, failed.next_page))
    email = done.kept.connection.connected_email
    messages.success(request, f"{email} is connected{'' if done.kept.is_new else ' again'}.")
    if done.warning:
        messages.warning(request, done.warning)
    return redirect(page_after(done.owner, done.next_page))


@require_POST
@member_required(roles=MAY_WORK)
def disconnect(request: StaffRequest, connection_id: UUID) -> HttpResponse:
    """End a client's connection or one's own; works when the provider is down."""
    try:
        connection = access.any_connection_for(request.membership, connection_id)
    except NotFound:
        raise Http404 from None
    workspace = request.membership.workspace
    owner = owner_for(connection.owner_kind, connection.owner_id, workspace)
    email = connection.connected_email
    left_to_do = connections.disconnect(connection=connection, actor=user_actor(request))
    promoted = connections.promote(owner)
    messages.success(request, f"{email} is disconnected. {left_to_do}".strip())
    if promoted is not None:
        messages.info(request, f"Bookings now go to {promoted.connected_email}.")
    return go_to(request, page_after(owner, request.POST.get("next", "")))


def page_after(owner: Owner, next_page: str) -> str:
    """The page a person lands on: the named one, else where the owner's accounts are kept."""
    return NEXT_PAGES.get(next_page) or _HOME[owner.kind].format(owner.id)


def _require_provider(provider: str) -> None:
    if provider not in PROVIDERS:
        raise Http404


def _owner(request: StaffRequest) -> Owner:
    """Whose account is to be connected; 404 for what is not the member's to connect."""
    client, user = request.GET.get("client", ""), request.GET.get("user", "")
    try:
        if user == "me" and not client:
            return access.owner_to_connect(request.membership, None)
        if client and not user:
            return access.owner_to_connect(request.membership, UUID(client))
    except (NotFound, ValueError):
        raise Http404 from None
    raise Http404


def _again(request: StaffRequest, owner: Owner, provider: str) -> ConnectionBase | None:
    """The owner's connection to renew; none named, or ended meanwhile, is a new account."""
    try:
        connection = access.any_connection_for(
            request.membership, UUID(request.GET.get("again", ""))
        )
    except (NotFound, ValueError):
        return None
    is_theirs = connection.owner_id == owner.id and connection.provider == provider
    return connection if is_theirs else None


def _binding(request: StaffRequest) -> str:
    """The secret that ties a flow to this browser's session."""
    if BINDING not in request.session:
        request.session[BINDING] = secrets.token_urlsafe(32)
    return str(request.session[BINDING])
