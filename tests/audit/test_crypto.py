from __future__ import annotations

import base64

import pytest

from audit.crypto import KeyRing, Unreadable, place

OLD = {"a": base64.b64encode(b"a" * 32).decode()}
NEW = {"b": base64.b64encode(b"b" * 32).decode(), **OLD}
HERE = place("w", "c", "google", "access")


def test_seal_opens_in_its_own_place():
    ring = KeyRing.from_settings(OLD)
    assert ring.unseal(ring.seal(b"secret", HERE), HERE) == b"secret"


@pytest.mark.parametrize(
    "elsewhere",
    [
        place("w2", "c", "google", "access"),
        place("w", "c2", "google", "access"),
        place("w", "c", "outlook", "access"),
        place("w", "c", "google", "refresh"),
    ],
)
def test_seal_does_not_open_when_copied_elsewhere(elsewhere):
    ring = KeyRing.from_settings(OLD)
    sealed = ring.seal(b"secret", HERE)
    with pytest.raises(Unreadable):
        ring.unseal(sealed, elsewhere)


def test_every_changed_byte_is_noticed():
    ring = KeyRing.from_settings(OLD)
    sealed = ring.seal(b"secret", HERE)
    for index in range(len(sealed)):
        changed = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(Unreadable):
            ring.unseal(changed, HERE)


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 10, 15, 20])
def test_a_cut_value_is_unreadable(cut):
    ring = KeyRing.from_settings(OLD)
    with pytest.raises(Unreadable):
        ring.unseal(ring.seal(b"secret", HERE)[:cut], HERE)


def test_the_same_text_never_seals_the_same():
    ring = KeyRing.from_settings(OLD)
    assert len({ring.seal(b"secret", HERE) for _ in range(100)}) == 100


def test_an_old_key_opens_while_a_new_one_seals():
    sealed_before = KeyRing.from_settings(OLD).seal(b"secret", HERE)
    ring = KeyRing.from_settings(NEW)
    assert ring.unseal(sealed_before, HERE) == b"secret"
    with pytest.raises(Unreadable):
        KeyRing.from_settings(OLD).unseal(ring.seal(b"secret", HERE), HERE)


def test_an_empty_ring_is_refused():
    with pytest.raises(ValueError, match="TOKEN_KEYS"):
        KeyRing.from_settings({})
