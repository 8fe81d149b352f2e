"""Inviting people and finding a time with them, by keyboard, by hand, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.days import day_of

# A Thursday some weeks ahead: Tomás and Amara have a stand-up at 09:00 and each other at 16:00.
THURSDAY = day_of(5, 3)
AT_FOUR = f"{THURSDAY}T16:00"


def open_form(demo, page, start=AT_FOUR):
    """The dialog over the week that it is about."""
    page.goto(f"{demo.url}/calendar?view=week&date={start[:10]}")
    page.locator("#week").wait_for(state="attached")
    page.evaluate(
        "url => document.dispatchEvent(new CustomEvent('dialog:open', { detail: { url } }))",
        f"/calendar/events/new?start={start}",
    )
    page.locator("dialog[open] [role=combobox]").wait_for()
    return page.locator("dialog[open]")


def invite(dialog, letters, name):
    """Type letters and take who is found."""
    field = dialog.get_by_role("combobox", name="Guests")
    field.press_sequentially(letters)
    dialog.get_by_role("option", name=re.compile(name)).click()


def expect_chips(dialog, *texts):
    expect(dialog.locator(".chips-field .chip [data-text]")).to_have_text(list(texts))


def expect_sent(dialog, addresses):
    """Wait until that is what the form would send."""
    expect(dialog.locator("[name=guests]")).to_have_value(addresses)


def rows(dialog):
    return dialog.locator("#ev-times .times-rows li")


def test_names_are_completed_by_keyboard_and_taken_away_again(demo, page_of):
    dialog = open_form(demo, page_of())
    field = dialog.get_by_role("combobox", name="Guests")
    field.press_sequentially("tom")
    option = dialog.get_by_role("option", name=re.compile("Tomás Quinn"))
    option.wait_for()
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    expect(option).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect_chips(dialog, "Tomás Quinn")
    expect_sent(dialog, "tomas@finchharbour.example")

    field.press_sequentially("kim", delay=350)  # slowly: each letter asks, the last one counts
    dialog.get_by_role("option", name=re.compile("Kim Lowe.*Client, Osprey Rail")).wait_for()
    field.press("Escape")  # closes the list, not the dialog
    expect(dialog.locator(".guest-list")).to_be_hidden()
    expect(dialog).to_be_visible()
    field.fill("")
    field.press_sequentially("jo@x.example,not-one,")
    expect_chips(dialog, "Tomás Quinn", "jo@x.example", "not-one, not an e-mail address")
    expect(dialog.locator(".chip.is-wrong")).to_have_count(1)

    field.press("Backspace")
    expect_chips(dialog, "Tomás Quinn", "jo@x.example")
    dialog.get_by_role("button", name="Remove Tomás Quinn").click()
    expect_sent(dialog, "jo@x.example")
    field.press_sequentially("tom")  # who was taken away can be found again
    option.wait_for()


def test_pasted_addresses_become_chips_each_once(demo, page_of):
    dialog = open_form(demo, page_of())
    field = dialog.get_by_role("combobox", name="Guests")
    field.focus()
    field.evaluate(
        """(field, text) => {
          const data = new DataTransfer();
          data.setData("text/plain", text);
          const how = { clipboardData: data, bubbles: true, cancelable: true };
          field.dispatchEvent(new ClipboardEvent("paste", how));
        }""",
        "Kim Lowe <kim@ospreyrail.example>; Sam@wells.example\n"
        "sam@wells.example, lee@ospreyrail.example",
    )
    expect_chips(dialog, "Kim Lowe", "Sam@wells.example", "lee@ospreyrail.example")
    expect_sent(dialog, "kim@ospreyrail.example, Sam@wells.example, lee@ospreyrail.example")


def test_wrong_address_comes_back_as_it_was_typed(demo, page_of):
    dialog = open_form(demo, page_of())
    dialog.get_by_role("combobox", name="Guests").press_sequentially("kim(at)osprey,")
    dialog.get_by_role("button", name="Create event").click()
    dialog.get_by_text("is not an e-mail address").first.wait_for()
    expect_chips(dialog, "kim(at)osprey, not an e-mail address")
    dialog.locator("a[href='#id_guests']").click()  # the error summary leads to the field
    expect(dialog.get_by_role("combobox", name="Guests")).to_be_focused()


@pytest.mark.parametrize("options", [{}, {"phone": True, "dark": True}])
def test_a_time_is_found_taken_and_kept(demo, page_of, options):
    page = page_of(**options)
    dialog = open_form(demo, page)
    title = f"Found together {'on a phone' if options else 'at a desk'}"
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("Calendar", exact=True).select_option(label="Amara Okafor")
    invite(dialog, "tom", "Tomás Quinn")
    dialog.get_by_text("does not suit everyone").wait_for()
    expect(rows(dialog)).to_have_count(2)
    expect(rows(dialog).nth(0)).to_contain_text("You Busy 16:00–16:30", use_inner_text=True)  # noqa: RUF001
    expect(rows(dialog).nth(1)).to_contain_text("Tomás Quinn Busy 16:00–16:30", use_inner_text=True)  # noqa: RUF001

    offer = dialog.locator("#ev-offer-1")
    start, end = offer.get_attribute("value").removeprefix("time:").split("/")
    offer.click()
    dialog.get_by_text("suits you both").wait_for()
    expect(dialog.locator("#id_day")).to_have_value(start[:10])
    expect(dialog.locator("#id_start")).to_have_value(start[11:])
    expect(dialog.locator("#id_end")).to_have_value(end[11:])
    expect(dialog.locator("#ev-overlap")).to_have_text("")

    dialog.get_by_role("button", name="Create event").click()
    dialog.wait_for(state="hidden")
    remove(demo, page, title)


def remove(demo, page, title):
    """Leave the calendar as it was."""
    page.goto(f"{demo.url}/calendar/search?q={title}")
    address = page.get_by_role("link", name=re.compile(title)).first.get_attribute("href")
    page.goto(f"{demo.url}{address}/delete")
    page.get_by_role("button", name=re.compile("Delete")).last.click()
    page.wait_for_url("**/calendar?**")


def test_colleague_whose_calendar_is_not_connected_is_never_called_free(demo, page_of):
    """In the clinic Ines has a calendar and Amara, who asks, has none of her own."""
    page = page_of("ines@larkfield.example")
    dialog = open_form(demo, page, start=f"{THURSDAY}T14:00")
    invite(dialog, "amara", "Amara Okafor")
    expect(rows(dialog).nth(1)).to_contain_text("Not known: no calendar connected")
    expect(dialog.get_by_text("Amara not known")).to_have_count(3)
    expect(dialog.get_by_text("Both free")).to_have_count(0)


def test_without_scripts_times_are_shown_and_taken_by_buttons(demo, page_of):
    page = page_of(scripts=False)
    page.goto(f"{demo.url}/calendar/events/new?start={AT_FOUR}")
    page.get_by_label("Title").fill("Kept while asking")
    page.locator("[name=guests]").fill("tomas@finchharbour.example")
    page.get_by_role("button", name="Show when colleagues are free").click()
    page.get_by_text("does not suit everyone").wait_for()
    expect(page.get_by_label("Title")).to_have_value("Kept while asking")
    offer = page.locator("#ev-offer-1")
    start = offer.get_attribute("value").removeprefix("time:").split("/")[0]
    offer.click()
    page.get_by_text("suits you both").wait_for()
    expect(page.locator("#id_start")).to_have_value(start[11:])
    expect(page.locator("[name=guests]")).to_have_value("tomas@finchharbour.example")
