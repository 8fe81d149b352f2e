"""Refusals of calendars that are not a provider's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.errors import DomainError, UpstreamConflict

if TYPE_CHECKING:
    from uuid import UUID


class ConsentRefused(DomainError):
    """The answer to a consent cannot be used: not ours, not of this browser, late, or used."""

    code = "consent_refused"
    status = 400
    default_message = "This sign-in was not started here, is too old or was used. Connect again."


class ConsentIncomplete(DomainError):
    """The person allowed less than is needed."""

    code = "consent_incomplete"
    status = 400


class ProviderNotSetUp(DomainError):
    """This installation has no client id for the provider."""

    code = "provider_not_set_up"
    status = 503


class MovedOnly(DomainError):
    """An event was moved to another calendar, and what else was wanted of it was refused.

    Its code and status are the refusal's; `event_id` is ours of the event as it is now.
    """

    def __init__(self, refusal: DomainError, *, calendar: str, event_id: UUID) -> None:
        self.refusal, self.event_id = refusal, event_id
        self.code, self.status = refusal.code, refusal.status  # type: ignore[misc]
        super().__init__(
            f"The event is in {calendar} now. The other changes were not saved: {refusal.message}"
        )

    def details(self) -> dict[str, object]:
        return {**self.refusal.details(), "eventId": str(self.event_id)}


class EventChanged(UpstreamConflict):
    """Somebody changed the event meanwhile; nothing was written.

    `event_id` names the event that stands there now, which the mirror has as it is.
    """

    def __init__(self, event_id: UUID, message: str = "") -> None:
        self.event_id = event_id
        super().__init__(message)
