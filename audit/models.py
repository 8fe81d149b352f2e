"""Connections' common base, the token vault's tables, and the append-only access log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, GeneratedField, Q, Value, When

from audit.enums import ActorKind, ConnectionState, Outcome, Provider
from common.fields import LeasedModel, UUIDModel

if TYPE_CHECKING:
    from uuid import UUID


class ConnectionBase(UUIDModel):
    """One consented account at one provider.

    Its secrets stand in `OAuthToken`, so that listing connections never touches one.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    provider = models.CharField(max_length=16, choices=Provider.choices)
    account_remote_id = models.CharField(max_length=255)
    account_kind = models.CharField(max_length=16, blank=True, default="")
    connected_email = models.EmailField(max_length=320, blank=True, default="")
    scopes = models.JSONField(default=list)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(
        max_length=20, choices=ConnectionState.choices, default=ConnectionState.ACTIVE
    )
    is_active = GeneratedField(
        expression=Case(
            When(Q(state=ConnectionState.ACTIVE), then=Value(value=True)),
            default=Value(value=False),
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    resumes_as = models.CharField(
        max_length=20,
        choices=ConnectionState.choices,
        blank=True,
        default="",
        help_text="What it is again when the plan has room; blank unless the plan paused it.",
    )
    last_good_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.get_provider_display()}, {self.connected_email}"

    @property
    def is_paused_by_plan(self) -> bool:
        """Whether it exceeds the workspace's plan: its tokens are kept, and it comes back."""
        return self.state == ConnectionState.PAUSED and bool(self.resumes_as)

    @property
    def needs_consent(self) -> bool:
        """Whether its provider no longer accepts it, paused or not."""
        return ConnectionState.RECONNECT_NEEDED in {self.state, self.resumes_as}

    @property
    def credential_kind(self) -> str:
        """The workspace's key that its tokens come from; blank where a person consented."""
        return ""

    @property
    def owner_kind(self) -> str:
        """`client` or `user`."""
        raise NotImplementedError

    @property
    def owner_id(self) -> UUID:
        """The id of the client or user who owns it."""
        raise NotImplementedError


class OAuthToken(UUIDModel, LeasedModel):
    """One connection's sealed tokens. There is no way from a row to plain text but the vault."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    connection_id = models.UUIDField(unique=True)
    provider = models.CharField(max_length=16, choices=Provider.choices)
    access_sealed = models.BinaryField()
    refresh_sealed = models.BinaryField(default=b"")
    key_id = models.CharField(max_length=32)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "oauth_tokens"
        indexes = [models.Index(fields=["key_id"], name="oauth_token_key")]

    def __str__(self) -> str:
        return f"sealed tokens of {self.connection_id}"


class ServiceCredential(UUIDModel, LeasedModel):
    """A workspace's own key to a service (Close, Zoom server-to-server), sealed like a token."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="service_credentials"
    )
    kind = models.CharField(max_length=32)
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=32)

    class Meta:
        db_table = "service_credentials"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "kind"], name="service_credential_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.workspace_id}"


class OAuthTokenAccessLog(models.Model):
    """One use of one token. Plain values, never foreign keys; never changed, never deleted."""

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.UUIDField()
    seq = models.BigIntegerField()
    actor_kind = models.CharField(max_length=16, choices=ActorKind.choices)
    actor_id = models.CharField(max_length=64, blank=True, default="")
    actor_name = models.CharField(max_length=320, blank=True, default="")
    connection_id = models.UUIDField()
    connection_email = models.CharField(max_length=320, blank=True, default="")
    provider = models.CharField(max_length=16)
    reason = models.CharField(max_length=40)
    target = models.CharField(max_length=255, blank=True, default="")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    request_id = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")
    at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "oauth_token_access_log"
        ordering = ["workspace_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["workspace_id", "seq"], name="access_log_seq")
        ]
        indexes = [
            models.Index(fields=["workspace_id", "at"], name="access_log_at"),
            models.Index(fields=["connection_id", "reason", "at"], name="access_log_connection"),
        ]
        verbose_name = "token access"
        verbose_name_plural = "token access log"

    def __str__(self) -> str:
        return f"{self.seq} {self.reason} {self.outcome}"


class AuditChainHead(models.Model):
    """The last link of a workspace's chain: the row that is locked for the next one."""

    workspace_id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        db_table = "audit_chain_heads"

    def __str__(self) -> str:
        return f"{self.workspace_id} at {self.seq}"


class MirrorReadMark(models.Model):
    """When a session's reading of a connection's week was last logged: one row per ten minutes."""

    session_hash = models.CharField(max_length=64)
    connection_id = models.UUIDField()
    week_on = models.DateField()
    logged_at = models.DateTimeField()

    class Meta:
        db_table = "audit_mirror_read_marks"
        constraints = [
            models.UniqueConstraint(
                fields=["session_hash", "connection_id", "week_on"], name="mirror_read_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.week_on}"
