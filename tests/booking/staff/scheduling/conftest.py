"""The scheduling pages of a member and of a client, and the form of their hours."""

from __future__ import annotations

import pytest
from django.urls import reverse

from workspaces.availability import (
    WEEKDAYS,
)
from workspaces.enums import OwnerKind
from workspaces.models import Client, UserProfile

OFFICE = {
    f"{day}-{part}": value
    for day in WEEKDAYS[:5]
    for part, value in (("enabled", "1"), ("from", "09:00"), ("until", "17:00"))
}
OFF = {
    f"{day}-{part}": value
    for day in WEEKDAYS[5:]
    for part, value in (("from", "09:00"), ("until", "17:00"))
}


def hours(**changes):
    return {"zone": "Europe/Dublin", **OFFICE, **OFF, **changes}


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def address(owner, part="page"):
    names = {
        OwnerKind.CLIENT: {
            "page": "client_info", "hours": "client_hours", "calendars": "client_calendars",
            "new": "client_link_new",
        },
        OwnerKind.USER: {
            "page": "my_scheduling", "hours": "my_hours", "calendars": "my_calendars",
            "new": "my_link_new",
        },
    }  # fmt: skip
    args = [owner.id] if owner.kind == OwnerKind.CLIENT else []
    return reverse(f"booking:{names[owner.kind][part]}", args=args)


def stored(owner):
    if owner.kind == OwnerKind.CLIENT:
        row = Client.objects.get(pk=owner.id)
    else:
        row = UserProfile.objects.get(user_id=owner.id)
    return row.timezone, row.availability_settings
