"""What every mail about a meeting is made of: its reader, its facts, its headers.

Whatever a booker or a link says is treated as hostile: headers are one line, HTML is escaped by
the templates, and what was typed stands quoted in the plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking import wording
from booking.joining import first_link, other_link, unlinked_words
from booking.languages import ENGLISH
from booking.own_text import as_html, as_plain
from booking.owners import public_name
from booking.plain import CONTROLS
from booking.services.mail_texts import sender_of, words_of
from common.mail_form import Letter, named
from conferencing.enums import Conference, LinkKind

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from booking.enums import TextKind
    from booking.models import MeetingBase
    from booking.services.mail_texts import Sender
    from workspaces.owners import Owner

PRODUCT: Final = "Meridian"
Fact = tuple[str, str, str]
# All but those that French sets before a colon.
_BLANKS: Final = re.compile(r"[^\S\u00a0\u202f]+")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a mail is for and how they see times; and how the other side does."""

    email: str
    zone: ZoneInfo
    other_name: str
    other_zone: ZoneInfo


def meeting_words(meeting: MeetingBase, owner: Owner) -> str:
    """Intro call with Amara Okafor."""
    return _("%(title)s with %(name)s") % {"title": meeting.title, "name": public_name(owner)}


def conference_label(conference: str) -> str:
    """Google Meet, Microsoft Teams, Zoom; blank when there is none."""
    known = {choice.value: str(choice.label) for choice in Conference}
    return known.get(conference, "") if conference not in {"", Conference.NONE.value} else ""


def compose(
    template: str,
    context: dict[str, Any],
    reader: Reader,
    *,
    reply_to: str,
    house: Sender | None = None,
) -> Letter:
    """The mail of that template; one to bookers bears the name and signature of the `house`."""
    _name, sender = parseaddr(settings.MAIL_FROM)
    stem = f"booking/mail/{template}"
    if house is not None:
        context = {
            **context,
            "from_name": house.name,
            "signature": as_plain(house.signature, {}),
            "signature_html": as_html(house.signature, {}),
        }
    name = (house.name if house else "") or context["sender_name"]
    via = name if name == PRODUCT else _("%(name)s via Meridian") % {"name": name}
    message = Letter(
        subject=context["subject"],
        body=render_to_string(f"{stem}.txt", context),
        from_email=named(header(via), sender),
        to=[reader.email],
        reply_to=[reply_to] if reply_to else None,
    )
    message.attach_alternative(render_to_string(f"{stem}.html", context), "text/html")
    return message


def common_context(
    meeting: MeetingBase, owner: Owner, reader: Reader, subject: str, facts: list[Fact]
) -> dict[str, Any]:
    first_day = meeting.start_at.astimezone(reader.zone).date()
    elsewhere = wording.elsewhere(
        meeting.start_at, reader.zone, reader.other_name, reader.other_zone
    )
    return {
        "meeting": meeting,
        "subject": header(subject),
        "sender_name": public_name(owner),
        "reader_email": reader.email,
        "date_text": wording.long_day(first_day, year=True),
        "time_text": wording.clock_range(meeting.start_at, meeting.end_at, reader.zone),
        "zone_text": f"{wording.zone_words(reader.zone, meeting.start_at)}. {elsewhere}".strip(),
        "facts": facts,
    }


def house_of(meeting: MeetingBase) -> Sender:
    """Name and signature of the workspace's mails to bookers."""
    return sender_of(meeting.workspace_id)


def own_words(
    meeting: MeetingBase, kind: TextKind | None, name: str, zone: ZoneInfo, owner: Owner
) -> dict[str, Any]:
    """What of a mail the workspace words itself, in the language spoken now; `name` is how it
    calls its reader.
    """
    if kind is None:
        return {}
    words = words_of(meeting.workspace_id, kind)
    values = values_of(meeting, name, zone, owner)
    found: dict[str, Any] = {}
    # A placeholder may stand for nothing, and a mail without a subject looks like spam.
    if subject := header(as_plain(words.subject, values)):
        found["subject"] = subject
    if words.opening:
        found["opening"] = as_plain(words.opening, values)
        found["opening_html"] = as_html(words.opening, values)
    return found


