"""Every call of these tests is held to what Google and Microsoft publish."""

from __future__ import annotations

import pytest

from common import http
from tests.conftest import SANDBOX_URL
from tests.fidelity.validate import RecordingWSGIAdapter


@pytest.fixture
def sandbox(sandbox):
    """The sandbox, behind a transport that fails the test on an unpublished field."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(sandbox.adapter.app))
    return sandbox
