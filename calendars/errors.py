"""Refusals of calendars that are not a provider's."""

from __future__ import annotations

from common.errors import DomainError


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
