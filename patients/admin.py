"""The operators' view of patients; wherever another row names one, it is by initials."""

from __future__ import annotations

from django.contrib import admin

from common.admin import AnyModelAdmin, ReadOnlyAdmin
from patients.models import Authorization, Discipline, Patient, PatientSession, Practitioner


class KeptByHandAdmin(AnyModelAdmin):
    """Tables that no service writes yet: an operator keeps them."""

    list_per_page = 50
    show_full_result_count = False


@admin.register(Discipline)
class DisciplineAdmin(KeptByHandAdmin):
    list_display = ("name", "workspace")
    list_select_related = ("workspace",)
    search_fields = ("name",)
    autocomplete_fields = ("workspace",)


@admin.register(Practitioner)
class PractitionerAdmin(KeptByHandAdmin):
    list_display = ("membership", "weekly_minutes")
    list_select_related = ("membership__user", "membership__workspace")
    raw_id_fields = ("membership",)
    filter_horizontal = ("disciplines",)


@admin.register(Patient)
class PatientAdmin(KeptByHandAdmin):
    list_display = ("initials", "workspace", "language", "timezone")
    list_select_related = ("workspace",)
    search_fields = ("given_name", "family_name", "=id")
    raw_id_fields = ("workspace", "client")


@admin.register(Authorization)
class AuthorizationAdmin(KeptByHandAdmin):
    list_display = ("patient", "discipline", "units", "valid_from_on", "valid_until_on")
    list_select_related = ("patient", "discipline")
    raw_id_fields = ("patient", "discipline")


@admin.register(PatientSession)
class PatientSessionAdmin(ReadOnlyAdmin):
    list_display = ("start_at", "patient", "practitioner", "state", "workspace")
    list_filter = ("state",)
    list_select_related = (
        "patient", "practitioner__membership__user", "practitioner__membership__workspace",
        "workspace",
    )  # fmt: skip
    ordering = ("-start_at",)
