"""A secret shows itself nowhere but where it is asked to."""

from __future__ import annotations

import pickle

import pytest

from common.secrets import Secret


def test_secret_reveals_its_text_only_when_asked():
    secret = Secret("ya29.very-secret")

    assert secret.reveal() == "ya29.very-secret"
    assert [str(secret), repr(secret), f"{secret}", f"{secret!r:>5}"] == ["***"] * 3 + ["  ***"]


def test_secret_inside_another_value_stays_hidden():
    assert "very-secret" not in repr({"token": Secret("very-secret"), "more": [Secret("x")]})


def test_secret_is_not_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Secret("very-secret"))


def test_secrets_compare_by_their_text():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
