"""Who comes along to a meeting that is booked: people invited to it, and taken off it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_noop

from booking.booker import clean_text
from booking.enums import ChangeKind, MeetingState, Party
from booking.errors import BookerRefused, GuestsRefused
from booking.guests import clean_guests
from booking.models import MeetingAnswer
from booking.services.blocking import refuse_blocked, refuse_blocked_guests
from booking.services.keeping import held_still, keep, once_more, require_unchanged
from common.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.history import Doer

_Guests = list[dict[str, str]]
_OVER = gettext_noop("This meeting is over, so nobody can be invited or taken off any more.")
_OFF = gettext_noop("This meeting does not take place, so nobody is invited to it.")
_OF_GROUP = gettext_noop("In a group everybody books a seat of their own.")
_NO_GUESTS = gettext_noop("This link takes no guests.")


@dataclass(frozen=True, slots=True)
class _Wish:
    """Whom to invite, cleaned, and whose addresses to take off; who wants that, and of which
    version of the meeting.
    """

    add: _Guests
    gone: set[str]
    doer: Doer
    now: datetime
    message: str
    expected_sequence: int | None


def takes_more_guests(meeting: MeetingBase, by: Party) -> bool:
    """Whether somebody may be invited to it: never to a group's slot, and by its booker only where
    the link it was booked through lets bookers bring people.
    """
    return not _why_no_more(meeting, by)


def new_guests(meeting: MeetingBase, add: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Those who are not invited yet."""
    invited = {guest["email"].lower() for guest in meeting.guests}
    return [guest for guest in add if guest.get("email", "").strip().lower() not in invited]


def change_guests(
    *,
    meeting: MeetingBase,
    doer: Doer,
    now: datetime,
    add: Sequence[Mapping[str, str]] = (),
    remove: Iterable[str] = (),
    message: str = "",
    expected_sequence: int | None = None,
) -> MeetingBase:
    """Invite the guests `add` and take those with the addresses `remove` off the meeting.

    Who is invited already, or is not there, changes nothing; with nobody left to change the
    meeting stays as it is. The new ones get the invitation once the meeting is confirmed, the
    removed ones a cancellation, and everybody else a calendar file that says who comes.

    Raises Conflict for what is over or off, InvalidInput naming `guests`, a part of it
    (`guests[<index>].email`) or `message`, GuestsRefused where a booker invites somebody, or is
    somebody, whom the workspace blocks, and ChangedMeanwhile where somebody changed the meeting
    after `expected_sequence`.
    """
    text = clean_text(message, "message")
    gone = {address.strip().lower() for address in remove}
    clean = clean_guests(add, meeting.booker_email)
    if doer.by is Party.BOOKER:
        _refuse_blocked(
            meeting, [guest["email"] for guest in new_guests(meeting, clean)], doer, now
        )
    wish = _Wish(clean, gone, doer, now, text, expected_sequence)
    return once_more(lambda: _change(meeting, wish))


def _change(meeting: MeetingBase, wish: _Wish) -> MeetingBase:
    with held_still(meeting) as fresh:
        _refuse_closed(fresh, wish.now)
        kept = [guest for guest in fresh.guests if guest["email"].lower() not in wish.gone]
        new = new_guests(fresh, wish.add)
        if not new and len(kept) == len(fresh.guests):
            return fresh
        require_unchanged(fresh, wish.expected_sequence)
        if new and (why := _why_no_more(fresh, wish.doer.by)):
            raise InvalidInput("guests", gettext(why))
        fresh.guests = clean_guests([*kept, *new], fresh.booker_email)
        # Who is invited again later is asked anew, whatever they said before.
        MeetingAnswer.objects.filter(
            workspace=fresh.workspace_id, meeting_id=fresh.pk, email__in=wish.gone, is_booker=False
        ).delete()
        keep(
            fresh=fresh,
            kind=ChangeKind.GUESTS,
            doer=wish.doer,
            now=wish.now,
            message=wish.message,
        )
    return fresh


def _refuse_closed(meeting: MeetingBase, now: datetime) -> None:
    if meeting.state not in {MeetingState.CONFIRMED, MeetingState.REQUESTED}:
        is_over = meeting.state == MeetingState.NO_SHOW
        raise Conflict(gettext(_OVER if is_over else _OFF))
    if meeting.end_at <= now:
        raise Conflict(gettext(_OVER))


def _why_no_more(meeting: MeetingBase, by: Party) -> str:
    if meeting.group_id is not None:
        return _OF_GROUP
    link = meeting.link
    return _NO_GUESTS if by is Party.BOOKER and link is not None and not link.takes_guests else ""


def _refuse_blocked(
    meeting: MeetingBase, invited: Sequence[str], doer: Doer, now: datetime
) -> None:
    """A blocked booker takes people off, and invites nobody."""
    if not invited:
        return
    workspace = meeting.workspace
    try:
        refuse_blocked(
            workspace=workspace, email=meeting.booker_email, address=doer.actor.address, now=now
        )
    except BookerRefused:
        raise GuestsRefused from None
    refuse_blocked_guests(workspace=workspace, emails=invited, now=now)
