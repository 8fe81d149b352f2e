"""Who is in the workspace, as what, and who is asked in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import outbox
from common.errors import DomainError, NotFound
from common.htmx import dialog_done, refused
from common.models import OutboxMessage
from workspaces.access import MAY_MANAGE
from workspaces.enums import Role
from workspaces.guards import member_required
from workspaces.leaving import promised_by
from workspaces.models import Membership
from workspaces.queries import members_of, open_invitations
from workspaces.services import invitations as invitation_service
from workspaces.services import members as member_service
from workspaces.staff_forms import InvitationForm, roles_to_give

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from workspaces.guards import StaffRequest

PAGE = "workspaces:members"
EVENT = "members:changed"


@require_safe
@member_required
def members(request: StaffRequest) -> HttpResponse:
    membership, now = request.membership, timezone.now()
    may_manage = membership.role in MAY_MANAGE
    context = {
        "members": members_of(membership.workspace),
        "may_manage": may_manage,
        "is_owner": membership.role == Role.OWNER,
        "roles": roles_to_give(membership),
        "invitations": open_invitations(membership.workspace, now) if may_manage else [],
    }
    return render(request, "workspaces/members.html", context)


@require_http_methods(["GET", "POST"])
@member_required(roles=MAY_MANAGE)
def invite(request: StaffRequest) -> HttpResponse:
    form = InvitationForm(request.POST or None, by=request.membership)
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            invitation_service.invite(
                by=request.membership,
                email=email,
                role=Role(form.cleaned_data["role"]),
                now=timezone.now(),
            )
        except DomainError as error:
            form.add_error("email", error.message)
        else:
            return dialog_done(request, EVENT, to=PAGE, message=f"{email} is being invited.")
    status = 422 if form.is_bound else 200
    return render(request, "workspaces/invite.html", {"form": form}, status=status)


@require_POST
@member_required(roles=MAY_MANAGE)
def role(request: StaffRequest, membership_id: UUID) -> HttpResponse:
    if not members_of(request.membership.workspace).filter(pk=membership_id).exists():
        raise Http404
    wanted = request.POST.get("role", "")
    if wanted not in Role.values:
        return refused(request, to=PAGE, message="Choose one of the roles.")
    try:
        changed = member_service.change_role(
            by=request.membership, membership_id=membership_id, role=Role(wanted)
        )
    except Membership.DoesNotExist:
        raise Http404 from None
    except DomainError as error:
        return refused(request, to=PAGE, message=error.message)
    message = f"{changed.user} is {changed.get_role_display().lower()} now."
    return dialog_done(request, EVENT, to=PAGE, message=message)


@require_http_methods(["GET", "POST"])
@member_required
def member_remove(request: StaffRequest, membership_id: UUID) -> HttpResponse:
    """Ask, then take the member out. Everybody may leave."""
    member = members_of(request.membership.workspace).filter(pk=membership_id).first()
    is_self = member is not None and member.pk == request.membership.pk
    if member is None or not (is_self or request.membership.role in MAY_MANAGE):
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            member_service.end_membership(
                by=request.membership, membership_id=membership_id, now=timezone.now()
            )
        except Membership.DoesNotExist:
            raise Http404 from None
        except DomainError as error:
            problem = error.message
        else:
            if is_self:
                messages.success(request, f"You have left {member.workspace}.")
                return redirect("home")
            return dialog_done(request, EVENT, to=PAGE, message=f"{member.user} was removed.")
    promised = promised_by(member, timezone.now())
    context = {"member": member, "is_self": is_self, "problem": problem, "promised": promised}
    status = 422 if problem else 200
    return render(request, "workspaces/member_remove.html", context, status=status)


@require_POST
@member_required(roles=MAY_MANAGE)
def withdraw(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    try:
        invitation_service.withdraw(by=request.membership, invitation_id=invitation_id)
    except NotFound:
        raise Http404 from None
    return dialog_done(request, EVENT, to=PAGE, message="The invitation was withdrawn.")


@require_POST
@member_required(roles=MAY_MANAGE)
def send_invitation_again(request: StaffRequest, invitation_id: UUID) -> HttpResponse:
    """Another try for a mail that failed."""
    mail = OutboxMessage.objects.filter(
        workspace_id=request.membership.workspace_id,
        dedupe_key=invitation_service.dedupe_key(invitation_id),
    ).first()
    if mail is None:
        raise Http404
    outbox.send_again(mail)
    return dialog_done(request, EVENT, to=PAGE, message="The invitation is being sent again.")
