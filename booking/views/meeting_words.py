"""A meeting as staff read it: its place, state, mail and event in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from booking.beyond import refused_by_plan
from booking.clash_words import SHORT
from booking.enums import TAKES_TIME, Answer, Clash, MeetingState, MessageKind, Party, Step
from booking.mail_troubles import is_final
from booking.meeting_actions import Action, actions_for
from booking.models import CrmNote
from booking.owners import tables_for
from booking.services.answers import is_current
from booking.wording import clock, clock_range, long_day, short_day
from calendars.enums import ConferenceState
from common.enums import MailState, OutboxState
from conferencing import failures
from conferencing.enums import Conference

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from booking.models import MeetingAnswer, MeetingBase
    from booking.staff_queries import Delivery
    from common.models import OutboxMessage

_NOT_IN_CRM = "Not written to Close"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words; tone and icon are those of the stylesheet."""

    words: str
    tone: str = ""
    icon: str = ""


_ANSWERS = {
    Answer.ACCEPTED: Said("Accepted"),
    Answer.TENTATIVE: Said("Maybe", "warn"),
    Answer.DECLINED: Said("Declined in their calendar", "danger"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A meeting as the list shows it."""

    meeting: MeetingBase
    when: str
    owner: str
    place: Said
    state: Said
    answer: Said | None
    mail: Said
    event: Said
    crm: str
    can_send: bool
    can_retry_link: bool
    actions: frozenset[Action]


@dataclass(frozen=True, slots=True)
class DayRows:
    """The meetings of one day by the viewer's clock."""

    title: str
    rows: list[Row]


def day_title(day: date, today: date) -> str:
    title = long_day(day, year=day.year != today.year)
    names = {today: "Today, ", today + _ONE_DAY: "Tomorrow, "}
    return names.get(day, "") + title


def row_of(meeting: MeetingBase, delivery: Delivery, zone: ZoneInfo, now: datetime) -> Row:
    owner = getattr(meeting, tables_for(meeting).owner_column.removesuffix("_id"))
    return Row(
        meeting=meeting,
        when=clock_range(meeting.start_at, meeting.end_at, zone),
        owner=str(owner),
        place=_place(meeting),
        state=_state(meeting, str(owner)),
        answer=_booker_answer(meeting, delivery.answers),
        mail=_mail(meeting, delivery, zone, now),
        event=_event(meeting, delivery),
        crm=_NOT_IN_CRM if _has_failed(delivery, MessageKind.CRM_LEAD) else "",
        can_send=bool(delivery.failed()),
        can_retry_link=_can_retry_link(meeting, now),
        actions=actions_for(meeting, now),
    )


def _booker_answer(meeting: MeetingBase, answers: list[MeetingAnswer]) -> Said | None:
    """What the booker answered to its time; None where that is not known, or of no matter."""
    said = next((one for one in answers if one.is_booker and is_current(one, meeting)), None)
    if said is None or meeting.state not in TAKES_TIME:
        return None
    return _said_of(said)


def _said_of(answer: MeetingAnswer) -> Said:
    said = _ANSWERS[Answer(answer.answer)]
    return Said(said.words, "plain") if answer.kept_at else said


def answer_lines(
    meeting: MeetingBase, answers: list[MeetingAnswer], zone: ZoneInfo
) -> list[tuple[str, Said, str, str]]:
    """Who answered in their calendar what, when, and with what words; the booker first."""
    names = {one["email"].lower(): one.get("name", "") for one in meeting.guests}
    return [
        (
            meeting.booker_name if one.is_booker else names.get(one.email) or one.email,
            _said_of(one) if is_current(one, meeting) else _of_before(one),
            f"{short_day(one.received_at.astimezone(zone).date())}, {clock(one.received_at, zone)}",
            one.comment,
        )
        for one in answers
    ]


def _of_before(answer: MeetingAnswer) -> Said:
    return Said(f"{Answer(answer.answer).label}, to an earlier time", "plain")


def _can_retry_link(meeting: MeetingBase, now: datetime) -> bool:
    return (
        meeting.state == MeetingState.CONFIRMED
        and meeting.conference_state == ConferenceState.FAILED
        and meeting.calendar_event_id is not None
        and meeting.end_at > now
        and failures.can_retry(meeting.conference_failure)
    )


def _place(meeting: MeetingBase) -> Said:
    if meeting.room_id is not None:
        return Said("Telehealth room", icon="video")
    if meeting.conference_state == ConferenceState.FAILED and not meeting.conference:
        return Said("No join link", "danger-ink", "alert")
    if meeting.conference and meeting.conference != Conference.NONE:
        name = Conference(meeting.conference).label
        if meeting.conference_state == ConferenceState.READY:
            return Said(name, icon="video")
        if meeting.conference_state == ConferenceState.FAILED:
            return Said(f"No {name} link", "danger-ink", "alert")
        return Said(f"{name}, on its way", icon="dashed")
    return _promised(meeting) or _spot(meeting)


def _spot(meeting: MeetingBase) -> Said:
    return Said(meeting.location, icon="pin") if meeting.location else Said("No place given")


def _promised(meeting: MeetingBase) -> Said | None:
    """The kind of join link that a request gets with its approval; None where it gets none."""
    link = meeting.link
    if meeting.state != MeetingState.REQUESTED or link is None:
        return None
    if link.conference == Conference.NONE or refused_by_plan(link, meeting.workspace.tier):
        return None
    is_auto = link.conference == Conference.AUTO
    name = "Join link" if is_auto else link.get_conference_display()
    return Said(f"{name}, once confirmed", icon="dashed")


def _state(meeting: MeetingBase, owner: str) -> Said:
    match meeting.state:
        case MeetingState.CONFIRMED:
            return Said("Confirmed")
        case MeetingState.REQUESTED:
            return Said(f"Awaits {owner}", "warn")
        case MeetingState.CANCELLED:
            by = {
                Party.BOOKER.value: " by guest",
                Party.OWNER.value: " by host",
                Party.PROVIDER.value: " in the calendar",
            }
            return Said(f"Cancelled{by.get(meeting.cancelled_by, '')}", "plain")
    return Said(MeetingState(meeting.state).label, "plain")


def _mail(meeting: MeetingBase, delivery: Delivery, zone: ZoneInfo, now: datetime) -> Said:
    """Whether the guest has the confirmation."""
    rows = delivery.of_kind(MessageKind.NOTIFICATION)
    if any(row.state == OutboxState.FAILED for row in rows):
        return Said("Not sent", "danger-ink", "alert")
    if delivery.unreached:
        return _unreached(meeting, delivery)
    if meeting.confirmation_sent_at:
        sent = meeting.confirmation_sent_at.astimezone(zone)
        today = now.astimezone(zone).date()
        day = "" if sent.date() == today else f"{short_day(sent.date())}, "
        return Said(f"{day}{clock(sent, zone)}")
    return Said("Waiting", icon="clock") if rows else Said("None to send")


def _unreached(meeting: MeetingBase, delivery: Delivery) -> Said:
    """Whom a mail did not reach: the guest who booked, or somebody else of the meeting."""
    lost = [mail for mail in delivery.unreached if is_final(mail)]
    if not lost:
        return Said("Delayed", "warn-ink", "alert")
    if all(mail.state == MailState.COMPLAINED for mail in lost):
        return Said("Marked as spam", "danger-ink", "alert")
    booker = meeting.booker_email.lower()
    is_booker = any(mail.recipient.lower() == booker for mail in delivery.unreached)
    return Said("Not delivered" if is_booker else "Not to everybody", "danger-ink", "alert")


def _event(meeting: MeetingBase, delivery: Delivery) -> Said:
    """Whether the meeting stands in the owner's calendar."""
    rows = delivery.of_kind(MessageKind.CALENDAR_EVENT)
    if meeting.clash and meeting.state in TAKES_TIME:
        return Said(SHORT[Clash(meeting.clash)], "danger-ink", "alert")
    if meeting.calendar_event_id:
        return _event_there(meeting, rows)
    if any(row.state == OutboxState.FAILED for row in rows):
        return Said("Not in the calendar", "danger-ink", "alert")
    if any(row.state == OutboxState.PENDING for row in rows):
        return Said("On its way to the calendar", icon="clock")
    return Said("No calendar to write to")


def _event_there(meeting: MeetingBase, rows: list[OutboxMessage]) -> Said:
    """Whether the event says what is true: it follows each change of the meeting."""
    changes = [row.state for row in rows if row.payload["step"] == Step.FOLLOW]
    is_off = meeting.state not in TAKES_TIME
    if OutboxState.PENDING in changes:
        return Said("The calendar is being changed", icon="clock")
    if OutboxState.FAILED in changes and meeting.event_is_due:
        words = "Still in the calendar" if is_off else "Not changed in the calendar"
        return Said(words, "danger-ink", "alert")
    return Said("Out of the calendar" if is_off else "In the calendar")


def _has_failed(delivery: Delivery, kind: MessageKind) -> bool:
    return any(row.state == OutboxState.FAILED for row in delivery.of_kind(kind))


def crm_line(meeting: MeetingBase, delivery: Delivery) -> Said | None:
    """Whether the CRM says of the meeting what is true; None where it is not told of it."""
    if _has_failed(delivery, MessageKind.CRM_LEAD):
        return Said(_NOT_IN_CRM, "danger-ink", "alert")
    if any(row.state == OutboxState.PENDING for row in delivery.of_kind(MessageKind.CRM_LEAD)):
        return Said("On its way to Close", icon="clock")
    note = CrmNote.objects.filter(workspace=meeting.workspace_id, meeting_id=meeting.pk).first()
    if note is None or not note.note_remote_id:
        return None
    return Said("Its note was deleted in Close" if note.is_gone else "In Close")


def receipt_lines(meeting: MeetingBase, zone: ZoneInfo) -> list[str]:
    """What was consulted when the booking was decided, in words."""
    said = meeting.receipt or {}
    lines = []
    for source in said.get("calendars", []):
        at = datetime.fromisoformat(source["as_of"])
        how = "read live" if source.get("live") else "copy"
        lines.append(f"{source['name']}, {how} at {at.astimezone(zone):%H:%M:%S}")
    if said and not lines:
        lines.append(
            "No calendar was connected"
            if said.get("calendars_readable", True)
            else "No calendar could be read"
        )
    return lines
