"""Booking links: made, changed, paused, deleted; every rule about one is checked here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from booking.enums import RESERVED_SLUGS, DegradedMode
from booking.models import BookingLink
from booking.plain import CONTROLS, plain_text
from booking.questions import parse_questions
from calendars.enums import Hue
from calendars.hosts import route as route_on
from calendars.owners import booking_calendar_of
from common.errors import InvalidInput
from conferencing.enums import Conference
from conferencing.routing import RouteRefusal, check_plan
from workspaces.availability import InvalidAvailability, parse_availability

if TYPE_CHECKING:
    from collections.abc import Collection

    from workspaces.owners import Owner

MAX_DURATIONS = 6
MINUTES_A_DAY = 24 * 60
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class LinkData:
    """What a person says about a link. Lengths are minutes; the first duration is the default.

    `availability_settings` None means the owner's own hours.
    """

    title: str
    slug: str
    durations: tuple[int, ...] = (30,)
    description: str = ""
    step_minutes: int = 15
    buffer_before_minutes: int = 0
    buffer_after_minutes: int = 0
    notice_minutes: int = 240
    horizon_days: int = 60
    max_per_day: int | None = None
    max_per_week: int | None = None
    conference: str = Conference.AUTO
    location: str = ""
    degraded_mode: str = DegradedMode.REFUSE
    requires_approval: bool = False
    questions: tuple[dict[str, Any], ...] = ()
    availability_settings: dict[str, Any] | None = None
    hue: str = Hue.TIDE


def save_link(*, owner: Owner, link: BookingLink | None, data: LinkData) -> BookingLink:
    """Make the owner's new link, or change theirs. Raises InvalidInput naming the field."""
    values = _checked(data)
    _refuse_conference(owner, link, values["conference"])
    _refuse_taken(values["slug"], link)
    saved = link or BookingLink(workspace=owner.workspace, **{f"{owner.kind.value}_id": owner.id})
    for name, value in values.items():
        setattr(saved, name, value)
    try:
        with transaction.atomic():
            saved.save()
    except IntegrityError as error:
        # Two people can ask for one address at the same moment; the constraint decides.
        raise _taken() from error
    return saved


def set_active(*, link: BookingLink, is_active: bool) -> None:
    """Open or pause the link. A paused one answers as if it did not exist."""
    link.is_active = is_active
    link.save(update_fields=["is_active", "updated_at"])


def delete_link(*, link: BookingLink) -> None:
    """Delete the link; its meetings stay."""
    link.delete()


def suggest_slug(words: str) -> str:
    """A free address made of the words, for the form's first showing."""
    stem = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:50].strip("-")
    if len(stem) < 2 or stem in RESERVED_SLUGS:
        stem = f"{stem}-call".strip("-")
    taken = set(
        BookingLink.objects.alias(folded=Lower("slug"))
        .filter(folded__startswith=stem)
        .values_list("slug", flat=True)
    )
    taken = {slug.lower() for slug in taken}
    number = 1
    slug = stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


def conference_refusals(owner: Owner) -> dict[str, RouteRefusal]:
    """The meeting links that the owner's plan or booking calendar cannot make today, and why."""
    refused: dict[str, RouteRefusal] = {}
    calendar = booking_calendar_of(owner)
    for wanted in Conference:
        try:
            if calendar is None:
                check_plan(wanted, owner.workspace.tier)
            else:
                route_on(calendar, wanted)
        except RouteRefusal as refusal:
            refused[wanted.value] = refusal
    return refused


def usual_conference(owner: Owner) -> Conference:
    """What a new link starts with: the first that can be made."""
    refused = conference_refusals(owner)
    wishes = (Conference.AUTO, Conference.MEET, Conference.TEAMS)
    return next((wish for wish in wishes if wish.value not in refused), Conference.NONE)


def _refuse_conference(owner: Owner, link: BookingLink | None, wanted: str) -> None:
    """What guests are promised has to be possible; what a link has already may stay."""
    if link is not None and link.conference == wanted:
        return
    if refusal := conference_refusals(owner).get(wanted):
        raise InvalidInput("conference", refusal.message)


def _checked(data: LinkData) -> dict[str, Any]:
    values: dict[str, Any] = {
        "title": _line(data.title, "title", 120, needed="Name the link, for example Intro call."),
        "slug": _slug(data.slug),
        "description": plain_text(data.description, "description", 2000),
        "durations": _durations(data.durations),
        "location": _line(data.location, "location", 300),
        "conference": _one_of(data.conference, Conference.values, "conference"),
        "degraded_mode": _one_of(data.degraded_mode, DegradedMode.values, "degraded_mode"),
        "hue": _one_of(data.hue, Hue.values, "hue"),
        "questions": [question.to_json() for question in parse_questions(list(data.questions))],
        "availability_settings": _hours(data.availability_settings),
        "requires_approval": data.requires_approval,
    }
    for name, least, most in (
        ("step_minutes", 5, MINUTES_A_DAY),
        ("buffer_before_minutes", 0, MINUTES_A_DAY),
        ("buffer_after_minutes", 0, MINUTES_A_DAY),
        ("notice_minutes", 0, 365 * MINUTES_A_DAY),
        ("horizon_days", 1, 365),
    ):
        values[name] = _number(getattr(data, name), name, least, most)
    for name in ("max_per_day", "max_per_week"):
        limit = getattr(data, name)
        values[name] = None if limit is None else _number(limit, name, 1, 1000)
    return values


def _slug(raw: str) -> str:
    slug = raw.strip().lower()
    if not _SLUG.fullmatch(slug):
        raise InvalidInput(
            "slug", "Use 2 to 60 small letters, digits and hyphens, for example intro-call."
        )
    if slug in RESERVED_SLUGS:
        raise InvalidInput("slug", "This address is reserved. Choose another.")
    return slug


def _refuse_taken(slug: str, link: BookingLink | None) -> None:
    rivals = BookingLink.objects.alias(folded=Lower("slug")).filter(folded=slug)
    if link is not None:
        rivals = rivals.exclude(pk=link.pk)
    if rivals.exists():
        raise _taken()


def _taken() -> InvalidInput:
    return InvalidInput("slug", "This address is taken. Choose another.")


def _durations(raw: tuple[int, ...]) -> list[int]:
    durations = [_number(minutes, "durations", 5, MINUTES_A_DAY) for minutes in raw]
    if not 1 <= len(durations) <= MAX_DURATIONS or len(set(durations)) != len(durations):
        raise InvalidInput("durations", f"Give 1 to {MAX_DURATIONS} different lengths in minutes.")
    return durations


def _hours(raw: dict[str, Any] | None) -> dict[str, object] | None:
    if raw is None:
        return None
    try:
        return parse_availability(raw).to_json()
    except InvalidAvailability as error:
        raise InvalidInput(f"availability_settings.{error.path}", error.message) from error


def _line(raw: str, field: str, most: int, *, needed: str = "") -> str:
    line = " ".join(raw.split())
    if needed and not line:
        raise InvalidInput(field, needed)
    if len(line) > most:
        raise InvalidInput(field, f"Use at most {most} characters.")
    if CONTROLS.search(line):
        raise InvalidInput(field, "Use one line of plain text.")
    return line


def _number(raw: object, field: str, least: int, most: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise InvalidInput(field, f"Give a whole number from {least} to {most}.")
    return raw


def _one_of(raw: str, allowed: Collection[str], field: str) -> str:
    if raw not in allowed:
        raise InvalidInput(field, f"Choose one of: {', '.join(map(str, allowed))}.")
    return str(raw)
