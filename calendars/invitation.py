"""The three answers to an invitation, as the details of an event offer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calendars.enums import Response, Scope

if TYPE_CHECKING:
    from calendars.models import Event

_LABELS: Final = (
    (Response.ACCEPTED, "Yes", "check"),
    (Response.TENTATIVE, "Maybe", "help"),
    (Response.DECLINED, "No", "x"),
)
# How much of a series an answer may be for; no provider takes one for this and the following.
SCOPES: Final = ((Scope.THIS, "This event"), (Scope.ALL, "All events"))
SAID: Final = {
    Response.ACCEPTED: "You said yes",
    Response.TENTATIVE: "You said maybe",
    Response.DECLINED: "You said no",
}


@dataclass(frozen=True, slots=True)
class AnswerButton:
    """One of the three; the one given last is pressed."""

    value: str
    label: str
    icon: str
    is_pressed: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """What can be answered: the buttons, what was asked, and of a series how much is meant."""

    buttons: tuple[AnswerButton, ...]
    question: str
    scopes: tuple[tuple[str, str, bool], ...]


def invitation_to(event: Event) -> Invitation:
    """The invitation that this event is, for somebody who may answer it."""
    buttons = tuple(
        AnswerButton(answer.value, label, icon, event.response == answer)
        for answer, label, icon in _LABELS
    )
    who = event.organizer_email
    asked = f"{who} invites you. Will you come?" if who else "Will you come?"
    question = SAID.get(Response(event.response), asked)
    scopes = tuple((scope.value, words, scope == Scope.THIS) for scope, words in SCOPES)
    return Invitation(buttons, question, scopes if event.series_remote_id else ())
