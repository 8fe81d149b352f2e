"""A refusal says what happened, what is safe and what to do; once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    UpstreamConflict,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.trouble import Doing, in_words, tell

NAMES = {"label": "Outlook", "account": "ann@example.com"}


@pytest.mark.parametrize(
    ("error", "doing", "sentence"),
    [
        (UpstreamUnavailable("Outlook did not answer. Try again."), Doing.CREATE,
         "Outlook did not answer. It may be there all the same. Try again: it is not made twice."),
        (UpstreamUnavailable(), Doing.READ,
         "Outlook did not answer. What was read before stays. It is tried again by itself."),
        (BadReply(), Doing.DELETE,
         "Outlook gave an answer that could not be read. It may be gone all the same. "
         "Try again: what is gone counts as deleted."),
        (RateLimited(retry_after=timedelta(seconds=7)), Doing.CHANGE,
         "Outlook takes no more requests right now. Nothing was changed. Try again in 7 seconds."),
        (RateLimited(retry_after=timedelta(hours=2)), Doing.CREATE,
         "Outlook takes no more requests right now. Nothing was created. Try again in 2 hours."),
        (RateLimited(), Doing.DELETE,
         "Outlook takes no more requests right now. Nothing was deleted. Try again in a minute."),
        (ReconnectNeeded(), Doing.CHANGE,
         "Outlook has stopped accepting ann@example.com. Nothing was changed. "
         "Connect Outlook again."),
        (UpstreamForbidden(), Doing.CHANGE,
         "Outlook does not let ann@example.com do this. Nothing was changed. "
         "Ask whoever it belongs to, or choose another calendar."),
        (UpstreamForbidden("No mailbox. Connect another account."), Doing.CREATE,
         "No mailbox. Nothing was created. Connect another account."),
        (UpstreamConflict(), Doing.CHANGE,
         "This was changed elsewhere meanwhile. Nothing was changed. "
         "Look at it again, then do it once more."),
        (UpstreamUnavailable(), Doing.CONNECT,
         "Outlook did not answer. Nothing was connected. Try again."),
    ],
)  # fmt: skip
def test_sentence_has_its_three_parts(error, doing, sentence):
    assert in_words(error, **NAMES, doing=doing) == sentence


def test_who_knows_most_tells_it_first_and_nobody_after():
    error = UpstreamUnavailable()
    tell(error, **NAMES, doing=Doing.CREATE)
    told = error.message
    tell(error, label="Google", account="b@example.com", doing=Doing.READ)
    assert error.message == told
    assert in_words(error, label="Google", account="", doing=Doing.READ) == told


@pytest.mark.parametrize(
    ("wait", "words"),
    [(0, "a second"), (59, "59 seconds"), (60, "a minute"), (61, "2 minutes"),
     (3600, "an hour"), (3601, "2 hours")],
)  # fmt: skip
def test_wait_is_never_said_shorter_than_it_is(wait, words):
    error = RateLimited(retry_after=timedelta(seconds=wait))
    assert in_words(error, **NAMES, doing=Doing.CREATE).endswith(f"Try again in {words}.")
