#!/usr/bin/env python
"""Django's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from common.command_line import CommandLine  # noqa: PLC0415 -- slow import

    CommandLine(sys.argv).execute()


if __name__ == "__main__":
    main()
