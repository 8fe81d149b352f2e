"""Writes the tables of `docs/providers.md` anew: `python -m tests.failures`."""

from __future__ import annotations

import os
import sys

import pytest

from tests.failures import document

if __name__ == "__main__":
    os.environ[document.WRITE] = "1"
    sys.exit(pytest.main(["-q", "-p", "no:randomly", "--tb=short", "tests/failures"]))
