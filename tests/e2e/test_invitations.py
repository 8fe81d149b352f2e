"""An invitation answered, and a description written with its formatting, as somebody does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SATURDAY, day_of
from tests.e2e.hands import (
    GOOGLE,
    OUTLOOK,
    await_block,
    block,
    control,
    dialog,
    expect_place,
    open_form,
    place,
    put,
    remote_id,
    toast,
    week_of,
)

ACCOUNTS = pytest.mark.parametrize("account", [GOOGLE, OUTLOOK], ids=["Google", "Outlook"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
ASKED, MAYBE, DECLINED = (re.compile(rf"\bis-{word}\b") for word in ("asked", "maybe", "declined"))
TENTATIVE = {GOOGLE: "tentative", OUTLOOK: "tentativelyAccepted"}


def invite(demo, page, title, *, week, account):
    """Somebody invites; the page stands at that week once the block is there."""
    made = put(
        demo, title, day_of(week, SATURDAY), 10, account=account, organizer="boss@elsewhere.example"
    )
    await_block(demo, page, title, week)
    return made


def said_at_provider(demo, account, event):
    """The guest's own answer on the provider's side, in its word; None where the event is gone."""
    name, email = remote_id(event), account.partition(":")[2]
    held = control(demo, "GET", "state")["events"]
    found = next(one for one in held if one["key"].endswith(name))
    if account == OUTLOOK:
        return None if found["deleted"] else found["body"]["responseStatus"]["response"]
    guests = found["body"]["attendees"]
    return next(one["responseStatus"] for one in guests if one["email"] == email)


@SCRIPTS
@ACCOUNTS
def test_invitation_is_answered_where_it_stands(demo, page_of, account, scripts):
    """Maybe with a word by hand, yes by keyboard, and no, which Outlook takes off the calendar."""
    page = page_of(scripts=scripts)
    title, week = f"Panel {account[:3]} {scripts}", 30 if scripts else 32
    made = invite(demo, page, title, week=week, account=account)
    shown = block(page, title).first
    expect(shown).to_have_class(ASKED)
    shown.locator("a").focus()
    before = place(page) if scripts else None

    shown.locator("a").click()
    page.get_by_text("boss@elsewhere.example invites you. Will you come?").wait_for()
    page.get_by_text("Add a word to the organiser").click()
    page.get_by_label("Comment").fill("I may be late")
    page.get_by_role("button", name="Maybe").click()
    toast(page, f"You said maybe to “{title}”")
    expect(shown).to_have_class(MAYBE)
    assert said_at_provider(demo, account, made) == TENTATIVE[account]
    if scripts:
        expect_place(page, before)

    shown.locator("a").click()
    expect(page.get_by_role("button", name="Maybe")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Yes").focus()
    page.keyboard.press("Enter")
    expect(shown).not_to_have_class(MAYBE)
    expect(shown).not_to_have_class(ASKED)
    assert said_at_provider(demo, account, made) == "accepted"

    shown.locator("a").click()
    page.get_by_role("button", name="No", exact=True).click()
    expect(dialog(page)).to_have_count(0)
    if account == GOOGLE:
        expect(shown).to_have_class(DECLINED)
        assert said_at_provider(demo, account, made) == "declined"
    else:
        expect(block(page, title)).to_have_count(0)
        assert said_at_provider(demo, account, made) in {None, "declined"}


_FOCUS_AT_ONCE = """title => new Promise((done) => {
    const dialog = document.getElementById("dialog");
    new MutationObserver((_, seen) => {
        const yes = dialog.querySelector("[name=response][value=accepted]");
        if (!yes) return;
        seen.disconnect();
        yes.focus();
        setTimeout(() => done(document.activeElement === yes), 100);  // timers set before have run
    }).observe(dialog, { childList: true, subtree: true });
    [...document.querySelectorAll("#week .ev")].find((one) => one.textContent.includes(title))
        .querySelector("a").click();
})"""


def test_focus_given_to_a_button_that_just_came_stays_on_it(demo, page_of):
    """It was taken back to the heading a moment later, and an Enter went to nothing."""
    page = page_of()
    invite(demo, page, "Quick answer", week=33, account=GOOGLE)
    assert page.evaluate(_FOCUS_AT_ONCE, "Quick answer")
    page.keyboard.press("Enter")
    toast(page, "You said yes to “Quick answer”")


def test_description_is_written_with_keys_and_shown_as_it_was_written(demo, page_of):
    page = page_of()
    week_of(demo, page, 34)
    form = open_form(page)
    form.get_by_label("Title").fill("Formatted")
    form.locator("details.more > summary").click()
    editor = form.get_by_role("textbox", name="Notes")
    editor.click()
    page.keyboard.type("Bring ")
    page.keyboard.press("Control+b")
    page.keyboard.type("both")
    page.keyboard.press("Control+b")
    page.keyboard.type(" lists")
    page.keyboard.press("Enter")
    form.get_by_role("button", name="List").click()
    page.keyboard.type("autumn")
    page.keyboard.press("Enter")
    form.get_by_role("button", name="Link").click()
    page.keyboard.type("plans.example/winter")
    page.keyboard.press("Enter")
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.setData("text/html", "<img src=x onerror=alert(1)>pasted");
        data.setData("text/plain", " pasted");
        document.activeElement.dispatchEvent(new ClipboardEvent("paste",
            { clipboardData: data, bubbles: true, cancelable: true })); }"""
    )
    form.get_by_role("button", name="Create event").click()
    toast(page, "was created")

    block(page, "Formatted").first.locator("a").click()
    prose = dialog(page).locator(".prose")
    prose.wait_for()
    expect(prose.locator("b")).to_have_text(["both"])
    expect(prose.locator("li")).to_have_text(["autumn", "plans.example/winter pasted"])
    link = prose.get_by_role("link", name="plans.example/winter")
    expect(link).to_have_attribute("href", "https://plans.example/winter")
    expect(prose.locator("img")).to_have_count(0)
