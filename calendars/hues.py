"""A provider's colour becomes the nearest of our eight hues."""

from __future__ import annotations

import math
import re

from calendars.enums import Hue

# Degrees in OKLCH, as the stylesheet has them. Slate is the one for greys.
_DEGREES = {
    Hue.TIDE: 248,
    Hue.MOSS: 148,
    Hue.PLUM: 336,
    Hue.CLAY: 45,
    Hue.IRIS: 292,
    Hue.OCHRE: 85,
    Hue.LAGOON: 190,
}
_GREY = 0.035
_HEX = re.compile(r"#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\Z", re.IGNORECASE)


def nearest_hue(colour: str) -> Hue:
    """The hue next to a hex colour; tide for what is no colour, slate for a grey."""
    found = _HEX.match(colour.strip())
    if found is None:
        return Hue.TIDE
    a, b = _oklab(*(int(part, 16) / 255 for part in found.groups()))
    if math.hypot(a, b) < _GREY:
        return Hue.SLATE
    degrees = math.degrees(math.atan2(b, a)) % 360
    return min(_DEGREES, key=lambda hue: _apart(_DEGREES[hue], degrees))


def _apart(one: float, other: float) -> float:
    distance = abs(one - other) % 360
    return min(distance, 360 - distance)


def _oklab(red: float, green: float, blue: float) -> tuple[float, float]:
    """The a and b of an sRGB colour. https://bottosson.github.io/posts/oklab/"""
    r, g, b = (_linear(part) for part in (red, green, blue))
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
