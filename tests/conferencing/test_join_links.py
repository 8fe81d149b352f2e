"""Join links: which of them are none, what they hold, and how they are found in a text."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client as Browser

from conferencing.enums import LinkKind
from conferencing.models import TelehealthJoin
from conferencing.telehealth.links import join_token, join_url, links_in, read_token, room_in
from tests.conferencing.test_join_page import START


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1],
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token[:22] + "o" + token[23:],
        lambda token: "A" * 22 + token[22:],
        lambda token: token.replace(".", ":"),
        lambda token: token + "x",
        lambda token: "",
        lambda token: "x" * 400,
        lambda token: "ü" * 22 + token[22:],
    ],
)
def test_tampered_link_opens_nothing(room, clock, spoil):
    clock.move_to(START)
    token = spoil(join_token(room.pk, LinkKind.GUEST))
    assert read_token(token) is None
    for method in ("get", "post"):
        answer = getattr(Browser(), method)(f"/join/{token}", {"name": "Ann"})
        assert answer.status_code == 404
        assert "Acme" not in answer.text
    assert not TelehealthJoin.objects.exists()


def test_signature_of_another_purpose_or_key_opens_nothing(room, settings):
    said = join_token(room.pk, LinkKind.GUEST).partition(".")[0]
    other = signing.Signer(salt="something.else", sep=".").sign(said)
    assert read_token(other) is None
    forged = signing.Signer(key="f" * 50, salt="conferencing.telehealth.join", sep=".").sign(said)
    assert read_token(forged) is None


def test_link_outlives_a_change_of_the_key_that_is_kept_as_fallback(room, settings):
    token = join_token(room.pk, LinkKind.GUEST)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 50
    assert read_token(token).room_id == room.pk
    settings.SECRET_KEY_FALLBACKS = []
    assert read_token(token) is None


def test_link_to_a_room_that_is_gone_is_no_link(db):
    assert Browser().get(f"/join/{join_token(uuid4(), LinkKind.GUEST)}").status_code == 404


def test_link_holds_no_personal_data_and_stays_the_same(room):
    assert join_url(room.pk) == join_url(room.pk)
    token = join_token(room.pk, LinkKind.BOOKER)
    assert len(token) == 67
    assert room.name not in token


def test_links_are_found_in_a_text_whatever_the_installation_was_called(room):
    token = join_token(room.pk, LinkKind.GUEST)
    text = f"See https://x.example/join/nothing and (https://old.example/a/join/{token}), soon."
    assert [(url, link.room_id) for url, link in links_in(text)] == [
        (f"https://old.example/a/join/{token}", room.pk)
    ]
    assert room_in("nothing", text) == room.pk
    assert room_in(text.replace(token[-3:], "aaa")) is None
    assert room_in(f'<a href="https://x.example/join/{token}">Join</a>') == room.pk
