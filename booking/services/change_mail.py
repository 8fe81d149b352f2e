"""The mail about a change, to anybody: what happened, who did it, when it is now and was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from booking import wording
from booking.addresses import host_url, manage_url
from booking.enums import IS_OFF, ChangeKind, MeetingState, TextKind
from booking.ics import Address, mime_part
from booking.languages import speaking, to_booker, to_host, to_owner
from booking.owners import host_of_meeting, public_name
from booking.services import change_words, letters
from booking.services.calendar_files import calendar_file
from booking.services.readers import Role
from booking.services.statements import FileKind, Said
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.letters import Fact
    from booking.services.readers import Reader
    from booking.services.statements import Statement
    from common.mail_form import Letter
    from workspaces.owners import Owner

_OWN_WORDS: Final = {
    Said.APPROVED: TextKind.APPROVED,
    Said.DECLINED: TextKind.DECLINED,
    Said.MOVED: TextKind.MOVED,
    Said.CANCELLED: TextKind.CANCELLED,
}


def change_mail(
    meeting: MeetingBase, reader: Reader, statement: Statement, *, now: datetime
) -> Letter:
    """The statement as a mail to its reader. `now` stamps the file."""
    compose = _to_host if reader.role.is_host else _to_guest
    message = compose(meeting, reader, statement)
    if statement.file is not FileKind.NONE:
        content = _file(meeting, reader, statement, now)
        is_cancel = statement.file is FileKind.CANCEL
        message.attach(mime_part(content, "CANCEL" if is_cancel else "REQUEST"))
    return message


@to_owner
def behind_mail(meeting: MeetingBase, owner: Owner, words: str, *, is_late: bool = False) -> Letter:
    """To whose calendar could not follow: what is true, and what to do there by hand.

    While it only `is_late`, and asked again, doing it by hand would make it twice.
    """
    is_theirs = host_of_meeting(meeting).id == owner.id and meeting.state not in IS_OFF
    if is_late:
        what = _(
            "It is tried again for a day, and you need do nothing. If that does not help, you get "
            "another mail."
        )
    elif is_theirs:
        what = _("Move the event there by hand.")
    else:
        what = _("Delete the event there by hand.")
    zone = ZoneInfo(meeting.booker_timezone)
    letter = letters.Reader(owner.notice_email, owner.zone, meeting.booker_name, zone)
    facts = [letters.who_fact(meeting), letters.length_fact(meeting)]
    has_event = meeting.calendar_event_id is not None or not is_theirs
    subject = letters.joined(
        _behind_subject(has_event=has_event, is_late=is_late),
        letters.joined(meeting.title, meeting.booker_name),
    )
    if meeting.state in IS_OFF:
        happened = _("%(title)s with %(booker)s does not take place")
    elif not has_event:
        happened = _("%(title)s with %(booker)s was booked")
    elif is_theirs:
        happened = _("%(title)s with %(booker)s was moved")
    else:
        happened = _("%(title)s with %(booker)s is not with you any more")
    said = {
        "happened": happened % {"title": meeting.title, "booker": meeting.booker_name},
        "words": letters.reason(words),
        "what": what,
    }
    context = {
        **letters.common_context(meeting, owner, letter, subject, facts),
        "for_host": True,
        "hello": _("%(happened)s, and your calendar does not show that: %(words)s %(what)s") % said,
        "booker": meeting.booker_name,
    }
    return letters.compose("change", context, letter, reply_to=meeting.booker_email)


def _behind_subject(*, has_event: bool, is_late: bool) -> str:
    if has_event:
        return (
            _("Not changed in your calendar yet") if is_late else _("Not changed in your calendar")
        )
    return _("Not in your calendar yet") if is_late else _("Not in your calendar")


@to_booker
def _to_guest(meeting: MeetingBase, reader: Reader, statement: Statement) -> Letter:
    owner = reader.owner
    is_booker = reader.role is Role.BOOKER
    is_removed = reader.role is Role.FORMER_GUEST
    facts = [letters.what_fact(meeting, owner)]
    if not is_removed:
        facts += _before(meeting, reader)
        if meeting.state not in IS_OFF:
            facts += letters.where_facts(meeting, LinkKind.BOOKER)
        if any(one.kind == ChangeKind.GUESTS for one in statement.changes):
            facts += letters.guests_facts(meeting)
    facts += _messages(statement, reader)
    letter = letters.Reader(reader.email, reader.zone, public_name(owner), owner.zone)
    can_change = is_booker and meeting.state not in IS_OFF
    context = {
        **_common(meeting, reader, statement, letter, facts),
        **(
            letters.way_in(meeting, LinkKind.BOOKER)
            if _is_confirmed(meeting) and not is_removed
            else {}
        ),
        "manage_url": manage_url(meeting) if can_change else "",
        "can_answer": bool(owner.notice_email),
        "booker": "" if is_booker else meeting.booker_name,
        "booked_on": letters.stamp(meeting.created_at, reader.zone),
    }
    kind = _OWN_WORDS.get(statement.said)
    if statement.said is Said.MOVED and meeting.state == MeetingState.REQUESTED:
        kind = None  # it is asked for, which own words of a move would not say
    context |= letters.own_words(meeting, kind, reader.called, reader.zone, owner)
    return letters.compose(
        "change",
        context,
        letter,
        reply_to=owner.notice_email,
        house=letters.house_of(meeting),
    )


@to_host
def _to_host(meeting: MeetingBase, reader: Reader, statement: Statement) -> Letter:
    facts = [
        letters.who_fact(meeting),
        *letters.guests_facts(meeting),
        letters.length_fact(meeting),
        *_before(meeting, reader),
    ]
    if meeting.state not in IS_OFF and statement.said is not Said.TAKEN:
        facts += letters.where_facts(meeting, LinkKind.OWNER)
    facts += _messages(statement, reader)
    zone = ZoneInfo(meeting.booker_timezone)
    letter = letters.Reader(reader.email, reader.zone, meeting.booker_name, zone)
    is_request = meeting.state == MeetingState.REQUESTED and statement.said is not Said.TAKEN
    context = {
        **_common(meeting, reader, statement, letter, facts),
        "for_host": True,
        "action_url": host_url(meeting) if is_request else "",
        "action_label": _("Confirm or decline"),
        "booker": meeting.booker_name,
    }
    return letters.compose("change", context, letter, reply_to=meeting.booker_email)


def _common(
    meeting: MeetingBase,
    reader: Reader,
    statement: Statement,
    letter: letters.Reader,
    facts: list[Fact],
) -> dict[str, Any]:
    when = letters.when_and_place(meeting, reader.zone)
    if reader.role.is_host:
        words = letters.joined(meeting.title, meeting.booker_name)
    else:
        words = letters.meeting_words(meeting, reader.owner)
    subject = change_words.subject_start(statement, meeting) % {
        "meeting": letters.joined(when, words)
    }
    return {
        **letters.common_context(meeting, reader.owner, letter, subject, facts),
        "hello": change_words.hello(statement, meeting, reader),
        "about_file": change_words.about_file(statement, reader),
    }


def _before(meeting: MeetingBase, reader: Reader) -> list[Fact]:
    """The time that the reader knew, with the zone named, where it is another one now."""
    known = reader.known
    if known is None or not known.is_sure or meeting.state in IS_OFF:
        return []
    if (known.start_at, known.end_at) == (meeting.start_at, meeting.end_at):
        return []
    day = wording.long_day(known.start_at.astimezone(reader.zone).date(), year=True)
    clock = wording.clock_range(known.start_at, known.end_at, reader.zone)
    return [(_("Before"), f"{day}, {clock}, {wording.zone_words(reader.zone, known.start_at)}", "")]


def _messages(statement: Statement, reader: Reader) -> list[Fact]:
    """What was written with the changes, each with its writer."""
    return [
        (change_words.wrote(one, reader), letters.quoted(one.message), "")
        for one in statement.changes
        if one.message
    ]


def _is_confirmed(meeting: MeetingBase) -> bool:
    return meeting.state == MeetingState.CONFIRMED


def _file(meeting: MeetingBase, reader: Reader, statement: Statement, now: datetime) -> bytes:
    with speaking(reader.owner.language if reader.role.is_host else meeting.booker_language):
        return calendar_file(
            meeting,
            reader.owner,
            now=now,
            for_owner=reader.role.is_host,
            for_guest=reader.role in {Role.GUEST, Role.FORMER_GUEST},
            organizer=reader.known.organizer if reader.known else "",
            is_off=statement.file is FileKind.CANCEL,
            only_to=Address(reader.email, reader.name)
            if reader.role is Role.FORMER_GUEST
            else None,
        )
