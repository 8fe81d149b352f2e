"""Take in mails from a file, a mailbox, or a mail server's pipe."""

from __future__ import annotations

import mailbox
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseProblem
from django.utils import timezone

from booking.itip.post import MOST_BYTES
from booking.services.incoming import take_in
from booking.services.mail_log import Fate
from common.errors import DomainError, InvalidInput

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

# As mail servers understand them: sysexits.h.
EX_USAGE: Final = 64
EX_DATAERR: Final = 65
EX_NOINPUT: Final = 66
EX_NOUSER: Final = 67
EX_TEMPFAIL: Final = 75
EX_CONFIG: Final = 78


class Command(BaseCommand):
    help = (
        "Take in mails: answers of bookers, invitations from outside. Each PATH is an .eml file "
        "or a mailbox, which begins with 'From '; - reads one mail from a mail server's pipe. "
        "What was taken before changes nothing, so after a failure all may be brought again. Exit "
        "codes are those of sysexits.h: 67 when no address is ours, 75 when it should be brought "
        "again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "paths", nargs="+", metavar="PATH", help="A file, or - for standard input."
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument(
            "--mbox",
            action="store_true",
            help="The files hold many mails, whatever they begin with.",
        )
        form.add_argument(
            "--eml",
            action="store_true",
            help="Each file holds one mail, whatever it begins with.",
        )
        parser.add_argument(
            "--recipient",
            action="append",
            default=[],
            help="To whom the server was told to deliver; may be repeated. Without it the mail's "
            "own headers are asked.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        paths: list[str] = options["paths"]
        if "-" in paths and (options["mbox"] or len(paths) > 1):
            raise CommandError("Only one mail is read from a pipe.", returncode=EX_USAGE)
        # Before the first is taken: a name that was mistyped is nothing that came half way.
        for path in paths:
            _expect_file(path)
        fates: list[Fate] = []
        for path in paths:
            for raw in _mails(path, is_mailbox=options["mbox"], is_one=options["eml"]):
                fates += _taken(raw, options["recipient"])
        for fate in Fate:
            count = fates.count(fate)
            if count:
                self.stdout.write(f"{count} {fate.value}")
        if fates and all(one is Fate.NOBODY for one in fates):
            raise CommandError("No address of ours.", returncode=EX_NOUSER)


def _taken(raw: bytes, recipients: list[str]) -> list[Fate]:
    try:
        return take_in(raw=raw, recipients=recipients, now=timezone.now())
    except InvalidInput as error:
        raise CommandError(error.message, returncode=EX_CONFIG) from None
    except DomainError as error:
        raise CommandError(error.message, returncode=EX_TEMPFAIL) from None
    except DatabaseProblem:
        words = "The database did not take it. Bring it again."
        raise CommandError(words, returncode=EX_TEMPFAIL) from None


def _expect_file(path: str) -> None:
    with suppress(OSError):  # a name that no file can have
        if path == "-" or Path(path).is_file():
            return
    raise CommandError(f"{path}: there is no such file.", returncode=EX_NOINPUT)


def _mails(path: str, *, is_mailbox: bool, is_one: bool) -> Iterator[bytes]:
    """Each mail's bytes, one more than is read of a mail at most."""
    if path == "-":
        yield sys.stdin.buffer.read(MOST_BYTES + 1)
        return
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if is_mailbox or (not is_one and raw.startswith(b"From ")):
            yield from _of_mailbox(path)
        else:
            yield raw
    except OSError:
        raise CommandError(f"{path} cannot be read.", returncode=EX_NOINPUT) from None


def _of_mailbox(path: str) -> Iterator[bytes]:
    with closing(mailbox.mbox(path, create=False)) as box:
        if not len(box) and Path(path).stat().st_size:
            raise CommandError(f"{path} is no mailbox.", returncode=EX_DATAERR)
        for key in box.iterkeys():
            with box.get_file(key) as file:
                yield file.read(MOST_BYTES + 1)
