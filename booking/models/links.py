"""Public booking links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from booking.enums import DegradedMode, OnDecline
from common.fields import UUIDModel
from conferencing.enums import Conference
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID

MINUTES_A_DAY = 24 * 60
MAX_SEATS = 100


def default_durations() -> list[int]:
    """Half an hour."""
    return [30]


def default_reminders() -> list[int]:
    """A day before."""
    return [MINUTES_A_DAY]


class BookingLink(UUIDModel):
    """A link that belongs to exactly one client (client mode) or one user (internal mode).

    All lengths are in minutes, `horizon_days` in days. The first duration is the default one.
    `reminders` are minutes before the start, the longest first; a follow-up is sent
    `follow_up_minutes` after the end, if it has a text. `mails_set_at` is when either was last
    changed: what would have been due before that is not sent any more.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="booking_links"
    )
    client = models.ForeignKey(
        "workspaces.Client",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="booking_links",
    )
    user = models.ForeignKey(
        "workspaces.User",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="booking_links",
    )
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="", max_length=2000)
    durations = models.JSONField(default=default_durations)
    step_minutes = models.PositiveIntegerField(
        default=15, validators=[MinValueValidator(5), MaxValueValidator(MINUTES_A_DAY)]
    )
    buffer_before_minutes = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MINUTES_A_DAY)]
    )
    buffer_after_minutes = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(MINUTES_A_DAY)]
    )
    notice_minutes = models.PositiveIntegerField(
        default=240, validators=[MaxValueValidator(365 * MINUTES_A_DAY)]
    )
    horizon_days = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    max_per_day = models.PositiveIntegerField(null=True, blank=True)
    max_per_week = models.PositiveIntegerField(null=True, blank=True)
    seats = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_SEATS)]
    )
    availability_settings = models.JSONField(null=True, blank=True)
    questions = models.JSONField(default=list, blank=True)
    conference = models.CharField(max_length=8, choices=Conference.choices, default=Conference.AUTO)
    location = models.CharField(max_length=300, blank=True, default="")
    degraded_mode = models.CharField(
        max_length=8, choices=DegradedMode.choices, default=DegradedMode.REFUSE
    )
    on_decline = models.CharField(max_length=8, choices=OnDecline.choices, default=OnDecline.FLAG)
    requires_approval = models.BooleanField(default=False)
    verifies_email = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_private = models.BooleanField(
        default=False, help_text="Not on its owner's page; whoever has the address can book."
    )
    is_one_time = models.BooleanField(
        default=False, help_text="Closed while a meeting that was booked through it stands."
    )
    ends_on = models.DateField(
        null=True, blank=True, help_text="The last day that can be booked, by the owner's clock."
    )
    shows_seats_left = models.BooleanField(
        default=True, help_text="Of a shared slot, bookers see how many seats are left."
    )
    allows_guests = models.BooleanField(default=True, help_text="Bookers may name more people.")
    redirect_url = models.URLField(blank=True, default="", max_length=500)
    hue = models.CharField(max_length=8, default="tide")
    reminders = models.JSONField(default=default_reminders, blank=True)
    reminders_to_owner = models.BooleanField(
        default=False, help_text="Whoever the meeting is with gets the reminders, too."
    )
    follow_up_text = models.TextField(blank=True, default="", max_length=2000)
    follow_up_minutes = models.PositiveIntegerField(
        default=60, validators=[MaxValueValidator(30 * MINUTES_A_DAY)]
    )
    mails_set_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "booking_links"
        ordering = ["title"]
        constraints = [
            models.CheckConstraint(
                condition=Q(client__isnull=False, user__isnull=True)
                | Q(client__isnull=True, user__isnull=False),
                name="booking_links_owner_check",
            ),
            models.UniqueConstraint(Lower("slug"), name="booking_link_slug_ci"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def owner_kind(self) -> str:
        """`client` or `user`."""
        return OwnerKind.CLIENT if self.client_id else OwnerKind.USER

    @property
    def is_group(self) -> bool:
        """Whether several bookers share a slot."""
        return self.seats > 1

    @property
    def tells_seats_left(self) -> bool:
        """Whether visitors learn how many seats of a slot are left."""
        return self.is_group and self.shows_seats_left

    @property
    def takes_guests(self) -> bool:
        """Whether a booker may name more people. In a group everybody books their own seat."""
        return self.allows_guests and not self.is_group

    @property
    def owner_id(self) -> UUID:
        """The id of the client or user it belongs to."""
        owner_id = self.client_id or self.user_id
        assert owner_id is not None  # the CHECK promises it
        return owner_id
