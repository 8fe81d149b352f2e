"""A workspace's Close: the account its key belongs to, and our own map of what was made there."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from audit.enums import ConnectionState
from booking.enums import CrmLeadState
from common.fields import LeasedModel, UUIDModel
from workspaces.enums import OwnerKind


class CrmAccount(UUIDModel):
    """The organisation in Close that a workspace's key opens. The key itself is in the vault.

    `kept_at` tells this key from the one before it. `statuses` are the organisation's, as
    `{"id": …, "label": …}`; `lead_status_remote_id` blank is what Close takes first.
    """

    workspace = models.OneToOneField(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="crm_account"
    )
    state = models.CharField(
        max_length=20, choices=ConnectionState.choices, default=ConnectionState.ACTIVE
    )
    organization_remote_id = models.CharField(max_length=64)
    organization_name = models.CharField(max_length=200)
    account_email = models.EmailField(max_length=320, blank=True, default="")
    key_tail = models.CharField(max_length=4, help_text="The key's last four characters.")
    kept_at = models.DateTimeField()
    kept_by_name = models.CharField(max_length=320, blank=True, default="")
    statuses = models.JSONField(default=list, blank=True)
    lead_status_remote_id = models.CharField(max_length=64, blank=True, default="")
    last_good_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    last_error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "crm_accounts"

    def __str__(self) -> str:
        return f"{self.organization_name} of {self.workspace_id}"


class CrmLead(UUIDModel, LeasedModel):
    """Which lead and contact stand for one address: looked at before Close is.

    The row is written before Close is asked to make anything, and whoever makes the lead holds
    its lease. `asked_at` is when the lead was asked for, while it is not known what became of it.
    Addresses are in small letters. Another organisation in Close has a map of its own.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    organization_remote_id = models.CharField(max_length=64)
    email = models.EmailField(max_length=320)
    state = models.CharField(max_length=8, choices=CrmLeadState.choices, default=CrmLeadState.NEW)
    lead_remote_id = models.CharField(max_length=64, blank=True, default="")
    contact_remote_id = models.CharField(max_length=64, blank=True, default="")
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "crm_leads"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "organization_remote_id", "email"], name="crm_lead_once"
            ),
            models.CheckConstraint(
                condition=Q(state=CrmLeadState.READY) ^ Q(lead_remote_id=""),
                name="crm_lead_known_when_ready",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[CrmLeadState.ASKED, CrmLeadState.UNSURE])
                | Q(asked_at__isnull=False),
                name="crm_lead_asked_at",
            ),
        ]

    def __str__(self) -> str:
        return f"lead {self.id}"


class CrmNote(UUIDModel):
    """The one note that a meeting has in Close.

    `said` is a digest of what it says, `asked_at` when it was asked for first. `is_gone`: deleted
    in Close, so that nobody writes it again. `erased_at`: its person was erased here, and it has
    to go there.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    organization_remote_id = models.CharField(max_length=64)
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    meeting_id = models.UUIDField(unique=True)
    lead_remote_id = models.CharField(max_length=64)
    note_remote_id = models.CharField(max_length=64, blank=True, default="")
    said = models.CharField(max_length=64, blank=True, default="")
    asked_at = models.DateTimeField(null=True, blank=True)
    is_gone = models.BooleanField(default=False)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "crm_notes"

    def __str__(self) -> str:
        return f"note of {self.meeting_id}"
