"""Subscribing to a calendar at an address, and having it read now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from audit.actors import user_actor
from calendars.access import connection_for, owner_to_connect
from calendars.services import subscriptions
from calendars.views.event_dialog import answer
from calendars.views.refusals import refusals_as_pages
from common.errors import Conflict, InvalidInput
from common.fetch_guard import LONGEST_ADDRESS
from common.htmx import go_to
from workspaces.access import MAY_WORK
from workspaces.guards import member_required
from workspaces.queries import clients_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from workspaces.guards import StaffRequest
    from workspaces.models import Workspace

ME = "me"
PAGE = "calendars:connections"


class SubscriptionForm(forms.Form):
    """The address of a calendar, whose it becomes, and whether it takes time."""

    address = forms.CharField(
        label="Address of the calendar",
        max_length=LONGEST_ADDRESS,
        help_text="An .ics address, https:// or webcal://. It is read every hour and never written "
        "to. Addresses inside a private network are not read.",
        widget=forms.TextInput(
            attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        ),
    )
    owner = forms.ChoiceField(label="For")
    counts_as_busy = forms.BooleanField(
        label="Its events count as busy",
        required=False,
        help_text="Then bookings are refused while it cannot be read.",
    )

    def __init__(self, data: Any = None, *, workspace: Workspace, client: str = "") -> None:
        super().__init__(data, initial={"owner": client or ME})
        clients = [(str(one.pk), one.name) for one in clients_of(workspace)]
        self.fields["owner"].choices = [(ME, "Me"), *clients]  # type: ignore[attr-defined]

    def client_id(self) -> UUID | None:
        """The chosen client, None for the member themself."""
        chosen = self.cleaned_data["owner"]
        return None if chosen == ME else UUID(chosen)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("address")
@member_required(roles=MAY_WORK)
@refusals_as_pages
def subscribe(request: StaffRequest) -> HttpResponse:
    """Ask for the address, read it once, and keep it."""
    workspace = request.membership.workspace
    form = SubscriptionForm(
        request.POST or None, workspace=workspace, client=request.GET.get("client", "")
    )
    if form.is_valid() and _subscribed(request, form):
        return go_to(request, reverse(PAGE))
    context = {
        "form": form,
        "dialog_title": "Subscribe to a calendar",
        "form_action": request.path,
        "close_url": reverse(PAGE),
    }
    return answer(request, "subscribe", context, status=422 if form.is_bound else 200)


def _subscribed(request: StaffRequest, form: SubscriptionForm) -> bool:
    owner = owner_to_connect(request.membership, form.client_id())
    try:
        connection = subscriptions.subscribe(
            owner=owner,
            address=form.cleaned_data["address"],
            counts_as_busy=form.cleaned_data["counts_as_busy"],
            actor=user_actor(request),
            now=timezone.now(),
        )
    except InvalidInput as error:
        form.add_error("address", error.message)
        return False
    except Conflict as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, f"The calendar at {connection.connected_email} is subscribed to.")
    return True


@require_POST
@member_required(roles=MAY_WORK)
@refusals_as_pages
def subscription_read(request: StaffRequest, connection_id: UUID) -> HttpResponse:
    """Have a worker read the subscription now."""
    connection = connection_for(request.membership, connection_id)
    try:
        subscriptions.read_again(connection=connection, now=timezone.now())
    except (Conflict, InvalidInput) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{connection.connected_email} is being read.")
    return redirect(PAGE)
