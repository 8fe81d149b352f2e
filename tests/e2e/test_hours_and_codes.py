"""The hours editor by keyboard, and the page that asks for the code from the mail."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.e2e.days import day_of
from tests.e2e.hands import text_mailed_to
from tests.e2e.test_visitors import HASTE, fits

INES = "ines@larkfield.example"


def press(page, selector, key="Enter"):
    """Press a key on what has the keyboard by then."""
    page.locator(selector).focus()
    page.keyboard.press(key)


def settled(page):
    """Wait until the card that answers the press stands."""
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_hours_are_edited_by_keyboard_alone(demo, page_of):
    page = page_of(INES)
    page.goto(f"{demo.url}/admin/sales/scheduling")
    rows = page.locator('#day-monday input[name="monday-from"]')
    count = rows.count()
    press(page, "#add-monday")
    expect(rows).to_have_count(count + 1)
    added = page.locator(f"#from-monday-{count}")
    expect(added).to_be_focused()
    added.fill("18:00")
    page.locator('#day-monday input[name="monday-until"]').last.fill("17:00")

    # What is wrong is named at its day, and nothing that was typed is lost.
    press(page, "#save-hours")
    summary = page.locator("#availability .error-summary")
    expect(summary).to_contain_text("Monday: The end has to be after the start.")
    expect(summary).to_be_focused()
    expect(added).to_have_value("18:00")
    expect(page.locator('#day-monday input[name="monday-until"]').last).to_have_value("17:00")
    page.locator('#day-monday input[name="monday-until"]').last.fill("19:00")

    press(page, "#add-a-day")
    page.locator("#special-first").fill("2031-08-04")
    press(page, "#add-special")
    expect(page.locator("#special-days .chip", has_text="4 Aug 2031, closed")).to_be_visible()
    expect(page.locator("#special-first")).to_be_focused()

    press(page, "#add-holidays-h")
    page.locator("#holiday-country").select_option("IE")
    settled(page)
    page.locator("#holiday-year").select_option(index=1)
    press(page, "#add-holidays")
    expect(page.locator("#holidays-added")).to_be_focused()
    named = page.locator("#special-days .chip", has_text="Christmas Day").first
    expect(named).to_be_visible()

    zone = page.locator("#id_zone")
    zone.focus()
    zone.select_option("Europe/Lisbon")
    press(page, "#save-hours")
    expect(page.get_by_text("Not saved yet.")).to_have_count(0)
    page.reload()
    expect(page.locator("#id_zone")).to_have_value("Europe/Lisbon")
    expect(page.locator(f"#from-monday-{count}")).to_have_value("18:00")
    expect(page.locator("#special-days .chip", has_text="Christmas Day").first).to_be_visible()
    expect(page.locator("#special-days .chip", has_text="4 Aug 2031, closed")).to_be_visible()


def code_in(text):
    """The six digits of a mail."""
    return "".join(re.search(r"^(\d{3}) (\d{3})$", text, re.MULTILINE).groups())


def test_the_code_from_the_mail_books_and_a_wrong_one_keeps_everything(demo, open_page):
    demo.manage(
        "shell",
        "-c",
        "from booking.models import BookingLink as L; "
        "L.objects.filter(slug='ines-consultation').update(verifies_email=True)",
    )
    email = "code@visitor.example"
    page = open_page(phone=True)
    where = f"from={day_of(6)}&date={day_of(6, 2)}&tz=Europe/Dublin"
    page.goto(f"{demo.url}/book/ines-consultation?{where}")
    page.locator("#slots a.slot").first.click()
    page.get_by_label("Your name").fill("Lena Vogt")
    page.get_by_label("E-mail", exact=True).fill(email)
    time.sleep(HASTE)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    code = page.get_by_label("The code from the mail")
    expect(code).to_be_focused()
    fits(page)

    right = code_in(text_mailed_to(open_page(), demo, email))
    code.fill("000000" if right != "000000" else "111111")
    page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(code).to_have_attribute("aria-invalid", "true")
    fits(page)
    page.get_by_role("button", name="Change what you typed").click()
    expect(page.get_by_label("Your name")).to_have_value("Lena Vogt")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value(email)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    code.fill(right)
    page.keyboard.press("Enter")
    page.wait_for_url("**/done/**")
    expect(page.get_by_text(email).first).to_be_visible()
    demo.manage(
        "shell",
        "-c",
        "from booking.models import BookingLink as L; "
        "L.objects.filter(slug='ines-consultation').update(verifies_email=False)",
    )
