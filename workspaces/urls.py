"""Addresses of workspace pages."""

from __future__ import annotations

from django.urls import path

from workspaces.views import clients, invitations, members, profile, settings

app_name = "workspaces"

urlpatterns = [
    path("workspaces/switch", settings.switch, name="switch"),
    path("theme", settings.theme, name="theme"),
    path("clients", clients.clients, name="clients"),
    path("clients/new", clients.client_new, name="client_new"),
    path("members", members.members, name="members"),
    path("members/invite", members.invite, name="invite"),
    path("members/<uuid:membership_id>/role", members.role, name="member_role"),
    path("members/<uuid:membership_id>/remove", members.member_remove, name="member_remove"),
    path(
        "members/invitations/<uuid:invitation_id>/withdraw",
        members.withdraw,
        name="invitation_withdraw",
    ),
    path(
        "members/invitations/<uuid:invitation_id>/send",
        members.send_invitation_again,
        name="invitation_send",
    ),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("profile", profile.profile, name="profile"),
]
