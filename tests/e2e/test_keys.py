"""The staff pages by keyboard alone, in the demo."""

from __future__ import annotations


def test_g_and_a_letter_go_to_a_section(sign_in_page):
    page = sign_in_page()
    for letter, address in (("m", "**/meetings"), ("l", "**/scheduling"), ("c", "**/calendar")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(address)
