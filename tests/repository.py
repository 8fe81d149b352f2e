"""What must be true of the files themselves: `python -m tests.repository`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-browser.lock")


def lock_problems() -> list[str]:
    """A lock installs the same everywhere: hashes, and no address of a registry."""
    problems = []
    for name in LOCKS:
        text = (ROOT / name).read_text()
        if re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text):
            problems.append(f"{name} names an address")
        for line in text.splitlines():
            if re.match(r"^[A-Za-z0-9]", line) and "==" not in line:
                problems.append(f"{name}: not pinned: {line}")
        if "--hash=sha256:" not in text:
            problems.append(f"{name} has no hashes")
    return problems


def long_files() -> list[str]:
    """A source file has one subject: 400 lines at most."""
    names = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [
        f"{name} has {count} lines"
        for name in names
        if "/migrations/" not in name
        and not name.startswith("tests/")
        and name != "config/settings.py"
        and (count := len((ROOT / name).read_text().splitlines())) > 400
    ]


if __name__ == "__main__":
    found = lock_problems() + long_files()
    for problem in found:
        print(problem)
    sys.exit(bool(found))
