"""The fixed vocabularies of a workspace."""

from __future__ import annotations

from django.db.models import TextChoices


class Tier(TextChoices):
    """A workspace's plan, from the smallest to the largest; `rank` orders them."""

    FREE = "free", "Free"
    STANDARD = "standard", "Standard"
    ADVANCED = "advanced", "Advanced"
    ENTERPRISE = "enterprise", "Enterprise"

    @property
    def rank(self) -> int:
        """0 for the smallest plan. TextChoices are strings, so `<` would compare letters."""
        return list(Tier).index(self)
