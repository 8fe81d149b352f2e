"""What came in by mail: answers to meetings, invitations from outside, and what nobody acts on.

No mail is kept: of each only what is named here, bounded and without markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from booking.enums import Answer, InvitationState, MailOutcome, MailReason
from common.fields import UUIDModel
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from uuid import UUID

_ONE_OWNER = Q(client__isnull=False, user__isnull=True) | Q(client__isnull=True, user__isnull=False)


class OwnedByOne(UUIDModel):
    """A row of exactly one client or one user."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    client = models.ForeignKey(
        "workspaces.Client", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    user = models.ForeignKey(
        "workspaces.User", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=_ONE_OWNER, name="%(class)s_owner_check")]

    @property
    def owner_kind(self) -> OwnerKind:
        return OwnerKind.CLIENT if self.client_id else OwnerKind.USER

    @property
    def owner_id(self) -> UUID:
        owner_id = self.client_id or self.user_id
        assert owner_id is not None  # the CHECK promises it
        return owner_id


class InviteAddress(OwnedByOne):
    """Where others can invite an owner. Its mail address is made from this id and the secret key
    (`booking.inbound`), so that it is stored nowhere; a row that is gone has none any more.
    """

    class Meta(OwnedByOne.Meta):
        db_table = "invite_addresses"
        constraints = [
            *OwnedByOne.Meta.constraints,
            models.UniqueConstraint(
                fields=["client"], condition=Q(client__isnull=False), name="invite_address_client"
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"],
                condition=Q(user__isnull=False),
                name="invite_address_user",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class MeetingAnswer(UUIDModel):
    """What the booker or a guest of a meeting answered last, by the order of RFC 5546.

    `start_at` and `end_at` are the time that was answered to, empty where that is not the one the
    meeting had then, or where they were asked for another one since: an answer counts while the
    meeting stands at that time. It `is_sure` where nobody else can have written it.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices)
    meeting_id = models.UUIDField()
    email = models.CharField(max_length=320)
    is_booker = models.BooleanField()
    is_sure = models.BooleanField(default=False, db_default=False)
    answer = models.CharField(max_length=12, choices=Answer.choices)
    sequence = models.PositiveIntegerField()
    stamped_at = models.DateTimeField(help_text="When it was written, as far as believed.")
    comment = models.CharField(max_length=500, blank=True, default="")
    start_at = models.DateTimeField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    kept_at = models.DateTimeField(
        null=True, blank=True, help_text="When the meeting was kept although it was declined."
    )

    class Meta:
        db_table = "meeting_answers"
        constraints = [
            models.UniqueConstraint(fields=["meeting_id", "email"], name="meeting_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.answer} {self.stamped_at:%Y-%m-%d %H:%M}"


class OutsideInvitation(OwnedByOne):
    """An event that somebody outside organises and invited an owner to.

    `organizer` and `sender` are those of the first mail; no later one speaks for it that came from
    somebody else. `guest` is the address that was invited, which answers. Times as in the mirror:
    an instant, a zone and, all day, dates. `told_*` is the last answer that was mailed to the
    organiser, `event_*` what stands in the calendar.
    """

    uid = models.CharField(max_length=255)
    organizer = models.CharField(max_length=320)
    organizer_name = models.CharField(max_length=120, blank=True, default="")
    sender = models.CharField(max_length=320)
    guest = models.CharField(max_length=320)
    is_proven = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField()
    stamped_at = models.DateTimeField()
    title = models.CharField(max_length=300, blank=True, default="")
    location = models.CharField(max_length=300, blank=True, default="")
    description = models.TextField(blank=True, default="")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    timezone = models.CharField(max_length=64)
    start_on = models.DateField(null=True, blank=True)
    end_on = models.DateField(null=True, blank=True)
    recurrence = models.JSONField(default=list, blank=True)
    is_free = models.BooleanField(default=False)
    state = models.CharField(
        max_length=12, choices=InvitationState.choices, default=InvitationState.PENDING
    )
    asks_again = models.BooleanField(
        default=False, help_text="It was answered, and its time changed since."
    )
    answer_count = models.PositiveIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer_stamp = models.DateTimeField(
        null=True, blank=True, help_text="Orders the answers for the organiser, in whole seconds."
    )
    answered_by = models.CharField(max_length=320, blank=True, default="")
    actor_id = models.CharField(max_length=64, blank=True, default="", editable=False)
    told_count = models.PositiveIntegerField(default=0)
    event_key = models.UUIDField(null=True, blank=True, editable=False)
    calendar_id = models.UUIDField(null=True, blank=True)
    event_id = models.UUIDField(null=True, blank=True)
    event_count = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True, default="")
    received_at = models.DateTimeField()

    class Meta(OwnedByOne.Meta):
        db_table = "outside_invitations"
        constraints = [
            *OwnedByOne.Meta.constraints,
            models.UniqueConstraint(
                fields=["client", "uid", "organizer"],
                condition=Q(client__isnull=False),
                name="outside_invitation_client",
            ),
            models.UniqueConstraint(
                fields=["workspace", "user", "uid", "organizer"],
                condition=Q(user__isnull=False),
                name="outside_invitation_user",
            ),
        ]
        indexes = [models.Index(fields=["workspace", "end_at"], name="outside_invitation_end")]

    def __str__(self) -> str:
        return f"{self.title} {self.start_at:%Y-%m-%d %H:%M}"


class EarlyCancellation(OwnedByOne):
    """A cancellation that came before its invitation, which it makes void should that come yet.

    `mail_id` is the IncomingMail that people look at meanwhile.
    """

    uid = models.CharField(max_length=255)
    organizer = models.CharField(max_length=320)
    sender = models.CharField(max_length=320)
    is_proven = models.BooleanField()
    sequence = models.PositiveIntegerField()
    mail_id = models.UUIDField()
    received_at = models.DateTimeField()

    class Meta(OwnedByOne.Meta):
        db_table = "early_cancellations"
        indexes = [
            models.Index(fields=["workspace", "uid"], name="early_cancellation_uid"),
            models.Index(fields=["received_at"], name="early_cancellation_age"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.received_at:%Y-%m-%d %H:%M}"


class IncomingMail(UUIDModel):
    """That a mail came, and what became of it. `digest` makes the same one twice a single one.

    `comment` is the beginning of what a person wrote, for mails that people have to look at;
    `proposed_*` the time that a COUNTER asks for. Without a workspace it reached nobody's address.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    owner_kind = models.CharField(max_length=8, choices=OwnerKind.choices, blank=True, default="")
    owner_id = models.UUIDField(null=True, blank=True)
    meeting_id = models.UUIDField(null=True, blank=True)
    invitation_id = models.UUIDField(null=True, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    message_id = models.CharField(max_length=255, blank=True, default="")
    sender = models.CharField(max_length=320, blank=True, default="")
    subject = models.CharField(max_length=200, blank=True, default="")
    method = models.CharField(max_length=16, blank=True, default="")
    outcome = models.CharField(max_length=12, choices=MailOutcome.choices)
    reason = models.CharField(
        max_length=16, choices=MailReason.choices, blank=True, default=MailReason.NONE
    )
    words = models.CharField(max_length=300, blank=True, default="")
    comment = models.TextField(blank=True, default="")
    proposed_start_at = models.DateTimeField(null=True, blank=True)
    proposed_end_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=320, blank=True, default="")

    class Meta:
        db_table = "incoming_mails"
        indexes = [
            models.Index(fields=["workspace", "outcome", "received_at"], name="incoming_review"),
            models.Index(fields=["received_at"], name="incoming_age"),
            models.Index(fields=["meeting_id"], name="incoming_meeting"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.received_at:%Y-%m-%d %H:%M}"
