"""What follows an invitation from outside: its event in the owner's calendar, the answer to its
organiser, and the mails that tell the owner. Each row of the outbox makes true what is so by then.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audit.actors import task_actor
from audit.enums import AccessReason
from booking import wording
from booking.enums import InvitationState, MessageKind
from booking.ics import Address, build_answer, mime_part
from booking.languages import to_owner
from booking.models import OutsideInvitation
from booking.owners import public_name
from booking.services import letters
from booking.services.answer_mail import invitation_mail
from booking.services.invited import ON
from booking.services.invited_drafts import NO_TITLE, draft_of, new_draft_of
from calendars.errors import EventChanged
from calendars.models import Calendar, Event
from calendars.owners import booking_calendar_of
from calendars.providers.base import UNSET
from calendars.providers.errors import CalendarGone, EventGone
from calendars.services.events import create_event, delete_created, delete_event, update_event
from common import mail
from common.enums import MailState
from common.errors import UpstreamConflict, UpstreamUnavailable
from common.mail_form import Letter, named
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from datetime import date, datetime

    from common.models import OutboxMessage, SentMail
    from workspaces.owners import Owner

ABOUT: Final = "invitation"
_TRIES: Final = 3
_ACTOR: Final = MessageKind.INVITATION.value
_SAID: Final[dict[str, tuple[Literal["ACCEPTED", "TENTATIVE", "DECLINED"], str, str]]] = {
    InvitationState.ACCEPTED: (
        "ACCEPTED",
        gettext_noop("Accepted: %(meeting)s"),
        gettext_noop("%(name)s accepts your invitation."),
    ),
    InvitationState.TENTATIVE: (
        "TENTATIVE",
        gettext_noop("Tentative: %(meeting)s"),
        gettext_noop("%(name)s may come and is not sure yet."),
    ),
    InvitationState.DECLINED: (
        "DECLINED",
        gettext_noop("Declined: %(meeting)s"),
        gettext_noop("%(name)s cannot come."),
    ),
}
_CAME_BACK: Final = "The mail came back."
_NOT_KEPT: Final = "It is not in the calendar as answered. {words}"
_NOT_TOLD: Final = "The organiser could not be told of the answer. {words} Answer again to retry."


def handle_invitation(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.invitation`. Raises UpstreamError."""
    found = _row(message)
    owner = _owner(found) if found is not None else None
    if found is None or owner is None:
        return
    step, key = message.payload["step"], message.dedupe_key
    if step == "event":
        settle_event(found, owner)
        _note_done(found, _NOT_KEPT)
    elif step == "reply":
        _reply(found, owner)
        _note_done(found, _NOT_TOLD)
    elif owner.notice_email and (step == "off") == (found.state == InvitationState.CANCELLED):
        mail.send(
            invitation_mail(found, owner, step),
            kind="booking.invitation",
            key=key,
            workspace_id=found.workspace_id,
            about=(ABOUT, found.pk),
        )


def invitation_has_failed(message: OutboxMessage, words: str) -> None:
    """Note on the invitation what its owner has to know of a row that was given up."""
    found, step = _row(message), message.payload["step"]
    if found is None:
        return
    is_latest = message.dedupe_key == _reply_key(found) and found.state in _SAID
    if step == "event" or (step == "reply" and is_latest):
        said = _NOT_KEPT if step == "event" else _NOT_TOLD
        found.note = said.format(words=words)[:300]
        found.save(update_fields=["note", "updated_at"])


def _note_done(invitation: OutsideInvitation, was_noted: str) -> None:
    """It was sent again and done: what was noted of it is not so any more."""
    said = was_noted.partition("{")[0]
    rows = OutsideInvitation.objects.filter(pk=invitation.pk, note__startswith=said)
    rows.update(note="", updated_at=timezone.now())


