"""No mail loads anything: what its reader does with it is their own affair."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from common.mail_form import Letter

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(
    path
    for folder in ("mail", "account/email")
    for path in ROOT.glob(f"**/templates/**/{folder}/*.html")
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


def test_plain_text_has_one_blank_line_where_a_template_leaves_several():
    assert Letter(body="\n Hello\n\n \n\nA\nB \n\n\nC\n\n").body == "Hello\n\nA\nB\n\nC\n"


def test_a_name_without_a_blank_makes_no_mail_wider_than_its_window():
    """All of a mail stands in the card, and inherits from it how words break."""
    base = (ROOT / "templates/mail/base.html").read_text()
    (style,) = re.findall(r'<table class="m-card"[^>]* style="([^"]*)"', base)
    assert {"word-break:break-word", "overflow-wrap:anywhere"} <= set(style.split(";"))
