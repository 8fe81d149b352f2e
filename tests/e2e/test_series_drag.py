"""Moving one event of a series by hand and by keyboard: it asks how much of it is meant."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.calendar_hands import (
    ahead,
    clear_there,
    create,
    go,
    middle,
    shown,
)
from tests.e2e.days import SATURDAY
from tests.e2e.hands import drag, eventually, press, toast

HOUR = 56  # pixels


FIRST, SECOND, THIRD = (ahead(weeks, SATURDAY) for weeks in (20, 21, 22))


class Series:
    """Three Saturdays at ten. The page shows the second one."""

    def __init__(self, demo, page, title):
        self.demo, self.page, self.title = demo, page, title
        create(demo, page, title, FIRST, repeats="weekly", stops="after", times="3")
        go(demo, page, "week", SECOND)
        self.block.wait_for()

    @property
    def block(self):
        return self.page.locator("#week .ev:not(.is-moving)", has_text=self.title)

    def hours(self):
        found = []
        for day in (FIRST, SECOND, THIRD):
            go(self.demo, self.page, "week", day)
            found += [one[11:] for one in shown(self.page, self.title)]
        return found

    def pull(self):
        """Down by an hour and a half; the dialog that asks."""
        x, y = middle(self.block)
        drag(self.page, (x, y), (x, y + HOUR * 1.5))
        dialog = self.page.locator("dialog[open]")
        dialog.get_by_text("This event repeats").wait_for()
        return dialog


@pytest.fixture
def three(demo, page_of, request):
    series = Series(demo, page_of(), f"Saturdays {request.node.name}"[:60])
    yield series
    clear_there(demo, series.title)


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("This event", ["10:00", "11:30", "10:00"]),
        ("This and the following", ["10:00", "11:30", "11:30"]),
        ("All events", ["11:30", "11:30", "11:30"]),
    ],
)
def test_as_much_as_was_chosen_is_moved(three, choice, after):
    page, dialog = three.page, three.pull()
    expect(dialog).to_contain_text("11:30\u201312:30")
    expect(page.locator("#week .is-moving")).to_have_count(1)
    dialog.get_by_label(choice, exact=True).check()
    dialog.get_by_role("button", name="Move", exact=True).click()
    toast(page, "to Saturday")
    expect(page.locator("#week .is-moving, #week .is-lifted")).to_have_count(0)
    eventually(three.hours, after)


def test_cancelled_question_puts_it_back(three):
    page, address = three.page, three.page.url
    dialog = three.pull()
    press(page, "Escape")
    dialog.wait_for(state="detached")
    page.wait_for_url(address)
    expect(page.locator("#week .is-moving, #week .is-lifted")).to_have_count(0)
    eventually(three.hours, ["10:00"] * 3)


def test_keyboard_alone_moves_all_and_undo_brings_them_back(three):
    page = three.page
    three.block.locator("a").focus()
    press(page, "m", "ArrowDown", "ArrowDown", "Enter")
    page.locator("dialog[open]").get_by_text("This event repeats").wait_for()
    page.wait_for_function("() => document.activeElement.name === 'scope'")
    press(page, "ArrowDown", "ArrowDown", "Enter")
    moved = toast(page, f"All of “{three.title}” moved")
    page.wait_for_function("() => document.activeElement.textContent.includes('Saturdays')")
    moved.get_by_role("button", name="Undo").click()
    toast(page, "is back at")
    eventually(three.hours, ["10:00"] * 3)


def test_delete_key_asks_how_much(three):
    page = three.page
    three.block.locator("a").focus()
    press(page, "Delete")
    dialog = page.locator("dialog[open]")
    dialog.get_by_text(f"Delete “{three.title}”?").wait_for()
    expect(dialog.get_by_label("This and the following")).to_have_count(1)
