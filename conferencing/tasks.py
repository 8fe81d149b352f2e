"""What workers do for conferencing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone


@shared_task(name="conferencing.look_at_due_rooms")
def look_at_due_rooms() -> None:
    """Go on to the next time of rooms that have several."""
    from conferencing.telehealth import rooms  # noqa: PLC0415 -- leaf

    rooms.look_at_due_rooms(timezone.now())


@shared_task(name="conferencing.sweep_zoom")
def sweep_zoom() -> None:
    """Look after the Zoom meetings that are due."""
    from conferencing.services import upkeep  # noqa: PLC0415 -- leaf

    upkeep.sweep_zoom()
