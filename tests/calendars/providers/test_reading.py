"""Texts and ids of a provider that no table could hold."""

from __future__ import annotations

import pytest

from calendars.providers.reading import LONGEST_ID, Reply, storable
from common.errors import BadReply


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("plain", "plain"),
        ("Größe \U0001f600", "Größe \U0001f600"),
        ("a\x00b", "ab"),
        ("ü\x00", "ü"),
        ("half \ud83d of one", "half ? of one"),
    ],
)
def test_texts_become_storable(sent, kept):
    assert storable(sent) == kept
    assert Reply({"t": sent}).text("t") == kept
    assert Reply({"t": [sent]}).texts("t") == [kept]


def test_an_id_that_could_not_be_kept_whole_is_refused():
    assert Reply({"id": "x" * LONGEST_ID}).remote_id("id")
    with pytest.raises(BadReply):
        Reply({"id": "x" * (LONGEST_ID + 1)}).remote_id("id")


def test_an_optional_id_may_be_absent():
    assert Reply({}).remote_id("id", optional=True) == ""
    with pytest.raises(BadReply):
        Reply({}).remote_id("id")
