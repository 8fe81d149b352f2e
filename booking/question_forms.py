"""The questions of a link while somebody edits them: as typed, moved about by buttons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms

from booking.questions import MAX_QUESTIONS, QuestionKind
from common.form_fields import LinesField

if TYPE_CHECKING:
    from collections.abc import Mapping

    from booking.models import BookingLink

PREFIX = "questions"
_NOT_KEY = re.compile(r"[^a-z0-9]+")
_PARTS = ("key", "label", "kind", "choices", "required")


class QuestionForm(forms.Form):
    """One question; without words it is no question."""

    key = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)
    label = forms.CharField(label="Question", required=False, max_length=200)
    kind = forms.ChoiceField(
        label="Answer",
        choices=[
            (QuestionKind.TEXT.value, "One line"),
            (QuestionKind.LONG.value, "Several lines"),
            (QuestionKind.CHOICE.value, "One of these"),
            (QuestionKind.PHONE.value, "Phone number"),
        ],
        initial=QuestionKind.TEXT.value,
        required=False,
    )
    choices = LinesField(
        label="Answers to choose from",
        required=False,
        max_length=1300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One to a line; only for one of these.",
    )
    required = forms.BooleanField(label="Has to be answered", required=False)


def _formset(blank: int) -> Any:
    return forms.formset_factory(
        QuestionForm,
        extra=blank,
        max_num=MAX_QUESTIONS,
        absolute_max=MAX_QUESTIONS,
        validate_max=True,
    )


def questions_form(data: Any, link: BookingLink | None) -> Any:
    """The link's questions, and a blank one where there is none."""
    stored = link.questions if link is not None else []
    initial = [{**one, "choices": "\n".join(one.get("choices", []))} for one in stored]
    return _formset(0 if initial else 1)(data, initial=initial, prefix=PREFIX)


def press_question(sent: Mapping[str, str]) -> Any:
    """The questions after one of their small buttons, unjudged; None when Save was pressed.

    The one to go on with is marked: its `is_next`.
    """
    typed = _typed(sent)
    following = 0
    if "add_question" in sent:
        typed, following = [*typed, {}], len(typed)
    elif (index := _index(sent.get("remove_question"), typed)) is not None:
        del typed[index]
        following = max(0, index - 1)
    elif (index := _index(sent.get("raise_question"), typed)) is not None:
        following = max(0, index - 1)
        typed.insert(following, typed.pop(index))
    elif (index := _index(sent.get("lower_question"), typed)) is not None:
        following = min(index + 1, len(typed) - 1)
        typed.insert(following, typed.pop(index))
    else:
        return None
    shown = _formset(0 if typed else 1)(initial=typed[:MAX_QUESTIONS], prefix=PREFIX)
    for index, one in enumerate(shown):
        one.is_next = index == following
    return shown


def questions_asked(formset: Any) -> tuple[dict[str, Any], ...]:
    """The questions with words, in order, as they are stored. Only after `is_valid()`."""
    asked: list[dict[str, Any]] = []
    for said in formset.cleaned_data:
        label = said.get("label", "").strip()
        if not label:
            continue
        taken = {one["key"] for one in asked}
        choices = _choices(said["choices"])
        asked.append(
            {
                "key": _key(said["key"] or label, taken),
                "label": label,
                "kind": said["kind"] or QuestionKind.TEXT.value,
                "required": said["required"],
                **({"choices": choices} if choices else {}),
            }
        )
    return tuple(asked)


def _typed(sent: Mapping[str, str]) -> list[dict[str, Any]]:
    """The questions as they stand in the form, right or wrong."""
    count = sent.get(f"{PREFIX}-TOTAL_FORMS", "0")
    most = min(int(count), MAX_QUESTIONS) if count.isascii() and count.isdigit() else 0
    return [
        {part: sent.get(f"{PREFIX}-{index}-{part}", "")[:1300] for part in _PARTS}
        for index in range(most)
    ]


def _index(said: str | None, typed: list[dict[str, Any]]) -> int | None:
    if said is None or not (said.isascii() and said.isdigit()) or int(said) >= len(typed):
        return None
    return int(said)


def _choices(said: str) -> list[str]:
    """One to a line; on a single line, commas stand between them."""
    parts = said.splitlines() if "\n" in said.strip() else said.split(",")
    return [part.strip() for part in parts if part.strip()]


def _key(words: str, taken: set[str]) -> str:
    """The name of the answer: kept once given, else made of the question's words."""
    stem = _NOT_KEY.sub("_", words.lower()).strip("_")[:28]
    stem = stem if stem[:1].isalpha() else f"q_{stem}".rstrip("_")
    key, number = stem, 1
    while key in taken:
        number += 1
        key = f"{stem}_{number}"
    return key
