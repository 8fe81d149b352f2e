"""The command line, for settings that lack something: said in a line, whatever the command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility

if TYPE_CHECKING:
    from django.core.management.base import BaseCommand


class CommandLine(ManagementUtility):
    """Django's goes on without settings, for what needs none; the next error then hides the first.

    `help` and `--version` still do.
    """

    def execute(self) -> None:
        try:
            super().execute()
        except ImproperlyConfigured as problem:
            if problem is not self.settings_exception:
                raise
            sys.exit(str(problem))

    def fetch_command(self, subcommand: str) -> BaseCommand:
        if isinstance(self.settings_exception, ImproperlyConfigured):
            raise self.settings_exception
        return super().fetch_command(subcommand)
