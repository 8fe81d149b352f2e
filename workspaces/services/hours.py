"""When an owner can be booked: writing it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import InvalidInput
from workspaces.availability import parse_availability
from workspaces.zones import is_zone

if TYPE_CHECKING:
    from workspaces.owners import Owner


def save_hours(*, owner: Owner, zone_name: str, raw: object) -> None:
    """Keep the owner's weekly hours, special days and zone.

    `raw` is the JSON of `availability_settings`. Raises InvalidInput (InvalidAvailability with
    the path of the wrong key, or the field `timezone`); nothing is changed then.
    """
    availability = parse_availability(raw)
    if not is_zone(zone_name):
        raise InvalidInput("timezone", "Choose a time zone from the list, such as Europe/Dublin.")
    owner.save_hours(zone_name=zone_name, availability=availability)
