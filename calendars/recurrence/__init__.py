"""How events repeat: rules read and written (RFC 5545), expanded, checked and put in words."""

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
    "all_until",
    "check_lines",
    "ends_on",
    "first_of",
    "occurrences",
    "parse_rule",
    "rule_lines",
    "rule_of",
    "sentence",
    "with_rule",
]
