"""What `compose.yml` promises its containers."""

from __future__ import annotations

from pathlib import Path

import yaml

from common.tasks import HARD_LIMIT

SERVICES = yaml.safe_load((Path(__file__).resolve().parents[2] / "compose.yml").read_text())[
    "services"
]


def test_workers_are_given_time_to_end_what_they_are_about():
    """Ten seconds, unless more is said: a mail that was being taken went out twice."""
    minutes = int(SERVICES["worker"]["stop_grace_period"].removesuffix("m"))
    assert minutes * 60 > HARD_LIMIT
