"""A client's own person: from the mail to a connected calendar, hours and a cancelled meeting."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hands import text_mailed_to, toast

INES = "ines@larkfield.example"
LINK = re.compile(r"http://localhost:\d+/client/open/[\w-]{43}")


def invited(demo, page_of, open_page, name, email):
    """A new client of the clinic, invited by hand; the staff's page and the mail's link."""
    page = page_of(INES)
    page.goto(f"{demo.url}/clients/new")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Their e-mail").fill(email)
    page.get_by_role("button", name="Add client").click()
    page.goto(f"{demo.url}/clients")
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("link", name="Invite them to connect").click()
    expect(page.get_by_label("E-mail", exact=True)).to_have_value(email)
    page.get_by_role("button", name="Send the link").click()
    toast(page, f"A link is on its way to {email}")
    return page, LINK.search(text_mailed_to(open_page(), demo, email))[0]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_client_connects_a_calendar_and_sets_hours_until_the_link_is_closed(
    demo, page_of, open_page, scripts
):
    name = f"Rosewood {'with' if scripts else 'without'}"
    staff, link = invited(
        demo, page_of, open_page, name, f"{name.replace(' ', '.').lower()}@rose.example"
    )

    page = open_page(phone=True, scripts=scripts)
    page.goto(link)
    page.get_by_role("button", name=f"Continue as {name}").click()
    page.wait_for_url(f"{demo.url}/client")
    expect(page.get_by_text("No calendar is connected")).to_be_visible()
    page.get_by_role("link", name="Connect a calendar").click()

    page.get_by_role("link", name="Connect Google").click()
    page.get_by_label("Its e-mail address").fill("rose@gmail.example")
    page.get_by_role("radio", name="A new pretend account").check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{demo.url}/client/calendars")
    expect(page.locator("#calendars").get_by_text("rose@gmail.example").first).to_be_visible()

    page.get_by_role("link", name="Hours").click()
    page.get_by_label("Monday, from").fill("10:30")
    page.get_by_role("button", name="Save hours").last.click()
    expect(page.get_by_text("The hours are saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Monday, from")).to_have_value("10:30")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    staff.reload()
    expect(staff.locator("#calendars").get_by_text("rose@gmail.example").first).to_be_visible()
    staff.locator("#access").get_by_role("button", name="Close").click()
    toast(staff, "What was connected stays connected")
    answer = page.goto(f"{demo.url}/client/hours")
    assert answer.status == 404
    expect(page.get_by_role("heading", name="This link is not open")).to_be_visible()
    assert link.rpartition("/")[2] not in demo.logs()
