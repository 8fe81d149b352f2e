"""What kind of act each reason is, for filters and for the glyph beside it."""

from __future__ import annotations

from enum import StrEnum

from audit.enums import AccessReason

_WRITING = ("create", "update", "respond", "move", "watch", "sweep", "write")


class Act(StrEnum):
    """Kinds of acts, in the order they are offered."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    KEY = "key"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def icon(self) -> str:
        return _ICONS[self]


_ICONS = {Act.READ: "eye", Act.WRITE: "pencil", Act.DELETE: "trash", Act.KEY: "key"}


def act_of(reason: str) -> Act:
    """The kind of act a reason's words name; reading unless they say otherwise."""
    verb = reason.rpartition(".")[2]
    if reason.startswith(("oauth.", "token.", "credential.")):
        return Act.KEY
    if verb in {"delete", "erase"}:
        return Act.DELETE
    return Act.WRITE if verb in _WRITING else Act.READ


def icon_of(reason: str) -> str:
    """The glyph of a reason: what is made anew has a sign of its own."""
    return "plus" if reason.endswith(".create") else act_of(reason).icon


def reasons_of(act: Act) -> frozenset[str]:
    """The reasons of that kind."""
    return frozenset(reason.value for reason in AccessReason if act_of(reason) is act)
