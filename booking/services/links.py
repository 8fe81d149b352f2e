"""Booking links: made, changed, paused, deleted; every rule about one is checked here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils import timezone

from booking.ahead import LEAST_MINUTES, MOST_MINUTES, MOST_REMINDERS
from booking.enums import DegradedMode, OnDecline
from booking.models import BookingLink
from booking.models.links import MAX_SEATS
from booking.own_text import check_text
from booking.plain import CONTROLS, plain_text
from booking.questions import parse_questions
from booking.services import names, reminding
from booking.slugs import clean_slug
from calendars.enums import Hue
from calendars.hosts import route as route_on
from calendars.owners import booking_calendar_of
from common.errors import InvalidInput
from conferencing.enums import Conference
from conferencing.routing import RouteRefusal, check_plan
from workspaces.availability import InvalidAvailability, parse_availability

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from workspaces.owners import Owner

MAX_DURATIONS = 6
MINUTES_A_DAY = 24 * 60
_is_web_address = URLValidator(schemes=["https"])


@dataclass(frozen=True, slots=True)
class LinkData:
    """What a person says about a link. Lengths are minutes; the first duration is the default.

    `availability_settings` None means the owner's own hours. `ends_on` is the last day that can
    be booked, by the owner's clock. `seats` above one lets as many bookers share a slot.
    `reminders` are minutes before the start; a follow-up is sent if it has a text.
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
    on_decline: str = OnDecline.FLAG
    requires_approval: bool = False
    questions: tuple[dict[str, Any], ...] = ()
    availability_settings: dict[str, Any] | None = None
    hue: str = Hue.TIDE
    seats: int = 1
    ends_on: date | None = None
    is_private: bool = False
    is_one_time: bool = False
    shows_seats_left: bool = True
    allows_guests: bool = True
    redirect_url: str = ""
    verifies_email: bool = False
    reminders: tuple[int, ...] = (MINUTES_A_DAY,)
    reminders_to_owner: bool = False
    follow_up_text: str = ""
    follow_up_minutes: int = 60


def save_link(*, owner: Owner, link: BookingLink | None, data: LinkData) -> BookingLink:
    """Make the owner's new link, or change theirs. Raises InvalidInput naming the field.

    An address that is given up leads to the new one until somebody takes it. Meetings that are
    booked already follow the link's reminders and follow-up as they are from here on.
    """
    values = _checked(data)
    _refuse_conference(owner, link, values["conference"])
    if (link is None or link.slug != values["slug"]) and names.is_taken(values["slug"], link=link):
        raise names.taken()
    saved = link or BookingLink(workspace=owner.workspace, **{f"{owner.kind.value}_id": owner.id})
    had = _mailed(saved)
    for name, value in values.items():
        setattr(saved, name, value)
    is_set_anew = link is not None and _mailed(saved) != had
    if is_set_anew:
        saved.mails_set_at = timezone.now()
    try:
        with transaction.atomic():
            saved.save()
            names.name_link(saved)
            if is_set_anew:
                reminding.follow_link(saved, now=timezone.now())
    except IntegrityError as error:
        # Two people can ask for one address at the same moment; the constraint decides.
        raise names.taken() from error
    return saved


def duplicate_link(*, link: BookingLink) -> BookingLink:
    """A paused copy of the link under an address of its own, for its owner to go on with."""
    kept = {
        column.attname: getattr(link, column.attname)
        for column in BookingLink._meta.concrete_fields
        if column.name not in {"id", "created_at", "updated_at"}
    }
    copy = BookingLink(**kept)
    copy.title = f"{link.title[:110]} (copy)"
    copy.slug = names.suggest_slug(f"{link.slug[:50]}-copy")
    copy.is_active = False
    with transaction.atomic():
        copy.save()
        names.name_link(copy)
    return copy


def set_hours(*, link: BookingLink, raw: dict[str, object] | None) -> None:
    """Give the link hours of its own, in the owner's zone; None for the owner's.

    Raises InvalidInput naming the path of the wrong key.
    """
    link.availability_settings = _hours(raw)
    link.save(update_fields=["availability_settings", "updated_at"])


def set_active(*, link: BookingLink, is_active: bool) -> None:
    """Open or pause the link. A paused one answers as if it did not exist."""
    link.is_active = is_active
    link.save(update_fields=["is_active", "updated_at"])


