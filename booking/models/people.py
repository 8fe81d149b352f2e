"""What staff write about bookers, and that somebody was erased."""

from __future__ import annotations

from django.db import models

from booking.enums import NoteKind
from common.fields import UUIDModel
from workspaces.enums import OwnerKind

MAX_NOTE = 2000


class PersonNote(UUIDModel):
    """A note about a contact or prospect: for staff only, in no mail, calendar or file.

    `owner_kind` says which table the person is in. A merge leaves a note of its own.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    person_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=NoteKind.choices, default=NoteKind.WRITTEN)
    text = models.TextField(max_length=MAX_NOTE)
    author = models.ForeignKey(
        "workspaces.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    author_name = models.CharField(max_length=320)
    merged_person_id = models.UUIDField(
        null=True, blank=True, help_text="Of a merge: the id of the row that is gone."
    )

    class Meta:
        db_table = "person_notes"
        indexes = [models.Index(fields=["person_id", "created_at"], name="person_note_person")]

    def __str__(self) -> str:
        return f"note of {self.author_name}"


class Erasure(UUIDModel):
    """That a person was erased, by whom and when: the tombstone, and how far the work is.

    It holds nothing about the person. `scope_id` is the client whose contact it was; none for a
    prospect. `wiped_at` is when everything here was gone, `finished_at` when providers had
    followed too.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    scope_id = models.UUIDField(null=True, blank=True)
    person_id = models.UUIDField(help_text="The id of the row that is gone.")
    by = models.ForeignKey(
        "workspaces.User", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    by_name = models.CharField(max_length=320)
    tells_booker = models.BooleanField(
        default=False, help_text="Whether meetings to come are called off with a mail."
    )
    wiped_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict)

    class Meta:
        db_table = "erasures"
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["workspace", "-created_at"], name="erasure_workspace")]
        constraints = [models.UniqueConstraint(fields=["person_id"], name="erasure_once")]

    def __str__(self) -> str:
        return f"erasure of {self.created_at:%Y-%m-%d}"


class ErasedAddress(models.Model):
    """A keyed hash of an address that was erased, so that it can be asked for again."""

    erasure = models.ForeignKey(Erasure, on_delete=models.CASCADE, related_name="addresses")
    address_hash = models.CharField(max_length=64)

    class Meta:
        db_table = "erased_addresses"
        constraints = [
            models.UniqueConstraint(fields=["erasure", "address_hash"], name="erased_address_once")
        ]
        indexes = [models.Index(fields=["address_hash"], name="erased_address_hash")]

    def __str__(self) -> str:
        return f"address of {self.erasure_id}"
