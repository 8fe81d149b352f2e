"""Asking a client's own person to their page, and ending that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from booking.views.clients import client_owner
from common.errors import DomainError, NotFound
from common.htmx import dialog_done, refused
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.models import ClientInvitation
from workspaces.services import client_access
from workspaces.staff_forms import ClientInvitationForm

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest
    from workspaces.owners import ClientOwner

EVENT = "access:changed"


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_WORK)
def client_invite(request: StaffRequest, client_id: UUID) -> HttpResponse:
    """Send the link, to the primary contact unless another address is typed."""
    owner = client_owner(request, client_id)
    here = _page(owner)
    form = ClientInvitationForm(
        request.POST or None, initial={"email": owner.client.primary_contact_email}
    )
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            _send(request, owner, email)
        except DomainError as error:
            form.add_error("email", error.message)
        else:
            return dialog_done(request, EVENT, to=here, message=f"A link is on its way to {email}.")
    context = {"form": form, "client": owner.client, "page_url": here}
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/client_invite.html", context, status=status)


@require_POST
@member_required(roles=MAY_WORK)
def client_invite_again(
    request: StaffRequest, client_id: UUID, invitation_id: UUID
) -> HttpResponse:
    """A new link to the same address; the one before lets nobody in any more."""
    owner = client_owner(request, client_id)
    former = ClientInvitation.objects.filter(client=owner.client, pk=invitation_id).first()
    if former is None:
        raise Http404
    try:
        _send(request, owner, former.email)
    except DomainError as error:
        return refused(request, to=_page(owner), message=error.message)
    message = f"A new link is on its way to {former.email}. The one before is closed."
    return dialog_done(request, EVENT, to=_page(owner), message=message)


@require_POST
@member_required(roles=MAY_WORK)
def client_revoke(request: StaffRequest, client_id: UUID, invitation_id: UUID) -> HttpResponse:
    """Close the link, and every page that was opened with it."""
    owner = client_owner(request, client_id)
    try:
        ended = client_access.revoke_invitation(
            by=request.membership,
            client=owner.client,
            invitation_id=invitation_id,
            now=timezone.now(),
        )
    except NotFound:
        raise Http404 from None
    message = f"The link of {ended.email} is closed. What was connected stays connected."
    return dialog_done(request, EVENT, to=_page(owner), message=message)


def _send(request: StaffRequest, owner: ClientOwner, email: str) -> None:
    client = owner.client
    is_contact = email.strip().lower() == client.primary_contact_email.lower()
    client_access.invite_client(
        by=request.membership,
        client=client,
        email=email,
        name=client.primary_contact_name if is_contact else "",
        now=timezone.now(),
    )


def _page(owner: ClientOwner) -> str:
    return reverse("booking:client_info", args=[owner.id])
