"""`manage.py verify_provider` at addresses like real ones: over HTTP, to a server of its own."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("provider", ["google", "microsoft", "zoom"])
def test_provider_is_verified_over_http(sandbox, connect, user_owner, workspace, alice, provider):
    for one in ("google", "outlook", "zoom"):
        connect(user_owner, one)
    out = StringIO()
    call_command(
        "verify_provider", workspace=workspace.slug, owner=alice.email, provider=provider,
        stdout=out, no_color=True,
    )  # fmt: skip
    lines = out.getvalue().splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        "ok   Route", "ok   Create", "ok   Read back", "ok   Join link", "ok   Change",
        "ok   Delete", "ok   Gone", "ok   Access log",
    ]  # fmt: skip
    assert lines[-1] == "1 of 1 checks are good."
