"""A page says the same sentence as the API, keeps what was typed, and answers 422."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from calendars.models import Event
from tests.calendars.views.events.conftest import FORM
from tests.calendars.views.test_series import typed
from tests.failures.faults import chosen_faults
from tests.failures.flows import BOTH, FLOWS, board, change, create, delete
from tests.failures.scene import said

FLOW = next(flow for flow in FLOWS if flow.name == "Creating an event")
OPERATIONS = {
    "google": ("google.events.insert", "google.events.patch", "google.events.delete"),
    "outlook": ("microsoft.events.create", "microsoft.events.update", "microsoft.events.delete"),
}
CONFLICT = (
    "Somebody deleted this event",
    "This is being changed elsewhere right now. Nothing was saved yet. Save again.",
)


def _page(scene, what):
    event = scene.kept["event"]
    if what == "create":
        data = {**FORM, "calendar": str(scene.calendar.pk), "notes": "Bring the plans"}
        return scene.browser.post("/calendar/events/new", data)
    if what == "change":
        form = {**scene.kept["form"], "title": "Changed", "notes": "Bring the plans"}
        return scene.browser.post(f"/calendar/events/{event}/edit", form)
    return scene.browser.post(f"/calendar/events/{event}/delete")


@pytest.mark.parametrize("what", ["create", "change", "delete"])
@pytest.mark.parametrize("provider", BOTH)
def test_page_says_what_the_api_says(make_scene, ear, provider, what):
    at = ("create", "change", "delete").index(what)
    operation = OPERATIONS[provider][at]
    act = (create, change("this"), delete("this"))[at]
    with make_scene(provider, replace(FLOW)) as scene:
        board(scene)
        row = Event.objects.get(pk=scene.kept["event"])
        scene.kept["form"] = typed(scene.browser, row)
        for fault in chosen_faults(operation):
            if fault.withdrawn or fault.name == "401 once":
                continue
            how = {**fault.how, "count": None}
            with scene.tried():
                scene.sandbox.fault(operation, **how)
                told = act(scene)
            with scene.tried():
                scene.sandbox.fault(operation, **how)
                answer = _page(scene, what)
            if told.done:
                assert answer.status_code == 302, fault.name
                continue
            body = html.unescape(answer.content.decode())
            assert answer.status_code == 422, (fault.name, answer.status_code)
            if what == "change" and fault.name.startswith(("404", "409", "412")):
                # Theirs stands beside what was typed: the page has words of its own for that.
                assert said(body).startswith(CONFLICT), said(body)
            else:
                assert told.words in body, (fault.name, told.words)
            if what != "delete":
                assert "Bring the plans" in body
