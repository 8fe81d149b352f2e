"""Addresses below `/book/`: of links and of owners' pages, in one table."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from common.fields import UUIDModel


class BookingName(UUIDModel):
    """One address, and what it names: a link, or the page of a client or user in a workspace.

    All of them stand in one table, so that no two can be had at once whatever they name. One that
    is not current is the former address of what it names and leads there until somebody else
    takes it. `likeness` keeps apart what eyes would mix up (see `booking.slugs`).
    """

    slug = models.SlugField(max_length=60, unique=True)
    likeness = models.CharField(max_length=64, unique=True, editable=False)
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    link = models.ForeignKey(
        "booking.BookingLink",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="names",
    )
    client = models.ForeignKey(
        "workspaces.Client", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    is_current = models.BooleanField(default=True)

    class Meta:
        db_table = "booking_names"
        constraints = [
            models.CheckConstraint(
                condition=Q(link__isnull=False, client__isnull=True, user__isnull=True)
                | Q(link__isnull=True, client__isnull=False, user__isnull=True)
                | Q(link__isnull=True, client__isnull=True, user__isnull=False),
                name="booking_name_names_one",
            ),
            models.CheckConstraint(condition=Q(slug=Lower(F("slug"))), name="booking_name_is_low"),
            models.UniqueConstraint(
                fields=["link"], condition=Q(is_current=True), name="booking_name_of_link"
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(is_current=True, client__isnull=False),
                name="booking_name_of_client",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(is_current=True, user__isnull=False),
                name="booking_name_of_user",
            ),
        ]

    def __str__(self) -> str:
        return self.slug
