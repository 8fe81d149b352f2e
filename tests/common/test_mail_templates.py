"""No mail loads anything: what its reader does with it is their own affair."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(
    path
    for path in ROOT.glob("**/templates/**/mail/*.html")
    if not {".venv", "node_modules"} & set(path.parts)
)
LOADS = re.compile(
    r"<img|<script|<link|<iframe|\bsrc\s*=|\bbackground\s*=|url\(|@import", re.IGNORECASE
)


def test_there_are_mails():
    assert len(TEMPLATES) >= 8


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_mail_loads_nothing_from_anywhere(path):
    assert LOADS.findall(path.read_text()) == []
