"""Inviting people and finding a time with them, by keyboard, by hand, and without scripts."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

# A Thursday some weeks ahead: Tomás and Amara have a stand-up at 09:00 and each other at 16:00.
MONDAY = date.today() - timedelta(days=date.today().weekday())
THURSDAY = MONDAY + timedelta(weeks=5, days=3)
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


def chips(dialog):
    return dialog.locator(".chips-field .chip [data-text]").all_text_contents()


def sent(dialog):
    """What the form would send."""
    return dialog.locator("[name=guests]").input_value()


def rows(dialog):
    return [
        re.sub(r"\s+", " ", words)
        for words in dialog.locator("#ev-times .times-rows li").all_inner_texts()
    ]


def test_names_are_completed_by_keyboard_and_taken_away_again(demo, sign_in_page):
    dialog = open_form(demo, sign_in_page())
    field = dialog.get_by_role("combobox", name="Guests")
    field.press_sequentially("tom")
    option = dialog.get_by_role("option", name=re.compile("Tomás Quinn"))
    option.wait_for()
    assert field.get_attribute("aria-expanded") == "true"
    field.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")
    assert option.get_attribute("aria-selected") == "true"
    field.press("Enter")
    assert (chips(dialog), sent(dialog)) == (["Tomás Quinn"], "tomas@finchharbour.example")

    field.press_sequentially("kim", delay=350)  # slowly: each letter asks, the last one counts
    dialog.get_by_role("option", name=re.compile("Kim Lowe.*Client, Osprey Rail")).wait_for()
    field.press("Escape")  # closes the list, not the dialog
    assert not dialog.locator(".guest-list").is_visible()
    assert dialog.is_visible()
    field.fill("")
    field.press_sequentially("jo@x.example,not-one,")
    assert chips(dialog)[1:] == ["jo@x.example", "not-one, not an e-mail address"]
    assert dialog.locator(".chip.is-wrong").count() == 1

    field.press("Backspace")
    assert chips(dialog) == ["Tomás Quinn", "jo@x.example"]
    dialog.get_by_role("button", name="Remove Tomás Quinn").click()
    assert sent(dialog) == "jo@x.example"
    field.press_sequentially("tom")  # who was taken away can be found again
    option.wait_for()


def test_pasted_addresses_become_chips_each_once(demo, sign_in_page):
    dialog = open_form(demo, sign_in_page())
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
    assert chips(dialog) == ["Kim Lowe", "Sam@wells.example", "lee@ospreyrail.example"]
    assert sent(dialog) == "kim@ospreyrail.example, Sam@wells.example, lee@ospreyrail.example"


def test_wrong_address_comes_back_as_it_was_typed(demo, sign_in_page):
    dialog = open_form(demo, sign_in_page())
    dialog.get_by_role("combobox", name="Guests").press_sequentially("kim(at)osprey,")
    dialog.get_by_role("button", name="Create event").click()
    dialog.get_by_text("is not an e-mail address").first.wait_for()
    assert chips(dialog) == ["kim(at)osprey, not an e-mail address"]
    dialog.locator("a[href='#id_guests']").click()  # the error summary leads to the field
    assert dialog.get_by_role("combobox", name="Guests").evaluate(
        "field => field === document.activeElement"
    )


@pytest.mark.parametrize("options", [{}, {"phone": True, "dark": True}])
def test_a_time_is_found_taken_and_kept(demo, sign_in_page, options):
    page = sign_in_page(**options)
    dialog = open_form(demo, page)
    title = f"Found together {'on a phone' if options else 'at a desk'}"
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("Calendar", exact=True).select_option(label="Amara Okafor")
    invite(dialog, "tom", "Tomás Quinn")
    dialog.get_by_text("does not suit everyone").wait_for()
    you, tomas = rows(dialog)
    assert you.startswith("You Busy 16:00–16:30")  # noqa: RUF001
    assert tomas.startswith("Tomás Quinn Busy 16:00–16:30")  # noqa: RUF001

    offer = dialog.locator("#ev-offer-1")
    start, end = offer.get_attribute("value").removeprefix("time:").split("/")
    offer.click()
    dialog.get_by_text("suits you both").wait_for()
    assert dialog.locator("#id_day").input_value() == start[:10]
    assert dialog.locator("#id_start").input_value() == start[11:]
    assert dialog.locator("#id_end").input_value() == end[11:]
    assert dialog.locator("#ev-overlap").inner_text() == ""

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


def test_colleague_whose_calendar_is_not_connected_is_never_called_free(demo, sign_in_page):
    """In the clinic Ines has a calendar and Amara, who asks, has none of her own."""
    page = sign_in_page("ines@larkfield.example")
    dialog = open_form(demo, page, start=f"{THURSDAY}T14:00")
    invite(dialog, "amara", "Amara Okafor")
    dialog.locator("#ev-times .times-rows").wait_for()
    assert "Not known: no calendar connected" in rows(dialog)[1]
    assert dialog.get_by_text("Both free").count() == 0
    assert dialog.get_by_text("Amara not known").count() == 3


def test_without_scripts_times_are_shown_and_taken_by_buttons(demo, sign_in_page):
    page = sign_in_page(scripts=False)
    page.goto(f"{demo.url}/calendar/events/new?start={AT_FOUR}")
    page.get_by_label("Title").fill("Kept while asking")
    page.locator("[name=guests]").fill("tomas@finchharbour.example")
    page.get_by_role("button", name="Show when colleagues are free").click()
    page.get_by_text("does not suit everyone").wait_for()
    assert page.get_by_label("Title").input_value() == "Kept while asking"
    offer = page.locator("#ev-offer-1")
    start = offer.get_attribute("value").removeprefix("time:").split("/")[0]
    offer.click()
    page.get_by_text("suits you both").wait_for()
    assert page.locator("#id_start").input_value() == start[11:]
    assert page.locator("[name=guests]").input_value() == "tomas@finchharbour.example"
