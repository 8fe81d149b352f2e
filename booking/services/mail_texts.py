"""A workspace's own words in mails to bookers: kept, tried out, and given to whoever writes one.

Words are by kind of mail and language; a mail in a language without own words says ours.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import get_language

from booking.enums import TextKind
from booking.languages import LANGUAGES
from booking.models import MailSender, MailText, MailTextChange
from booking.own_text import check_line, check_text
from common.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from django.db.models import QuerySet

    from workspaces.models import User, Workspace

MAX_SUBJECT: Final = 150
MAX_OPENING: Final = 1000
MAX_NAME: Final = 60
MAX_SIGNATURE: Final = 600
# What would make a name read as an address, or end it in a header.
_NO_NAME: Final = re.compile(r"[@<>\":;,\\{}]|https?:|www\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Words:
    """One kind's own words; blank ones mean ours."""

    subject: str = ""
    opening: str = ""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose name mails bear, and what stands below their text; blank ones mean none."""

    name: str = ""
    signature: str = ""


# What is tried out by whoever edits it, before it is kept.
_tried: ContextVar[Words | None] = ContextVar("tried words", default=None)


@contextmanager
def trying(words: Words) -> Iterator[None]:
    """Mails made inside say these words, kept or not."""
    token = _tried.set(words)
    try:
        yield
    finally:
        _tried.reset(token)


def words_of(workspace_id: UUID, kind: TextKind, language: str = "") -> Words:
    """The workspace's words for this kind, in the language spoken now unless one is named."""
    tried = _tried.get()
    if tried is not None and not language:
        return tried
    code = (language or get_language() or "").partition("-")[0]
    found = MailText.objects.filter(workspace_id=workspace_id, kind=kind, language=code).first()
    return Words(found.subject, found.opening) if found else Words()


def sender_of(workspace_id: UUID) -> Sender:
    found = MailSender.objects.filter(workspace_id=workspace_id).first()
    return Sender(found.name, found.signature) if found else Sender()


def checked(words: Words) -> Words:
    """Raises InvalidInput naming `subject` or `opening`."""
    return Words(
        check_line(words.subject, "subject", MAX_SUBJECT),
        check_text(words.opening, "opening", MAX_OPENING),
    )


def save_words(
    *, workspace: Workspace, kind: TextKind, language: str, words: Words, by: User
) -> None:
    """Keep them; blank ones mean ours again. What stood there goes to the history.

    Raises InvalidInput naming the field.
    """
    if language not in {one.code for one in LANGUAGES}:
        raise InvalidInput("language", "Choose one of the languages of bookers.")
    kept = checked(words)
    with transaction.atomic():
        rows = MailText.objects.select_for_update()
        row = rows.filter(workspace=workspace, kind=kind, language=language).first()
        was = Words(row.subject, row.opening) if row else Words()
        if kept == was:
            return
        if row is not None and kept == Words():
            row.delete()
        else:
            MailText.objects.update_or_create(
                workspace=workspace,
                kind=kind,
                language=language,
                defaults={"subject": kept.subject, "opening": kept.opening},
            )
        MailTextChange.objects.create(
            workspace=workspace,
            kind=kind,
            language=language,
            by_name=by.get_full_name(),
            was_subject=was.subject,
            was_opening=was.opening,
        )


def save_sender(*, workspace: Workspace, sender: Sender, by: User) -> None:
    """Keep name and signature. Raises InvalidInput naming `name` or `signature`."""
    name = check_line(sender.name, "name", MAX_NAME)
    if _NO_NAME.search(name):
        raise InvalidInput("name", "Give a name without a web address and without signs like @.")
    kept = Sender(name, check_text(sender.signature, "signature", MAX_SIGNATURE, known=()))
    with transaction.atomic():
        was = sender_of(workspace.pk)
        if kept == was:
            return
        MailSender.objects.update_or_create(
            workspace=workspace, defaults={"name": kept.name, "signature": kept.signature}
        )
        MailTextChange.objects.create(
            workspace=workspace,
            by_name=by.get_full_name(),
            was_subject=was.name,
            was_opening=was.signature,
        )


def own_kinds(workspace: Workspace) -> set[tuple[str, str]]:
    """The kinds and languages that have words of the workspace's own."""
    return set(MailText.objects.filter(workspace=workspace).values_list("kind", "language"))


def given_up(workspace: Workspace, kind: TextKind, language: str) -> MailTextChange | None:
    """The change by which ours are said again, with the words that stood there before; None while
    there are own ones, or never were.
    """
    rows = MailTextChange.objects.filter(workspace=workspace, kind=kind, language=language)
    last = rows.order_by("-created_at", "-pk").first()
    if last is None or words_of(workspace.pk, kind, language) != Words():
        return None
    return last


def history_of(workspace: Workspace) -> QuerySet[MailTextChange]:
    """Who changed what, the latest first."""
    return MailTextChange.objects.filter(workspace=workspace)
