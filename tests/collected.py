"""Scripts and styles as production serves them, for tests of what is sent."""

from __future__ import annotations

import json
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test.utils import override_settings

from tests.first_load import Sent

BACKEND = "common.staticfiles.PackedStaticFilesStorage"


def collect(folder: Path) -> None:
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": BACKEND}}
    with override_settings(STATIC_ROOT=str(folder), STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)


def names_in(folder: Path) -> dict[str, str]:
    """The name that each file of ours is asked for under."""
    paths = json.loads((folder / "staticfiles.json").read_text())["paths"]
    return {name: kept for name, kept in paths.items() if name.startswith(("css/", "js/"))}


def sent_from(folder: Path, address: str) -> Sent:
    """What WhiteNoise answers to who takes gzip."""
    path = folder / address.removeprefix("/static/")
    packed = path.with_name(path.name + ".gz")
    return Sent((packed if packed.exists() else path).read_bytes(), is_packed=packed.exists())