def note_untold(sent: SentMail) -> None:
    """Note on the invitation that the latest answer came back from its organiser."""
    if sent.about_id is None or sent.state != MailState.BOUNCED:
        return
    found = OutsideInvitation.objects.filter(pk=sent.about_id).first()
    if found is None or found.state not in _SAID:
        return
    latest = mail.sent_mail(_reply_key(found))
    if latest is not None and latest.pk == sent.pk:
        found.note = _NOT_TOLD.format(words=_CAME_BACK)
        found.save(update_fields=["note", "updated_at"])


def settle_event(invitation: OutsideInvitation, owner: Owner) -> None:
    """Let the owner's booking calendar say what is so by now. Raises UpstreamError."""
    if invitation.state in ON:
        if not invitation.asks_again:
            _bring_in(invitation, owner)
    elif invitation.event_key is not None:
        _take_out(invitation)


def _bring_in(invitation: OutsideInvitation, owner: Owner) -> None:
    event = _event(invitation.event_id)
    if event is not None:
        # Its owner may have deleted it this moment: then that is what they want.
        with suppress(EventGone):
            _send(invitation, event, owner)
        return
    if invitation.event_id is not None:
        return
    calendar = _calendar_for(invitation, owner)
    if calendar is None:
        return
    actor = task_actor(_ACTOR)
    made = create_event(calendar=calendar, draft=new_draft_of(invitation, owner), actor=actor)
    ours = OutsideInvitation.objects.filter(pk=invitation.pk, event_key=invitation.event_key)
    ours.update(event_id=made.pk, updated_at=timezone.now())


def _calendar_for(invitation: OutsideInvitation, owner: Owner) -> Calendar | None:
    """The calendar that an earlier try wrote to, else the booking calendar, remembered: so that
    an event whose making was never answered is found again.
    """
    if invitation.calendar_id is not None:
        found = Calendar.objects.filter(pk=invitation.calendar_id, gone_at__isnull=True).first()
        if found is not None:
            return found
    calendar = booking_calendar_of(owner)
    if calendar is not None:
        ours = OutsideInvitation.objects.filter(pk=invitation.pk, event_key=invitation.event_key)
        if not ours.update(calendar_id=calendar.pk, updated_at=timezone.now()):
            raise UpstreamUnavailable("It was answered anew this moment.")
    return calendar


def _send(invitation: OutsideInvitation, event: Event, owner: Owner) -> None:
    """Change the event to what was answered. Raises EventGone and UpstreamError."""
    draft = replace(draft_of(invitation, owner), notify=bool(event.attendees))
    if not invitation.recurrence and not event.recurrence:
        draft = replace(draft, recurrence=UNSET)
    now_there = event
    for _try in range(_TRIES):
        try:
            update_event(event=now_there, draft=draft, actor=task_actor(_ACTOR))
        except UpstreamConflict as error:
            found = _event(error.event_id if isinstance(error, EventChanged) else event.pk)
            if found is None:
                raise EventGone from error
            now_there = found
        else:
            return
    raise UpstreamUnavailable("Somebody is changing the event in the calendar at this moment.")


def _take_out(invitation: OutsideInvitation) -> None:
    """Delete the event, known or only wished for; one that is gone is a success."""
    actor = task_actor(_ACTOR)
    event = _event(invitation.event_id)
    calendar = None
    if invitation.calendar_id is not None:
        calendar = Calendar.objects.filter(pk=invitation.calendar_id, gone_at__isnull=True).first()
    with suppress(CalendarGone):
        if event is not None:
            delete_event(event=event, actor=actor, notify=bool(event.attendees))
        elif invitation.event_id is None and calendar is not None and invitation.event_key:
            delete_created(
                calendar=calendar,
                idempotency_key=invitation.event_key.hex,
                actor=actor,
                reason=AccessReason.EVENT_DELETE,
            )
    ours = OutsideInvitation.objects.filter(pk=invitation.pk, event_key=invitation.event_key)
    ours.update(event_id=None, calendar_id=None, event_key=None, updated_at=timezone.now())