def delete_link(*, link: BookingLink) -> None:
    """Delete the link; its meetings stay."""
    link.delete()


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


def _mailed(link: BookingLink) -> tuple[list[int], int | None]:
    """What decides when something is mailed."""
    return link.reminders, link.follow_up_minutes if link.follow_up_text else None


def _checked(data: LinkData) -> dict[str, Any]:
    values: dict[str, Any] = {
        "title": _line(data.title, "title", 120, needed="Name the link, for example Intro call."),
        "slug": clean_slug(data.slug),
        "description": plain_text(data.description, "description", 2000),
        "durations": _durations(data.durations),
        "location": _line(data.location, "location", 300),
        "conference": _one_of(data.conference, Conference.values, "conference"),
        "degraded_mode": _one_of(data.degraded_mode, DegradedMode.values, "degraded_mode"),
        "on_decline": _one_of(data.on_decline, OnDecline.values, "on_decline"),
        "hue": _one_of(data.hue, Hue.values, "hue"),
        "questions": [question.to_json() for question in parse_questions(list(data.questions))],
        "availability_settings": _hours(data.availability_settings),
        "requires_approval": data.requires_approval,
        "ends_on": data.ends_on,
        "is_private": data.is_private,
        "is_one_time": data.is_one_time,
        "shows_seats_left": data.shows_seats_left,
        "allows_guests": data.allows_guests,
        "verifies_email": data.verifies_email,
        "redirect_url": _redirect(data.redirect_url),
        "seats": _number(data.seats, "seats", 1, MAX_SEATS),
        "reminders": _reminders(data.reminders),
        "reminders_to_owner": data.reminders_to_owner,
        "follow_up_text": check_text(data.follow_up_text, "follow_up_text", 2000),
    }
    if data.is_one_time and values["seats"] > 1:
        raise InvalidInput("seats", "A one-time link takes one booking. Leave one seat.")
    for name, least, most in (
        ("step_minutes", 5, MINUTES_A_DAY),
        ("buffer_before_minutes", 0, MINUTES_A_DAY),
        ("buffer_after_minutes", 0, MINUTES_A_DAY),
        ("notice_minutes", 0, 365 * MINUTES_A_DAY),
        ("horizon_days", 1, 365),
        ("follow_up_minutes", LEAST_MINUTES, MOST_MINUTES),
    ):
        values[name] = _number(getattr(data, name), name, least, most)
    for name in ("max_per_day", "max_per_week"):
        limit = getattr(data, name)
        values[name] = None if limit is None else _number(limit, name, 1, 1000)
    return values


def _durations(raw: tuple[int, ...]) -> list[int]:
    durations = [_number(minutes, "durations", 5, MINUTES_A_DAY) for minutes in raw]
    if not 1 <= len(durations) <= MAX_DURATIONS or len(set(durations)) != len(durations):
        raise InvalidInput("durations", f"Give 1 to {MAX_DURATIONS} different lengths in minutes.")
    return durations


def _reminders(raw: tuple[int, ...]) -> list[int]:
    found = {_number(minutes, "reminders", LEAST_MINUTES, MOST_MINUTES) for minutes in raw}
    if len(found) > MOST_REMINDERS:
        raise InvalidInput("reminders", f"Choose at most {MOST_REMINDERS} reminders.")
    return sorted(found, reverse=True)


def _hours(raw: dict[str, Any] | None) -> dict[str, object] | None:
    if raw is None:
        return None
    try:
        return parse_availability(raw).to_json()
    except InvalidAvailability as error:
        raise InvalidInput(f"availability_settings.{error.path}", error.message) from error


def _redirect(raw: str) -> str:
    """Where the booker is sent on afterwards: a whole https address that names its host plainly."""
    url = raw.strip()
    if not url:
        return ""
    try:
        _is_web_address(url)
        parts = urlsplit(url)
        is_plain = not (parts.username or parts.password) and url.isascii() and "\\" not in url
    except (ValidationError, ValueError):
        is_plain = False
    if not is_plain or len(url) > 500:
        raise InvalidInput(
            "redirect_url", "Give a whole address that begins with https://, without a password."
        )
    return url


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
