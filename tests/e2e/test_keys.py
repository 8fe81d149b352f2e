"""The staff pages by keyboard alone, in the demo."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.calendar_hands import ahead, go
from tests.e2e.days import SATURDAY
from tests.e2e.hands import press


def test_g_and_a_letter_go_to_a_section(sign_in_page):
    page = sign_in_page()
    for letter, address in (("m", "**/meetings"), ("l", "**/scheduling"), ("c", "**/calendar")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(address)


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("field", ["title", "place"])
def test_enter_in_a_field_saves_the_event(demo, page_of, scripts, field):
    page = page_of(scripts=scripts)
    title, day = f"Entered {field} {scripts}", ahead(23, SATURDAY)
    go(demo, page, "week", day)
    if scripts:
        press(page, "n")
    else:
        page.goto(f"{demo.url}/calendar/events/new?start={day}T10:00")
    form = page.locator("form", has=page.get_by_label("Title"))
    form.locator("[name=title]").fill(title)
    form.locator("[name=day]").fill(str(day))
    form.locator("[name=last_day]").fill(str(day))
    form.locator("summary", has_text="Place, notes").click()
    form.locator(f"[name={field}]").press("Enter")
    form.wait_for(state="detached")
    go(demo, page, "week", day)
    expect(page.locator("#week .ev", has_text=title)).to_have_count(1)
