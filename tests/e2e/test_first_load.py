"""What a page brings along, and what comes when a hand is on it."""

from __future__ import annotations

import re

from django.conf import settings
from playwright.sync_api import expect

from common.staticfiles import packed
from tests.e2e.days import MONDAY

LATE = {"guests.js", "prose.js", "later.js"}
RULES = """text => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return [...sheet.cssRules].map((rule) => rule.cssText);
}"""


def test_dialogs_have_their_scripts_before_they_open(demo, page_of):
    """The week comes without them; the first form has its chips and its editor as it opens."""
    page, asked = page_of(), []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    page.goto(f"{demo.url}/calendar?view=week&date={MONDAY}")
    page.wait_for_load_state("networkidle")
    assert set(asked) >= {"dialog.js", "grid.js", "drag.js"}
    assert LATE.isdisjoint(asked)

    page.get_by_role("link", name="New event").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[name=title]").wait_for()
    assert set(asked) >= LATE
    assert dialog.get_by_role("combobox", name="Guests").is_visible()
    assert dialog.locator(".prose-edit").count() == 1


def test_form_opens_though_its_scripts_cannot_be_had(demo, page_of):
    """Guests and notes are plain fields then, which do the same."""
    page = page_of()
    page.route(re.compile(r"/js/(guests|prose|later)\.js"), lambda route: route.abort())
    page.goto(f"{demo.url}/calendar?view=week&date={MONDAY}")
    page.get_by_role("link", name="New event").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_label("Guests")).to_be_visible()
    expect(dialog.locator("textarea[name=guests]")).to_be_visible()


def test_packed_styles_say_what_ours_say(open_page):
    source = (settings.BASE_DIR / "static/css/app.css").read_text()
    page = open_page()
    ours, sent = (page.evaluate(RULES, text) for text in (source, packed("css/app.css", source)))
    # Custom properties are given back as they are written, blanks included.
    plain = [re.sub(r"(?<=[:;,{}])\s+", "", re.sub(r"\s+", " ", rule)) for rule in ours]
    also = [re.sub(r"(?<=[:;,{}])\s+", "", re.sub(r"\s+", " ", rule)) for rule in sent]
    assert len(plain) > 5
    assert also == plain
