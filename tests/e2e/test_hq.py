"""The headquarters' week, as the one who watches and as those who may not."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import page_in
from tests.e2e.days import day_of
from tests.e2e.hands import press

NILS = "nils@northgate.example"
BRANCHES = "/workspace/headquarters"


@pytest.fixture(scope="module")
def branches(demo, chromium, session_of):
    """Two workspaces are watched while these tests run: the studio's request is accepted."""
    context = chromium.new_context(locale="en-GB", storage_state=session_of(demo, NILS))
    page = page_in(context)
    page.goto(f"{demo.url}{BRANCHES}")
    page.get_by_role("button", name="Accept Finch & Harbour").click()
    page.get_by_text("Finch & Harbour is a branch now.").wait_for()
    yield
    page.goto(f"{demo.url}{BRANCHES}")
    page.get_by_role("button", name="Stop watching Finch & Harbour").click()
    page.get_by_text("That workspace is no branch of yours.").wait_for()
    context.close()


@pytest.fixture
def open_hq(demo, page_of):
    def opened(weeks=1, **options):
        page = page_of(NILS, **options)
        page.goto(f"{demo.url}/calendar/hq?date={day_of(weeks)}")
        page.locator("#week .wk-body").wait_for()
        return page

    return opened


def in_week(page):
    """What readers hear of every event."""
    return page.locator("#week .ev .sr-only").all_inner_texts()


def of_branch(page, name):
    return [line for line in in_week(page) if name in line]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.usefixtures("branches")
def test_one_week_holds_all_branches_and_is_filtered_by_branch(open_hq, scripts):
    page = open_hq(scripts=scripts)
    assert of_branch(page, "Larkfield Clinic")
    assert of_branch(page, "Finch & Harbour")
    whole = len(in_week(page))
    page.get_by_role("checkbox", name="Finch & Harbour").uncheck()
    if not scripts:
        page.get_by_role("button", name="Show these").click()
    page.wait_for_url("**branch=**")
    page.locator("#week .wk-body").wait_for()
    assert of_branch(page, "Finch & Harbour") == []
    assert 0 < len(in_week(page)) < whole
    page.get_by_role("link", name="Next week").first.click()
    page.wait_for_url(f"**date={day_of(2)}**")
    expect(page.get_by_role("checkbox", name="Finch & Harbour")).not_to_be_checked()
    assert of_branch(page, "Finch & Harbour") == []


def test_people_are_busy_times_and_clients_are_told(open_hq):
    page = open_hq()
    theirs = page.locator("#week .ev", has_text="Ines Duarte").locator(".t").all_inner_texts()
    assert set(theirs) == {"Busy"}
    expect(page.locator("#week .ev", has_text="Recall list")).to_have_count(1)
    assert "Ward round" not in page.content()


def test_nothing_on_it_can_be_changed(open_hq):
    page = open_hq()
    can = "#week a.cell, #week .can-move, #week .ev a[href], #new-event"
    expect(page.locator(can)).to_have_count(0)
    page.locator("#week .ev").first.click()
    page.locator("#week").focus()
    press(page, "ArrowDown", "Enter", "n")
    box = page.locator("#week .day.c5").bounding_box()
    page.mouse.move(box["x"] + 30, 500)
    page.mouse.down()
    page.mouse.move(box["x"] + 30, 600, steps=4)
    page.mouse.up()
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#week .is-draft, #week .is-moving")).to_have_count(0)
    assert "/calendar/hq" in page.url


def test_each_look_stands_in_the_branchs_own_log(demo, open_hq, page_of):
    open_hq(3)
    auditor = page_of("noor@larkfield.example")
    auditor.goto(f"{demo.url}/audit")
    expect(auditor.locator("table").first).to_contain_text(NILS)


@pytest.mark.parametrize(
    "email",
    ["amara@finchharbour.example", "ines@larkfield.example", "noor@larkfield.example"],
    ids=["owner of a branch that asked", "owner of a branch", "auditor of a branch"],
)
def test_nobody_else_reaches_it(demo, open_page, session_of, email):
    page = open_page(session=session_of(demo, email))
    page.goto(demo.url)
    page.get_by_role("navigation", name="Sections").first.wait_for()
    expect(page.get_by_role("link", name="Headquarters")).to_have_count(0)
    answer = page.goto(f"{demo.url}/calendar/hq")
    assert answer.status == 404
    expect(page.locator("#week")).to_have_count(0)


def test_a_visitor_is_asked_to_sign_in(demo, open_page):
    page = open_page()
    page.goto(f"{demo.url}/calendar/hq")
    page.wait_for_url(f"{demo.url}/accounts/login/**")
