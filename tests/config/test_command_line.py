"""What management commands say when the environment lacks something."""

from __future__ import annotations

import subprocess
import sys

import pytest
from django.conf import settings

LACKING = "Set the MERIDIAN_VARIABLE_THAT_NOBODY_SETS environment variable"


def run(*arguments):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments, "--settings", "tests.config.unnamed_settings"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("makemigrations", "--check"),
        ("migrate",),
        ("check",),
        ("runserver", "--noreload"),
        ("seed_demo",),
        ("help", "migrate"),
    ],
    ids=lambda command: command[0],
)
def test_missing_variable_is_said_in_a_line(command):
    """`makemigrations --check` ended in AppRegistryNotReady, the others in a trace."""
    done = run(*command)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (1, "", LACKING)


def test_help_needs_no_settings():
    done = run("help")
    assert done.returncode == 0
    assert LACKING in done.stdout
    assert "makemigrations" in done.stdout
