"""The conferencing app."""

from __future__ import annotations

from django.apps import AppConfig


class ConferencingConfig(AppConfig):
    name = "conferencing"
    default_auto_field = "django.db.models.BigAutoField"
