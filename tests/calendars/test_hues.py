"""A provider's colour becomes one of ours."""

from __future__ import annotations

import pytest

from calendars.enums import Hue
from calendars.hues import nearest_hue


@pytest.mark.parametrize(
    ("colour", "hue"),
    [
        ("#9fc6e7", Hue.TIDE),
        ("#16a765", Hue.MOSS),
        ("#cd74e6", Hue.PLUM),
        ("#ac725e", Hue.CLAY),
        ("#9a9cff", Hue.IRIS),
        ("#fad165", Hue.OCHRE),
        ("#92e1c0", Hue.MOSS),
        ("#00bcd4", Hue.LAGOON),
        ("c2c2c2", Hue.SLATE),
        ("#000000", Hue.SLATE),
        ("", Hue.TIDE),
        ("auto", Hue.TIDE),
        ("#12", Hue.TIDE),
    ],
)
def test_colour_has_a_nearest_hue(colour, hue):
    assert nearest_hue(colour) == hue
