"""Books one meeting after the other, as web processes do, until all are booked.

    python -m tests.chaos.booker COUNT SECONDS SLUG...

Killed and started again it goes on: what is booked already answers with the same meeting.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta

A_DAY = 8


def start_of(number, links):
    """Half hours of the coming weekdays, each link in its turn."""
    day, place = divmod(number // links, A_DAY)
    at = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0)
    for _ in range(day + 1):
        at += timedelta(days=1)
        while at.weekday() > 4:
            at += timedelta(days=1)
    return at + place * timedelta(minutes=30)


def book(number, links):
    from django.utils import timezone

    from audit.actors import Actor
    from audit.enums import ActorKind
    from booking.booker import Booker
    from booking.services.meetings import book_meeting

    link = links[number % len(links)]
    book_meeting(
        link=link,
        start=start_of(number, len(links)),
        duration=timedelta(minutes=30),
        booker=Booker(
            name=f"Guest {number}", email=f"guest{number}@visitor.example", timezone="UTC"
        ),
        submit_key=f"chaos-{number}",
        now=timezone.now(),
        actor=Actor(kind=ActorKind.PUBLIC_LINK, id=str(link.pk)),
    )


def main(count, seconds, slugs):
    from booking.models import BookingLink, Meeting
    from common.errors import DomainError

    links = [BookingLink.objects.select_related("workspace").get(slug=slug) for slug in slugs]
    done = {
        int(key.rpartition("-")[2]) for key in Meeting.objects.values_list("submit_key", flat=True)
    }
    for number in sorted(set(range(count)) - done):
        began = time.monotonic()
        while True:
            try:
                book(number, links)
                break
            except DomainError as refusal:
                # The calendar could not be read at this moment: a person would try again.
                print(number, type(refusal).__name__, refusal, flush=True)
                time.sleep(0.3)
        time.sleep(max(0.0, seconds / count - (time.monotonic() - began)))


if __name__ == "__main__":
    import django

    assert os.environ["DJANGO_SETTINGS_MODULE"] == "tests.chaos.settings"
    django.setup()
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
