"""Signing up as a new person does it, in the demo."""

from __future__ import annotations

from playwright.sync_api import expect


def test_a_refused_sign_up_keeps_what_was_typed_and_the_zone_is_the_browsers(demo, open_page):
    page = open_page(timezone="America/Bogota")
    page.goto(f"{demo.url}/accounts/signup/")
    page.get_by_label("Your name").fill("Nia Park")
    page.get_by_label("Workspace").fill("Park & Co")
    page.get_by_label("E-mail").fill("nia@park.example")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("alert").get_by_text("One thing to put right").wait_for()
    expect(page.get_by_label("Your name")).to_have_value("Nia Park")
    page.get_by_label("Password").fill("sundial-and-chart")
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(f"{demo.url}/calendar**")
    expect(page.get_by_role("link", name="Connect Google").first).to_be_visible()
    page.goto(f"{demo.url}/profile")
    expect(page.get_by_label("Time zone", exact=True)).to_have_value("America/Bogota")
