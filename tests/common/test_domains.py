"""Domains in ASCII: nobody's mail goes to somebody whose domain only looks alike to old rules."""

from __future__ import annotations

import pytest

from booking.booker import clean_email
from booking.itip.addresses import canonical
from common.domains import ascii_domain


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("faß.example", "xn--fa-hia.example"),
        ("FAß.Example", "xn--fa-hia.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("βόλος.example", "xn--nxasmm1c.example"),
        ("日本語。example", "xn--wgv71a119e.example"),
        ("Larkfield.Example", "Larkfield.Example"),
        ("with_underscore.example", "with_underscore.example"),
    ],
)
def test_a_domain_as_dns_knows_it(typed, known):
    assert ascii_domain(typed) == known


@pytest.mark.parametrize(
    "typed",
    ["a..example", "ü" * 64 + ".example", "x" * 64 + ".example", "-ü.example", "\u202eü.example"],
)
def test_what_is_no_domain(typed):
    with pytest.raises(UnicodeError):
        ascii_domain(typed)


def test_addresses_of_bookers_and_of_answers_are_alike():
    assert clean_email("dana@faß.example") == "dana@xn--fa-hia.example"
    assert canonical("Dana@Faß.example") == "dana@xn--fa-hia.example"
