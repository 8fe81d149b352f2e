"""The workspaces app."""

from __future__ import annotations

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "workspaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import workspaces.schema  # noqa: F401, PLC0415 -- app registry
        from common import outbox  # noqa: PLC0415 -- app registry
        from workspaces.services import client_access, invitations  # noqa: PLC0415 -- app registry

        outbox.register_mail(
            invitations.INVITATION,
            invitations.send_invitation,
            words="Invitation of a member",
        )
        outbox.register_mail(
            client_access.CLIENT_INVITATION,
            client_access.send_client_invitation,
            words="Invitation of a client",
        )
