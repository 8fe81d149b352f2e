"""What people set for themselves, the same in every workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from workspaces.models import UserProfile

if TYPE_CHECKING:
    from workspaces.models import User


@transaction.atomic
def change_profile(
    *,
    user: User,
    name: str,
    timezone: str,
    second_timezone: str,
    preferred_conference: str,
    single_keys: bool,
) -> None:
    """Keep name, zones (the second may be blank), preferred meeting link and the keyboard wish."""
    user.name = name
    user.save(update_fields=["name"])
    UserProfile.objects.update_or_create(
        user=user,
        defaults={
            "timezone": timezone,
            "second_timezone": second_timezone,
            "preferred_conference": preferred_conference,
            "single_keys": single_keys,
        },
    )


def change_theme(*, user: User, theme: str) -> None:
    """Keep light, dark or the system's choice."""
    UserProfile.objects.update_or_create(user=user, defaults={"theme": theme})
