"""Signing up as a new person does it, in the demo."""

from __future__ import annotations


def test_a_refused_sign_up_keeps_what_was_typed_and_the_zone_is_the_browsers(demo, open_page):
    page = open_page(timezone="America/Bogota")
    page.goto(f"{demo.url}/accounts/signup/")
    page.get_by_label("Your name").fill("Nia Park")
    page.get_by_label("Workspace").fill("Park & Co")
    page.get_by_label("E-mail").fill("nia@park.example")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("alert").get_by_text("One thing to put right").wait_for()
    assert page.get_by_label("Your name").input_value() == "Nia Park"
    page.get_by_label("Password").fill("sundial-and-chart")
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/calendar**")
    assert page.get_by_role("link", name="Connect Google").first.is_visible()
    page.goto(f"{demo.url}/profile")
    assert page.get_by_label("Time zone", exact=True).input_value() == "America/Bogota"
