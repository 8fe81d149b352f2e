"""Reading a provider's JSON without trusting its shape: what does not fit is a `BadReply`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from common.errors import BadReply

if TYPE_CHECKING:
    from collections.abc import Mapping

AnyDate = TypeVar("AnyDate", bound=date)
# Where the machine itself stands, and where nobody does, are no places of people's.
_ZONES = frozenset(available_timezones() - {"localtime", "Factory"})
LONGEST_ID: Final = 1024


class Reply:
    """A JSON object of a provider; null counts as absent. Every method raises BadReply."""

    __slots__ = ("record",)

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise BadReply
        self.record: Mapping[str, object] = value

    def __contains__(self, key: str) -> bool:
        return self.record.get(key) is not None

    def text(self, key: str, default: str = "") -> str:
        value = self.record.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise BadReply
        return storable(value)

    def remote_id(self, key: str, *, optional: bool = False) -> str:
        """An id of theirs, no longer than we can keep; it must be there unless it is optional."""
        value = self.text(key) if optional else self.needed(key)
        if len(value) > LONGEST_ID:
            raise BadReply
        return value

    def needed(self, key: str) -> str:
        """A text that must be there."""
        value = self.text(key)
        if not value:
            raise BadReply
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        value = self.record.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise BadReply
        return value

    def number(self, key: str, default: int = 0) -> int:
        value = self.record.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadReply
        return value

    def part(self, key: str) -> Reply:
        """The object under the key, an empty one when there is none."""
        return Reply(self.record.get(key) or {})

    def parts(self, key: str) -> list[Reply]:
        """The objects of the list under the key."""
        return [Reply(value) for value in self._list(key)]

    def texts(self, key: str) -> list[str]:
        """The texts of the list under the key."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise BadReply
        return [storable(str(value)) for value in values]

    def _list(self, key: str) -> list[object]:
        value = self.record.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise BadReply
        return value


def storable(text: str) -> str:
    """The text without NUL and halves of surrogate pairs: JSON may hold them, no table can."""
    if text.isascii():
        return text.replace("\x00", "")
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def read_moment(text: str) -> datetime:
    """An aware instant (RFC 3339) in UTC. Raises BadReply."""
    try:
        moment = within_reach(datetime.fromisoformat(text))
    except ValueError:
        raise BadReply from None
    if moment.tzinfo is None:
        raise BadReply
    return moment.astimezone(UTC)


def read_date(text: str) -> date:
    """A date. Raises BadReply."""
    try:
        return within_reach(date.fromisoformat(text))
    except ValueError:
        raise BadReply from None


def within_reach(day: AnyDate) -> AnyDate:
    """The same, unless no zone could be applied to it: the calendar's first and last year."""
    if not date.min.year < day.year < date.max.year:
        raise BadReply
    return day


def known_zone(name: str) -> str:
    """The name when it is a zone of the IANA database, else blank."""
    return name if name in _ZONES else ""


def zone_or_utc(name: str) -> ZoneInfo:
    return ZoneInfo(known_zone(name) or "UTC")
