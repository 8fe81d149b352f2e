"""How events repeat: rules read and written (RFC 5545), expanded, checked and put in words."""

from calendars.recurrence.changing import Series, ended, moved, split_at
from calendars.recurrence.checking import MOST_TIMES, check_lines
from calendars.recurrence.expansion import Occurrence, all_until, first_of, occurrences
from calendars.recurrence.lines import BadRule
from calendars.recurrence.rules import (
    Frequency,
    Kept,
    Rule,
    ends_on,
    parse_rule,
    rule_lines,
    rule_of,
    with_rule,
)
from calendars.recurrence.words import sentence

__all__ = [
    "MOST_TIMES",
    "BadRule",
    "Frequency",
    "Kept",
    "Occurrence",
    "Rule",
    "Series",
    "all_until",
    "check_lines",
    "ended",
    "ends_on",
    "first_of",
    "moved",
    "occurrences",
    "parse_rule",
    "rule_lines",
    "rule_of",
    "sentence",
    "split_at",
    "with_rule",
]
