"""What a calendar part means: one method about one event, or a refusal in words (RFC 5546)."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from booking.enums import Answer, MailReason
from booking.itip import addresses
from booking.itip.lines import read_calendar
from booking.itip.moments import instant_of, length_of, moment_of
from booking.itip.shapes import SENT_BY, Message, Method, Moment, Occurrence, Party, Unreadable
from booking.plain import CONTROLS

if TYPE_CHECKING:
    from booking.itip.lines import Component, Property

MOST_EVENTS: Final = 20
MOST_ATTENDEES: Final = 500
LONGEST_UID: Final = 255
LONGEST_TITLE: Final = 300
LONGEST_TEXT: Final = 4000
LONGEST_COMMENT: Final = 500
LONGEST_RULE: Final = 500
MOST_RULES: Final = 20
LONGEST_EVENT: Final = timedelta(days=366)
MOST_SEQUENCE: Final = 2**31 - 1

_UID = re.compile(r"[^\s\x00-\x20\x7f-\x9f\ud800-\udfff]+")
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T|\Z)")
_ANSWERS: Final = {
    "ACCEPTED": Answer.ACCEPTED.value,
    "TENTATIVE": Answer.TENTATIVE.value,
    "DECLINED": Answer.DECLINED.value,
}
# Methods that say when something is to be.
_TIMED: Final = frozenset({Method.REQUEST, Method.COUNTER})
# Of these nothing but what they are is looked at: they are read by people.
_NOT_DONE: Final = frozenset({Method.PUBLISH, Method.ADD, Method.REFRESH, Method.DECLINECOUNTER})
_RULES: Final = ("RRULE", "RDATE", "EXDATE", "EXRULE")


def read_message(text: str, mime_method: str = "") -> Message:
    """The message in the text of a calendar part. Raises Unreadable.

    `mime_method` is the part's own parameter, which has to say the same (RFC 6047, 2.4).
    """
    calendar = read_calendar(text)
    method = _method(calendar, mime_method)
    kinds = {one.name for one in calendar.children} - {"VTIMEZONE"}
    kinds = {kind for kind in kinds if not kind.startswith("X-")}
    if kinds - {"VEVENT"}:
        raise Unreadable(MailReason.COMPONENT, "It is about something else than an event.")
    events = [one for one in calendar.children if one.name == "VEVENT"]
    if not events:
        raise Unreadable(MailReason.COMPONENT, "It holds no event.")
    if len(events) > MOST_EVENTS:
        raise Unreadable(MailReason.TOO_LARGE, "It holds more events than are read.")
    uids = {_uid(one) for one in events}
    if len(uids) > 1:
        raise Unreadable(MailReason.MISMATCH, "It is about several events.")
    found = tuple(_occurrence(one, method, calendar) for one in events)
    _check_agree(method, found)
    return Message(method, uids.pop(), tuple(dict.fromkeys(found)))


def _method(calendar: Component, mime_method: str) -> Method:
    said = calendar.one("METHOD")
    name = said.value.strip().upper() if said else ""
    if not name:
        raise Unreadable(MailReason.METHOD, "It does not say what it wants: it has no METHOD.")
    if mime_method and mime_method.upper() != name:
        words = "Its envelope and its content want different things."
        raise Unreadable(MailReason.MISMATCH, words)
    try:
        return Method(name)
    except ValueError:
        raise Unreadable(MailReason.METHOD, "It wants something that is not known.") from None


def _uid(event: Component) -> str:
    said = event.one("UID")
    uid = said.text.strip() if said else ""
    if not uid or len(uid) > LONGEST_UID or not _UID.fullmatch(uid):
        raise Unreadable(MailReason.MALFORMED, "It does not say which event it is about.")
    return uid


def _occurrence(event: Component, method: Method, calendar: Component) -> Occurrence:
    organizer = event.one("ORGANIZER")
    party = _party(organizer) if organizer else Party("")
    stamp = event.one("DTSTAMP")
    if stamp is None:
        raise Unreadable(MailReason.MALFORMED, "It does not say when it was written.")
    if method not in _NOT_DONE and not party.email:
        raise Unreadable(MailReason.MALFORMED, "It does not say who organises the event.")
    attendees = event.all("ATTENDEE")
    if len(attendees) > MOST_ATTENDEES:
        raise Unreadable(MailReason.TOO_LARGE, "It names more guests than are read.")
    instance = event.one("RECURRENCE-ID")
    start, end = _times(event, calendar) if method in _TIMED else (None, None)
    return Occurrence(
        sequence=_sequence(event),
        stamped_at=instant_of(stamp),
        organizer=party,
        attendees=tuple(map(_party, attendees)),
        instance=_line(instance.value, 40) if instance else "",
        instance_on=_day_of(instance) if instance else None,
        start=start,
        end=end,
        title=_line(event.text("SUMMARY"), LONGEST_TITLE),
        location=_line(event.text("LOCATION"), LONGEST_TITLE),
        description=_lines(event.text("DESCRIPTION"), LONGEST_TEXT),
        comment=_lines(event.text("COMMENT"), LONGEST_COMMENT),
        recurrence=_recurrence(event) if method in _TIMED else (),
        is_free=event.text("TRANSP").strip().upper() == "TRANSPARENT",
        is_off=event.text("STATUS").strip().upper() == "CANCELLED",
    )


def _day_of(instance: Property) -> date | None:
    """The day it stands at where the series is organised, for people."""
    hit = _DAY.match(instance.value.strip())
    try:
        return date(*map(int, hit.groups())) if hit else None
    except ValueError:
        return None


def _check_agree(method: Method, found: tuple[Occurrence, ...]) -> None:
    mains = [one for one in found if not one.instance]
    if any(one != mains[0] for one in mains):
        raise Unreadable(MailReason.MISMATCH, "It says two things about one event.")
    if len({one.organizer.email for one in found}) > 1:
        raise Unreadable(MailReason.MISMATCH, "It names several organisers.")
    if method is Method.COUNTER and not all(one.attendees for one in found):
        raise Unreadable(MailReason.MALFORMED, "It names nobody who proposes something.")
    if method is Method.REPLY:
        _check_answers(found)


def _check_answers(found: tuple[Occurrence, ...]) -> None:
    guests = [one for event in found for one in event.attendees]
    # Whoever hands on names whom, too (RFC 5546, 4.2.7); people look at those.
    is_handed_on = any(one.delegated for one in guests)
    if any(len(one.attendees) != 1 for one in found) and not (guests and is_handed_on):
        words = "An answer is of exactly one guest, and this names none or several."
        raise Unreadable(MailReason.MALFORMED, words)
    if len({one.email for one in guests}) > 1 and not is_handed_on:
        raise Unreadable(MailReason.MISMATCH, "It answers for several guests.")


def _sequence(event: Component) -> int:
    said = event.one("SEQUENCE")
    text = said.value.strip() if said else "0"
    if not text.isascii() or not text.isdecimal() or len(text) > 10 or int(text) > MOST_SEQUENCE:
        raise Unreadable(MailReason.MALFORMED, "Its sequence number is none.")
    return int(text)


def _party(found: Property) -> Party:
    params = found.params
    status = params.get("PARTSTAT", "").strip().upper()
    return Party(
        email=addresses.of_uri(found.value),
        name=_line(params.get("CN", ""), 120),
        answer=_ANSWERS.get(status, ""),
        # iCloud's organisers are mailboxes of its own, with the person's beside (RFC 7986, 6.2).
        sent_by=addresses.of_uri(params.get("SENT-BY") or params.get(SENT_BY, ""))
        or addresses.canonical(params.get("EMAIL", "")),
        delegated=status == "DELEGATED" or bool({"DELEGATED-TO", "DELEGATED-FROM"} & set(params)),
    )


def _times(event: Component, calendar: Component) -> tuple[Moment, Moment]:
    begins, ends, length = event.one("DTSTART"), event.one("DTEND"), event.one("DURATION")
    if begins is None:
        raise Unreadable(MailReason.MALFORMED, "It does not say when the event begins.")
    start = moment_of(begins, calendar)
    if ends is not None:
        end = moment_of(ends, calendar)
    elif length is not None:
        end = _later(start, length_of(length))
    else:
        end = _later(start, timedelta(days=1) if start.on else timedelta(0))
    # A floating end beside a start with a zone, and the like, cannot be compared.
    if [bool(one) for one in (start.on, start.at)] != [bool(one) for one in (end.on, end.at)]:
        raise Unreadable(MailReason.MALFORMED, "Its start and its end are of different kinds.")
    lasts = _between(start, end)
    if not timedelta(0) < lasts <= LONGEST_EVENT:
        raise Unreadable(MailReason.MALFORMED, "It does not end after it begins, within a year.")
    return start, end


def _later(start: Moment, by: timedelta) -> Moment:
    if start.on is not None:
        return Moment(on=start.on + by)
    wall = None if start.wall is None else start.wall + by
    return Moment(at=None if start.at is None else start.at + by, wall=wall, zone=start.zone)


def _between(start: Moment, end: Moment) -> timedelta:
    pairs: list[tuple[date | datetime | None, date | datetime | None]] = [
        (start.on, end.on),
        (start.at, end.at),
        (start.wall, end.wall),
    ]
    first, last = next((a, b) for a, b in pairs if a is not None and b is not None)
    return last - first


def _recurrence(event: Component) -> tuple[str, ...]:
    lines = []
    for name in _RULES:
        for found in event.all(name):
            params = "".join(
                f";{key}={found.params[key]}" for key in ("VALUE", "TZID") if key in found.params
            )
            lines.append(_line(f"{name}{params}:{found.value.strip()}", LONGEST_RULE + 1))
    if len(lines) > MOST_RULES or any(len(line) > LONGEST_RULE for line in lines):
        raise Unreadable(MailReason.TOO_LARGE, "It repeats by more rules than are read.")
    return tuple(lines)


def _line(text: str, most: int) -> str:
    return " ".join(CONTROLS.sub(" ", text).split())[:most]


def _lines(text: str, most: int) -> str:
    whole = text[: 4 * most].replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(CONTROLS.sub(" ", one).rstrip() for one in whole.split("\n")).strip()[:most]
