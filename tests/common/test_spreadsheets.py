"""CSV that a spreadsheet opens as text."""

from __future__ import annotations

import csv
import io

import pytest

from common.spreadsheets import cell, csv_lines


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x")']
)
def test_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Ann;=1+1", "Ann;'=1+1"),
        ("Ann <a@b.example>; @SUM(A1)", "Ann <a@b.example>; '@SUM(A1)"),
        ('Ann;"=1+1"', 'Ann;"\'=1+1"'),
    ],
)
def test_a_semicolon_begins_no_formula_either(text, safe):
    assert cell(text) == safe


def test_other_text_stays_as_it_is():
    assert [cell(text) for text in ("Ann", "a=b", "1-1", "a; b", "")] == [
        "Ann", "a=b", "1-1", "a; b", "",
    ]  # fmt: skip


def test_lines_read_back_whole():
    rows = [["Müller, Ann", 'say "hi"'], ["two\nlines", 7]]
    text = "".join(csv_lines(["who", "what"], rows))
    read = list(csv.reader(io.StringIO(text)))
    assert read == [["who", "what"], ["Müller, Ann", 'say "hi"'], ["two\nlines", "7"]]