def values_of(meeting: MeetingBase, name: str, zone: ZoneInfo, owner: Owner) -> dict[str, str]:
    """What the placeholders of people's own texts stand for, to this reader; each one line."""
    day = meeting.start_at.astimezone(zone).date()
    values = {
        "name": name,
        "host": public_name(owner),
        "workspace": meeting.workspace.name,
        "title": meeting.title,
        "date": wording.long_day(day, year=True),
        "time": wording.clock_range(meeting.start_at, meeting.end_at, zone),
        "zone": wording.zone_words(zone, meeting.start_at),
        "length": wording.minutes_words(meeting.end_at - meeting.start_at),
    }
    return {name: header(value) for name, value in values.items()}


def who_fact(meeting: MeetingBase) -> Fact:
    return _("Who"), f"{meeting.booker_name}, {meeting.booker_email}", ""


def guests_facts(meeting: MeetingBase) -> list[Fact]:
    """Who comes along, by name where they gave one; none where the booker comes alone."""
    names = [guest.get("name") or guest["email"] for guest in meeting.guests]
    return [(_("Guests"), ", ".join(names), "")] if names else []


def what_fact(meeting: MeetingBase, owner: Owner) -> Fact:
    length = wording.minutes_words(meeting.end_at - meeting.start_at)
    return _("What"), f"{meeting_words(meeting, owner)}, {length}", ""


def length_fact(meeting: MeetingBase) -> Fact:
    length = wording.minutes_words(meeting.end_at - meeting.start_at)
    return _("What"), f"{meeting.title}, {length}", ""


def way_in(meeting: MeetingBase, kind: LinkKind) -> dict[str, Any]:
    """The button of the mail."""
    label = "" if meeting.room_id else conference_label(meeting.conference)
    return {
        "action_url": first_link(meeting, kind),
        "action_label": _("Join %(place)s") % {"place": label} if label else _("Join the meeting"),
    }


def where_facts(meeting: MeetingBase, kind: LinkKind) -> list[Fact]:
    """The link to join by, and what to do when that does not open."""
    link, other = first_link(meeting, kind), other_link(meeting)
    if link:
        room = _("Video room of %(workspace_name)s") % {"workspace_name": meeting.workspace.name}
        found: list[Fact] = [(_("Where"), room if meeting.room_id else _shown(link), link)]
        called = conference_label(meeting.conference) or _shown(other)
        return [*found, (_("If that does not open"), called, other)] if other else found
    words = unlinked_words(meeting) or meeting.location
    return [(_("Where"), words, "")] if words else []


def _shown(url: str) -> str:
    return url.removeprefix("https://")


def typed_facts(meeting: MeetingBase, label: str) -> list[Fact]:
    facts = [
        (_("Answer"), f"{answer['label']} {quoted(answer['answer'])}", "")
        for answer in meeting.answers
    ]
    if meeting.message:
        facts.append((label, quoted(meeting.message), ""))
    return facts


def quoted(text: str) -> str:
    """What somebody typed, in the marks of the reader's language."""
    return _("“%(text)s”") % {"text": text}


def when_and_place(meeting: MeetingBase, zone: ZoneInfo) -> str:
    day = wording.short_day(meeting.start_at.astimezone(zone).date())
    return f"{day}, {wording.clock(meeting.start_at, zone)} {wording.place(zone)}"


def stamp(at: datetime, zone: ZoneInfo) -> str:
    day = wording.long_day(at.astimezone(zone).date())
    words = {"day": day, "time": wording.clock(at, zone), "place": wording.place(zone)}
    return _("%(day)s at %(time)s, %(place)s") % words


def reason(words: str, translated: str = "") -> str:
    """Why something failed, as it was noted in English: translated where that is known, else as a
    quotation.
    """
    if not words or (get_language() or ENGLISH).startswith(ENGLISH):
        return words
    found = translated or _(words)
    if found != words:
        return found
    return _("What was noted, in English: “%(words)s”") % {"words": words}


def joined(first: str, second: str) -> str:
    """Both with a colon between, as the language sets it."""
    return _("%(first)s: %(second)s") % {"first": first, "second": second}


def header(text: str) -> str:
    """One line for a header, whatever was typed."""
    # An encoded word (RFC 2047) that somebody typed would be read as what it stands for.
    return _BLANKS.sub(" ", CONTROLS.sub(" ", text).replace("=?", "= ?")).strip()[:200]
