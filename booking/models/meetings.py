"""Meetings of both modes, and the people who booked them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from booking.enums import TAKES_TIME, Clash, MeetingState, Party
from calendars.enums import ConferenceState
from common.fields import UUIDModel
from conferencing.enums import Conference, LinkFailure
from workspaces.zones import validate_zone


class PersonBase(UUIDModel):
    """A booker's record. What an unverified booker typed never edits it."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=320)
    phone = models.CharField(max_length=40, blank=True, default="")
    timezone = models.CharField(max_length=64, blank=True, default="")
    language = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Contact(PersonBase):
    """Somebody who booked with a client (client mode)."""

    client = models.ForeignKey(
        "workspaces.Client", on_delete=models.CASCADE, related_name="contacts"
    )

    class Meta(PersonBase.Meta):
        db_table = "contacts"
        constraints = [models.UniqueConstraint("client", Lower("email"), name="contact_email_once")]


class SalesProspect(PersonBase):
    """Somebody who booked with one of the workspace's own users (internal mode)."""

    class Meta(PersonBase.Meta):
        db_table = "sales_prospects"
        constraints = [
            models.UniqueConstraint("workspace", Lower("email"), name="sales_prospect_email_once")
        ]


class MeetingBase(UUIDModel):
    """What both kinds of meeting share.

    `booker_*` and `answers` are what the booker typed for this meeting. `uid` and `sequence` are
    those of the ICS. `calendar_event_id` is our id of the event on the owner's calendar. `receipt`
    is the evidence of the decision: calendars consulted, how fresh, the rules, zone data version.
    `submit_key` makes the same form sent twice one meeting. A meeting whose booker was erased has
    neither contact nor prospect. Meetings of one `group_id` share
    their hold and their event; `seat` counts from one, and `inherited_sequence` is what those who
    went elsewhere had counted in the slot's own SEQUENCE.

    `clash` is what the calendar says against it since, until that is settled there or here.

    `event_key` is what the event was wished for with (blank: the meeting's own id), another one
    for each calendar that the meeting was given to; while `event_is_due` a change of ours is on
    its way to that event. `told` keeps what each reader of our mails knows: see
    `booking.services.telling`. `look_at` is when to look whether a reminder or a follow-up is due,
    blank when none is to come: see `booking.services.reminding`.
    """

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+"
    )
    link = models.ForeignKey(
        "booking.BookingLink", null=True, on_delete=models.SET_NULL, related_name="+"
    )
    title = models.CharField(max_length=200)
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    state = models.CharField(
        max_length=12, choices=MeetingState.choices, default=MeetingState.CONFIRMED
    )
    booker_name = models.CharField(max_length=120)
    booker_email = models.EmailField(max_length=320)
    booker_phone = models.CharField(max_length=40, blank=True, default="")
    booker_timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    booker_language = models.CharField(max_length=16, blank=True, default="en")
    answers = models.JSONField(default=list)
    guests = models.JSONField(default=list)
    message = models.TextField(blank=True, default="")
    uid = models.CharField(max_length=255, unique=True)
    sequence = models.PositiveIntegerField(default=0)
    hold = models.ForeignKey(
        "calendars.Hold", null=True, blank=True, on_delete=models.RESTRICT, related_name="+"
    )
    group_id = models.UUIDField(
        null=True, blank=True, help_text="The slot it shares with others' meetings."
    )
    seat = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Which of the shared slot's seats it takes."
    )
    inherited_sequence = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    location = models.CharField(max_length=300, blank=True, default="")
    calendar_id = models.UUIDField(null=True, blank=True)
    calendar_event_id = models.UUIDField(null=True, blank=True)
    event_key = models.UUIDField(null=True, blank=True, editable=False)
    event_is_due = models.BooleanField(default=False, editable=False)
    wanted_conference = models.CharField(
        max_length=8,
        choices=Conference.choices,
        blank=True,
        default="",
        help_text="Blank: what its link wants.",
    )
    room_id = models.UUIDField(
        null=True, blank=True, help_text="Its telehealth room, whose link comes first."
    )
    conference = models.CharField(max_length=8, blank=True, default="")
    conference_state = models.CharField(
        max_length=8, choices=ConferenceState.choices, blank=True, default=ConferenceState.NONE
    )
    conference_url = models.CharField(max_length=2000, blank=True, default="")
    conference_note = models.CharField(max_length=300, blank=True, default="")
    conference_failure = models.CharField(
        max_length=12, choices=LinkFailure.choices, blank=True, default=LinkFailure.NONE
    )
    conference_since_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when its link is in this state."
    )
    conference_tries = models.PositiveSmallIntegerField(
        default=0, help_text="How often the link was asked for."
    )
    confirmation_sent_at = models.DateTimeField(null=True, blank=True)
    notice_sent_at = models.DateTimeField(null=True, blank=True)
    told = models.JSONField(default=dict, blank=True, editable=False)
    look_at = models.DateTimeField(default=timezone.now, null=True, blank=True, editable=False)
    cancelled_by = models.CharField(max_length=8, choices=Party.choices, blank=True, default="")
    cancel_reason = models.CharField(max_length=300, blank=True, default="")
    manage_token_hash = models.CharField(max_length=64, unique=True, editable=False)
    submit_key = models.CharField(max_length=64, unique=True, editable=False)
    receipt = models.JSONField(default=dict)
    clash = models.CharField(max_length=8, choices=Clash.choices, blank=True, default=Clash.NONE)
    clash_event_id = models.UUIDField(null=True, blank=True, help_text="The event in its way.")
    clash_at = models.DateTimeField(null=True, blank=True, help_text="When that was found.")
    erased_at = models.DateTimeField(
        null=True, blank=True, help_text="Its booker was erased: it keeps its time, no person."
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="%(class)s_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=TAKES_TIME) | Q(hold__isnull=False),
                name="%(class)s_has_hold",
            ),
            # Seats are counted under the owner's lock; this is the net: no seat is taken twice.
            models.UniqueConstraint(fields=["hold", "seat"], name="%(class)s_seat_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "start_at"], name="%(class)s_ws_start"),
            models.Index(fields=["link", "start_at"], name="%(class)s_link_start"),
            models.Index(fields=["calendar_event_id"], name="%(class)s_event"),
            models.Index(fields=["group_id"], name="%(class)s_group"),
            models.Index(
                fields=["look_at"], condition=Q(look_at__isnull=False), name="%(class)s_look"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.start_at:%Y-%m-%d %H:%M}"


def _of_owner(owner: str, name: str) -> list[models.Index]:
    """By which slots find an owner's own events: those to come, and those yet to follow."""
    return [
        models.Index(fields=[owner, "end_at"], name=f"{name}_owner_end"),
        models.Index(fields=[owner], condition=Q(event_is_due=True), name=f"{name}_owner_due"),
    ]


class Meeting(MeetingBase):
    """A meeting with a client (client mode)."""

    client = models.ForeignKey(
        "workspaces.Client", on_delete=models.CASCADE, related_name="meetings"
    )
    contact = models.ForeignKey(
        Contact, null=True, on_delete=models.RESTRICT, related_name="meetings"
    )

    class Meta(MeetingBase.Meta):
        db_table = "meetings"
        indexes = [*MeetingBase.Meta.indexes, *_of_owner("client", "meeting")]


class SalesMeeting(MeetingBase):
    """A meeting with one of the workspace's own users (internal mode)."""

    user = models.ForeignKey(
        "workspaces.User", on_delete=models.CASCADE, related_name="sales_meetings"
    )
    prospect = models.ForeignKey(
        SalesProspect, null=True, on_delete=models.RESTRICT, related_name="meetings"
    )

    class Meta(MeetingBase.Meta):
        db_table = "sales_meetings"
        indexes = [*MeetingBase.Meta.indexes, *_of_owner("user", "salesmeeting")]
