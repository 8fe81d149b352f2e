"""What every calendar provider owes us; each adapter's test class only says who it is."""

from __future__ import annotations

from tests.calendars.providers.contract_answering import AnsweringContract
from tests.calendars.providers.contract_base import KEY, at, draft, span
from tests.calendars.providers.contract_conferences import ConferenceContract
from tests.calendars.providers.contract_fields import FieldsContract
from tests.calendars.providers.contract_moving import MovingContract
from tests.calendars.providers.contract_reading import ReadingContract
from tests.calendars.providers.contract_trouble import TroubleContract
from tests.calendars.providers.contract_writing import WritingContract

__all__ = ["KEY", "CalendarProviderContract", "at", "draft", "span"]


class CalendarProviderContract(
    ReadingContract,
    WritingContract,
    FieldsContract,
    AnsweringContract,
    MovingContract,
    ConferenceContract,
    TroubleContract,
):
    """Set `KEY`, `SIDE` (the sandbox's word) and the names of the sandbox's operations."""
