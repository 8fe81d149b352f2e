"""Patients, what they are authorised for, who can see them, and their sessions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from common.fields import UUIDModel
from patients.enums import TAKES_TIME, SessionState
from workspaces.zones import validate_zone


class Discipline(UUIDModel):
    """A kind of care a workspace gives, for example speech therapy."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="disciplines"
    )
    name = models.CharField(max_length=80)

    class Meta:
        db_table = "disciplines"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="discipline_once")
        ]

    def __str__(self) -> str:
        return self.name


class Practitioner(UUIDModel):
    """A member who sees patients."""

    membership = models.OneToOneField(
        "workspaces.Membership", on_delete=models.CASCADE, related_name="practitioner"
    )
    disciplines = models.ManyToManyField(Discipline, related_name="practitioners")
    languages = models.JSONField(default=list, help_text="BCP 47 tags, best first.")
    weekly_minutes = models.PositiveIntegerField(default=0, help_text="0 means no limit.")

    class Meta:
        db_table = "practitioners"

    def __str__(self) -> str:
        return str(self.membership)


class Patient(UUIDModel):
    """A person in care."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="patients"
    )
    client = models.ForeignKey(
        "workspaces.Client",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="patients",
    )
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    email = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=16, blank=True, default="")
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])

    class Meta:
        db_table = "patients"

    def __str__(self) -> str:
        return self.initials

    @property
    def initials(self) -> str:
        """What may be shown outside the house."""
        return f"{self.given_name[:1]}.{self.family_name[:1]}."


class Authorization(UUIDModel):
    """A number of units of one discipline that may be used in a period."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="authorizations")
    discipline = models.ForeignKey(Discipline, on_delete=models.RESTRICT, related_name="+")
    units = models.PositiveIntegerField()
    unit_minutes = models.PositiveIntegerField()
    valid_from_on = models.DateField()
    valid_until_on = models.DateField()

    class Meta:
        db_table = "authorizations"
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until_on__gte=F("valid_from_on")), name="authorization_period"
            ),
            models.CheckConstraint(condition=Q(unit_minutes__gt=0), name="authorization_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.units} units until {self.valid_until_on}"


class PatientSession(UUIDModel):
    """One appointment of a patient with a practitioner. It takes time, so it has a hold."""

    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="patient_sessions"
    )
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="sessions")
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.RESTRICT, related_name="sessions"
    )
    authorization = models.ForeignKey(
        Authorization, null=True, blank=True, on_delete=models.RESTRICT, related_name="sessions"
    )
    series_id = models.UUIDField(null=True, blank=True)
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    units = models.PositiveIntegerField(default=1)
    state = models.CharField(
        max_length=12, choices=SessionState.choices, default=SessionState.PLANNED
    )
    hold = models.ForeignKey(
        "calendars.Hold", null=True, blank=True, on_delete=models.RESTRICT, related_name="+"
    )
    calendar_event_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "patient_sessions"
        constraints = [
            models.CheckConstraint(
                condition=Q(end_at__gt=F("start_at")), name="patient_session_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=TAKES_TIME) | Q(hold__isnull=False),
                name="patient_session_has_hold",
            ),
        ]
        indexes = [models.Index(fields=["patient", "start_at"], name="patient_session_start")]

    def __str__(self) -> str:
        return f"{self.patient} {self.start_at:%Y-%m-%d %H:%M}"
