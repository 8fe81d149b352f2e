from __future__ import annotations

from pathlib import Path

from conferencing.plans import as_markdown

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_readme_shows_the_plans_as_the_product_checks_them():
    text = README.read_text()
    shown = text.split("<!-- plans: ", 1)[1].split("-->\n", 1)[1].split("<!-- /plans -->")[0]
    assert shown.strip() == as_markdown().strip()
