"""The sentences of mails about a change: who did what, and what follows for the reader.

Bookers and guests read them in the booker's language, hosts in their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from booking.enums import MeetingState, Party
from booking.owners import public_name
from booking.services.readers import Role
from booking.services.statements import FileKind, Said

if TYPE_CHECKING:
    from booking.models import MeetingBase, MeetingChange
    from booking.services.readers import Reader
    from booking.services.statements import Statement


def subject_start(statement: Statement, meeting: MeetingBase) -> str:
    """What the subject begins with, such as Moved."""
    if statement.said is Said.MOVED and meeting.state == MeetingState.REQUESTED:
        return _("Requested: %(meeting)s")
    return {
        Said.BOOKED: "%(meeting)s",
        Said.INVITED: _("Invitation: %(meeting)s"),
        Said.APPROVED: _("Confirmed: %(meeting)s"),
        Said.MOVED: _("Moved: %(meeting)s"),
        Said.CANCELLED: _("Cancelled: %(meeting)s"),
        Said.DECLINED: _("Declined: %(meeting)s"),
        Said.EXPIRED: _("Not confirmed: %(meeting)s"),
        Said.OTHER_HOST: _("With somebody else: %(meeting)s"),
        Said.GIVEN: _("Handed to you: %(meeting)s"),
        Said.TAKEN: _("Handed on: %(meeting)s"),
        Said.LINK: _("Join link for %(meeting)s"),
        Said.GUESTS: _("Guests changed: %(meeting)s"),
        Said.REMOVED: _("Not invited any more: %(meeting)s"),
    }[statement.said]


def hello(statement: Statement, meeting: MeetingBase, reader: Reader) -> str:
    """The first sentences: what happened, and who did it."""
    words = {
        "name": reader.name,
        "host": public_name(reader.owner),
        "doer": _doer(statement, reader),
        "booker": meeting.booker_name,
        "title": meeting.title,
        "what": _what(statement, meeting),
    }
    if reader.role.is_host:
        return _to_host(statement, meeting, reader) % words
    text = _to_guest(statement, meeting, is_own=_is_own(statement, reader)) % words
    greeting = _("Hello %(name)s,") % words if reader.name else _("Hello,")
    return f"{greeting} {text}"


def about_file(statement: Statement, reader: Reader) -> str:
    """What the attached file does; blank when there is none."""
    if statement.file is FileKind.CANCEL:
        return _("The attached file takes it out of your calendar.")
    if statement.file is FileKind.NONE:
        return ""
    if reader.had_file:
        return _("The attached file brings the meeting in your calendar up to date.")
    return _("The attached file adds it to your calendar.")


def wrote(change: MeetingChange, reader: Reader) -> str:
    """The label of what somebody wrote with a change."""
    if reader.role is Role.BOOKER and change.by == Party.BOOKER:
        return _("You wrote")
    return _("%(name)s wrote") % {"name": change.name}


def _to_guest(statement: Statement, meeting: MeetingBase, *, is_own: bool) -> str:
    if statement.said is Said.MOVED and meeting.state == MeetingState.REQUESTED:
        if is_own:
            return _(
                "you asked for another time. %(host)s answers by e-mail; "
                "the new time is kept for you until then."
            )
        return _(
            "%(doer)s moved your request to another time. It still waits to be confirmed; "
            "the new time is kept for you until then."
        )
    own = {
        Said.MOVED: _("you moved your meeting. Its new time is:"),
        Said.CANCELLED: _("you cancelled this meeting. It does not take place."),
        Said.GUESTS: _("you changed who comes along to this meeting."),
    }
    if is_own and statement.said in own:
        return own[statement.said]
    return {
        Said.BOOKED: _("you are booked."),
        Said.INVITED: _("%(booker)s booked this meeting with %(host)s and named you as a guest."),
        Said.APPROVED: _("%(doer)s confirmed your meeting."),
        Said.MOVED: _("%(doer)s moved your meeting. Its new time is:"),
        Said.CANCELLED: _("%(doer)s cancelled this meeting. It does not take place."),
        Said.DECLINED: _("%(doer)s cannot take this meeting. Nothing is booked."),
        Said.EXPIRED: _("nobody confirmed your request in time. Nothing is booked."),
        Said.OTHER_HOST: _("your meeting is now with %(host)s. The time stays as it is."),
        Said.LINK: _("here is the join link for your meeting."),
        Said.GUESTS: _("%(doer)s changed who comes along to this meeting."),
        Said.REMOVED: _(
            "%(doer)s took you off the guests of this meeting with %(host)s. "
            "It takes place without you."
        ),
    }[statement.said]


def _to_host(statement: Statement, meeting: MeetingBase, reader: Reader) -> str:
    is_request = meeting.state == MeetingState.REQUESTED
    if statement.said is Said.MOVED and is_request:
        return _(
            "%(doer)s asks for another time for %(what)s. "
            "Confirm or decline it; the time is kept until then."
        )
    return {
        Said.BOOKED: _("%(booker)s booked %(title)s."),
        Said.APPROVED: _("%(doer)s confirmed %(title)s with %(booker)s."),
        Said.MOVED: _("%(doer)s moved %(what)s. Its new time is:"),
        Said.CANCELLED: _("%(doer)s cancelled %(what)s. The time is free again."),
        Said.DECLINED: _("%(doer)s declined %(title)s with %(booker)s. The time is free again."),
        Said.EXPIRED: _(
            "Nobody answered the request of %(booker)s for %(title)s in time. It is declined, "
            "and the time is free again."
        ),
        Said.GIVEN: (
            _("%(doer)s gave you the request of %(booker)s for %(title)s. Confirm or decline it.")
            if is_request
            else _("%(doer)s gave you %(title)s with %(booker)s.")
        ),
        Said.GUESTS: _("%(doer)s changed who comes along to %(what)s."),
        Said.TAKEN: _("%(doer)s gave %(title)s with %(booker)s to somebody else."),
    }[statement.said]


def _what(statement: Statement, meeting: MeetingBase) -> str:
    """The meeting, with whom it is unless that is who did it."""
    if statement.last is not None and statement.last.by == Party.BOOKER:
        return meeting.title
    words = {"title": meeting.title, "name": meeting.booker_name}
    return _("%(title)s with %(name)s") % words


def _is_own(statement: Statement, reader: Reader) -> bool:
    """Whether the reader did it."""
    last = statement.last
    if last is None:
        return False
    if reader.role.is_host:
        return last.by == Party.OWNER and last.actor_id == str(reader.owner.id)
    return reader.role is Role.BOOKER and last.by == Party.BOOKER


def _doer(statement: Statement, reader: Reader) -> str:
    last = statement.last
    # Of owners only members do things as themselves, and their mails are in English.
    if reader.role.is_host and _is_own(statement, reader):
        return "You"
    return last.name if last is not None and last.name else public_name(reader.owner)
