"""What readers hear and where the focus goes: names, roles and order, by hand and by rule."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SATURDAY, day_of
from tests.e2e.hands import dialog, press, week_of

# Everything one can reach has a name; labels are not nested; ids stand once; one main, one h1.
FAULTS = """() => {
    const faults = [];
    const seen = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true], [inert]");
    const words = (id) => id.split(/\\s+/).map((one) => document.getElementById(one)?.textContent || "").join(" ");
    const name = (one) => (
        one.getAttribute("aria-label")
        || (one.getAttribute("aria-labelledby") && words(one.getAttribute("aria-labelledby")))
        || [...(one.labels || [])].map((label) => label.textContent).join(" ")
        || (one.matches("input[type=submit], input[type=button]") ? one.value : "")
        || one.textContent || one.getAttribute("title") || ""
    ).trim();
    const reach = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
    for (const one of document.querySelectorAll(reach)) {
        if (seen(one) && !name(one)) faults.push(`no name: ${one.outerHTML.slice(0, 120)}`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) faults.push(`twice: #${id}`);
    for (const one of document.querySelectorAll("[aria-labelledby], [aria-describedby], [aria-controls]")) {
        for (const kind of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
            for (const id of (one.getAttribute(kind) || "").split(/\\s+/).filter(Boolean)) {
                if (!document.getElementById(id) && seen(one)) faults.push(`${kind} to nothing: #${id}`);
            }
        }
    }
    for (const one of document.querySelectorAll("a a, a button, button a, button button, label label")) {
        faults.push(`nested: ${one.outerHTML.slice(0, 80)}`);
    }
    for (const one of document.querySelectorAll("img:not([alt]), [role=button]:not([tabindex]):not(button)")) {
        faults.push(`unsaid: ${one.outerHTML.slice(0, 80)}`);
    }
    if (document.querySelectorAll("main").length !== 1) faults.push("main");
    const tops = [...document.querySelectorAll("h1, [role=heading][aria-level='1']")].filter(seen);
    if (tops.length !== 1 && !document.querySelector("dialog[open]")) faults.push(`${tops.length} headings on top`);
    if (!document.documentElement.lang || !document.title) faults.push("lang or title");
    return faults;
}"""  # noqa: E501 -- a script


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_every_control_of_every_calendar_page_is_named(demo, page_of, phone):
    page = page_of(phone=phone)
    found = {}
    for address in (
        *(f"/calendar?view={view}&date={day_of(0)}" for view in ("week", "day", "month", "agenda")),
        "/calendar/search?q=Osprey",
        "/calendar/connections",
        "/calendar/events/new",
        "/workspace/headquarters",
    ):
        page.goto(f"{demo.url}{address}")
        page.locator("main").wait_for()
        if faults := page.evaluate(FAULTS):
            found[address] = faults
    assert found == {}


def test_dialogs_are_named_modal_and_keep_the_focus_inside(demo, page_of):
    page = page_of()
    week_of(demo, page, 1)
    page.locator("#week .ev", has_text="Studio stand-up").first.locator("a").click()
    details = page.get_by_role("dialog", name="Studio stand-up")
    expect(details.get_by_role("heading", name="Studio stand-up")).to_be_focused()
    assert page.evaluate(FAULTS) == []
    details.get_by_role("link", name="Edit").click()
    form = page.get_by_role("dialog", name="Change event")
    expect(form.get_by_role("radio", name="This event")).to_be_focused()  # its first field
    assert page.evaluate(FAULTS) == []
    stops = set()
    for _ in range(60):
        press(page, "Tab")
        stops.add(
            page.evaluate(
                "() => document.activeElement === document.body"
                " || Boolean(document.activeElement.closest('dialog[open]'))"
            )
        )
    assert stops == {True}
    form.get_by_label("Ends").fill("00:01")
    form.get_by_role("button", name="Save changes").click()
    summary = form.get_by_role("alert")
    expect(summary).to_be_focused()
    field = form.get_by_label("Ends")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = field.get_attribute("aria-describedby").split()
    assert form.locator(f"#{described[0]}").inner_text().strip()


def test_tab_goes_skip_link_sidebar_toolbar_grid_events_by_time(demo, page_of):
    page = page_of()
    week_of(demo, page, 2)
    order = []
    for _ in range(200):
        press(page, "Tab")
        order.append(
            page.evaluate(
                """() => {
                    const one = document.activeElement;
                    if (one.matches(".skip")) return ["skip"];
                    if (one.id === "week") return ["grid"];
                    const block = one.closest("#week .day .ev");
                    if (block) return ["event", block.dataset.s];
                    for (const part of [".side", ".toolbar", "#week"]) {
                        if (one.closest(part)) return [part];
                    }
                    return ["other"];
                }"""
            )
        )
        if sum(stop[0] == "event" for stop in order) >= 8:
            break
    parts = list(dict.fromkeys(stop[0] for stop in order))
    assert parts[:4] == ["skip", ".side", ".toolbar", "grid"]
    starts = [stop[1] for stop in order if stop[0] == "event"]
    assert len(starts) == 8
    assert starts == sorted(starts)
    assert sum(stop[0] == "grid" for stop in order) == 1  # its empty hours are no stops


def test_news_of_the_grid_and_of_moves_are_said_politely(demo, page_of):
    page = page_of()
    week_of(demo, page, 2)
    page.locator("#week").focus()
    press(page, "ArrowDown", *["ArrowRight"] * SATURDAY)
    said = page.locator("body > .sr-only[role=status]")
    expect(said).to_contain_text("Saturday")
    press(page, "Enter")
    expect(dialog(page).get_by_label("Title")).to_be_focused()
    for region in ("#toasts", "#live"):
        assert page.locator(region).get_attribute("role") == "status"
