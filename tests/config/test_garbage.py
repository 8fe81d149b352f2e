"""A web process is settled before its first request."""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = """
import gc
from config.wsgi import application
print(gc.get_freeze_count(), len(gc.get_objects()), *gc.get_threshold())
"""


def test_what_is_loaded_is_never_looked_at_again(settings):
    """A look at all that Django and the product have loaded took 80 ms out of one request."""
    command = [sys.executable, "-c", _ASK]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=True
    )
    frozen, watched, young, *_ = map(int, done.stdout.split())
    assert frozen > 100_000
    assert watched < frozen / 10
    assert young > 700