def _reply(invitation: OutsideInvitation, owner: Owner) -> None:
    """Mail the answer to the organiser, once; only the latest one is sent, and none that was given
    to another time than the event has by now.
    """
    is_outrun = invitation.asks_again or invitation.told_count >= invitation.answer_count
    if invitation.state not in _SAID or is_outrun:
        return
    key = _reply_key(invitation)
    begun = mail.begun_at(key, timezone.now())
    letter = _answer_letter(invitation, owner, begun)
    mail.send(
        letter,
        kind="booking.invitation_answer",
        key=key,
        workspace_id=invitation.workspace_id,
        about=(ABOUT, invitation.pk),
        problem_kind=MessageKind.MAIL_TROUBLE,
        begun=begun,
    )
    rows = OutsideInvitation.objects.filter(
        pk=invitation.pk, told_count__lt=invitation.answer_count
    )
    rows.update(told_count=invitation.answer_count, updated_at=timezone.now())


def _reply_key(invitation: OutsideInvitation) -> str:
    """Names the mail with the latest answer, and the row that has it sent."""
    return f"invitation:{invitation.pk}:reply:{invitation.answer_count}"


@to_owner
def _answer_letter(invitation: OutsideInvitation, owner: Owner, begun: datetime) -> Letter:
    """To the organiser, whose language nobody knows: in that of the owner who answers."""
    status, start_of_subject, hello = _SAID[invitation.state]
    name, title = public_name(owner), invitation.title or _(NO_TITLE)
    zone = owner.zone
    day = invitation.start_on or invitation.start_at.astimezone(zone).date()
    clock = wording.clock_range(invitation.start_at, invitation.end_at, zone)
    _sender_name, sender = parseaddr(settings.MAIL_FROM)
    subject = letters.header(_(start_of_subject) % {"meeting": title})
    context = {
        "subject": subject,
        "sender_name": name,
        "hello": _(hello) % {"name": name},
        "stands": _("Your calendar program takes the answer from this mail."),
        "date_text": wording.long_day(day, year=True),
        "time_text": _("All day") if invitation.start_on else clock,
        "zone_text": f"{wording.zone_words(zone, invitation.start_at)}.",
        "facts": [(_("What"), title, "")],
        "why": _("Sent to %(email)s, who invited %(name)s.")
        % {"email": invitation.organizer, "name": name},
    }
    letter = Letter(
        subject=subject,
        body=render_to_string("booking/mail/incoming.txt", context),
        from_email=named(letters.header(_("%(name)s via Meridian") % {"name": name}), sender),
        to=[invitation.organizer],
        reply_to=[owner.notice_email] if owner.notice_email else None,
    )
    letter.attach_alternative(render_to_string("booking/mail/incoming.html", context), "text/html")
    start: datetime | date = invitation.start_on or invitation.start_at
    end: datetime | date = invitation.end_on or invitation.end_at
    file = build_answer(
        uid=invitation.uid,
        sequence=invitation.sequence,
        dtstamp=invitation.answer_stamp or begun,
        start=start,
        end=end,
        summary=title,
        organizer=Address(invitation.organizer, invitation.organizer_name),
        guest=Address(invitation.guest, name),
        sent_by=sender,
        answer=status,
    )
    letter.attach(mime_part(file, "REPLY"))
    return letter


def _row(message: OutboxMessage) -> OutsideInvitation | None:
    rows = OutsideInvitation.objects.select_related("workspace")
    return rows.filter(pk=UUID(message.payload["invitation_id"])).first()


def _owner(invitation: OutsideInvitation) -> Owner | None:
    """Whose it is; None for somebody who left the workspace."""
    try:
        return owner_for(invitation.owner_kind, invitation.owner_id, invitation.workspace)
    except ObjectDoesNotExist:
        return None


def _event(event_id: UUID | None) -> Event | None:
    if event_id is None:
        return None
    rows = Event.objects.filter(pk=event_id, deleted_at__isnull=True)
    return rows.select_related("calendar__workspace").first()
