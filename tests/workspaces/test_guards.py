"""Who is let in to staff pages."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_nobody_signed_in_goes_to_sign_in_and_back(client):
    response = client.get("/calendar/connections")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/calendar/connections"


def test_session_that_ended_leaves_the_whole_page_for_sign_in(client):
    """A redirect would put the sign-in page into the dialog that htmx fills."""
    response = client.get(
        "/calendar/events/new",
        headers={"HX-Request": "true", "HX-Current-URL": "https://m.example/calendar?date=2026-11-18"},
    )  # fmt: skip
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Fcalendar%3Fdate%3D2026-11-18"


def test_somebody_without_a_workspace_finds_no_page(sign_in, charlie):
    assert sign_in(charlie).get("/calendar").status_code == 404
