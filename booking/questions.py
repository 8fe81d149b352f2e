"""What a link asks its bookers: the stored questions, and the answers checked against them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from booking.booker import clean_phone, clean_text
from common.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_QUESTIONS = 10
MAX_CHOICES = 12
MAX_LABEL = 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_FIELDS = frozenset({"key", "label", "kind", "required", "choices"})


class QuestionKind(StrEnum):
    """How it is answered: one line, several lines, one of a few, a phone number."""

    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `key` names its answer."""

    key: str
    label: str
    kind: QuestionKind
    required: bool = False
    choices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        stored: dict[str, Any] = {
            "key": self.key,
            "label": self.label,
            "kind": self.kind.value,
            "required": self.required,
        }
        if self.choices:
            stored["choices"] = list(self.choices)
        return stored


def parse_questions(raw: object) -> tuple[Question, ...]:
    """Read the stored or submitted list. Raises InvalidInput with the path of the wrong key."""
    if not isinstance(raw, list) or len(raw) > MAX_QUESTIONS:
        raise InvalidInput("questions", f"Give a list of at most {MAX_QUESTIONS} questions.")
    questions = tuple(_parse(item, f"questions[{index}]") for index, item in enumerate(raw))
    keys = [question.key for question in questions]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise InvalidInput(f"questions[{index}].key", "This key is used twice.")
    return questions


def unanswered(questions: tuple[Question, ...], given: Mapping[str, str]) -> list[Question]:
    """The questions that need an answer and have none."""
    return [one for one in questions if one.required and not given.get(one.key, "").strip()]


def optional(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    """The same questions, none of which needs an answer."""
    return tuple(replace(question, required=False) for question in questions)


def read_answers(questions: tuple[Question, ...], given: Mapping[str, str]) -> list[dict[str, str]]:
    """The answers as they are kept with the meeting. Raises InvalidInput naming `answers.<key>`."""
    known = {question.key for question in questions}
    for key in given:
        if key not in known:
            # Only what can be a key is repeated: JSON lets half a character through.
            field = f"answers.{key}" if _KEY.fullmatch(key) else "answers"
            raise InvalidInput(field, _("This question is not asked."))
    answers = []
    for question in questions:
        answer = read_answer(question, given.get(question.key, ""))
        if answer:
            answers.append({"key": question.key, "label": question.label, "answer": answer})
    return answers


def read_answer(question: Question, raw: str) -> str:
    """One answer, cleaned. Raises InvalidInput naming `answers.<key>`."""
    field = f"answers.{question.key}"
    answer = clean_text(raw, field)
    if question.kind is not QuestionKind.LONG:
        answer = " ".join(answer.split())
    if question.kind is QuestionKind.PHONE:
        answer = clean_phone(answer, field)
    if question.required and not answer:
        raise InvalidInput(field, _("Answer this question."))
    if answer and question.choices and answer not in question.choices:
        raise InvalidInput(field, _("Choose one of the answers."))
    return answer


def _parse(raw: object, path: str) -> Question:
    if not isinstance(raw, dict):
        raise InvalidInput(path, "Give an object with keys.")
    for name in raw:
        if name not in _FIELDS:
            raise InvalidInput(f"{path}.{str(name)[:40]}", "This key is not known.")
    key, label = raw.get("key"), raw.get("label")
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(f"{path}.key", "Use small letters, digits and underscores.")
    if not isinstance(label, str) or not label.strip() or len(label) > MAX_LABEL:
        raise InvalidInput(f"{path}.label", f"Write the question in up to {MAX_LABEL} characters.")
    try:
        kind = QuestionKind(str(raw.get("kind", QuestionKind.TEXT)))
    except ValueError:
        raise InvalidInput(f"{path}.kind", "Choose text, long, choice or phone.") from None
    required = raw.get("required", False)
    if not isinstance(required, bool):
        raise InvalidInput(f"{path}.required", "Say true or false.")
    choices = _choices(raw.get("choices", []), kind, f"{path}.choices")
    return Question(key, " ".join(label.split()), kind, required, choices)


def _choices(raw: object, kind: QuestionKind, path: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(choice, str) for choice in raw):
        raise InvalidInput(path, "Give a list of answers.")
    choices = tuple(" ".join(choice.split()) for choice in raw)
    if kind is not QuestionKind.CHOICE:
        if choices:
            raise InvalidInput(path, "Only a choice has answers to choose from.")
        return ()
    if not 2 <= len(choices) <= MAX_CHOICES or len(set(choices)) != len(choices):
        raise InvalidInput(path, f"Give 2 to {MAX_CHOICES} different answers.")
    if not all(0 < len(choice) <= 100 for choice in choices):
        raise InvalidInput(path, "Each answer has 1 to 100 characters.")
    return choices
