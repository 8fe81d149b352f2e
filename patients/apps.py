"""The patients app."""

from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from conferencing import beyond  # noqa: PLC0415 -- app registry
        from patients.beyond import kept_patients  # noqa: PLC0415 -- app registry

        beyond.register("patients", kept_patients)
