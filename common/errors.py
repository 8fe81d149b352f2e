"""Every error a person or a caller can meet, one class per different reaction."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext, gettext_noop


class DomainError(Exception):
    """A refusal with a code for programs, an HTTP status and a sentence for people.

    The class says its sentence in English; it is raised in the language spoken then.

    The message never holds a token, a header or a provider's body.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    default_message: ClassVar[str] = "This was refused."

    def __init__(self, message: str = "") -> None:
        self.message = message or gettext(self.default_message)
        super().__init__(self.message)

    def details(self) -> dict[str, object]:
        """Extra fields of the answer beside code and message."""
        return {}


class InvalidInput(DomainError):
    """What was sent cannot be used; `field` names the part that is wrong."""

    code = "invalid"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)

    def details(self) -> dict[str, object]:
        return {"field": self.field}


class WorkspaceRequired(DomainError):
    """The caller belongs to several workspaces and named none."""

    code = "workspace_required"
    status = 400
    default_message = "Name the workspace in the X-Workspace header."


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403
    default_message = "You may not do this."


class NotFound(DomainError):
    """It does not exist, or not for this caller."""

    code = "not_found"
    status = 404
    default_message = "This does not exist, or not for you."


class PlanRequired(DomainError):
    """The workspace's plan lacks this; `tier` is the lowest that has it."""

    code = "plan_required"
    status = 402

    def __init__(self, message: str, tier: str) -> None:
        self.tier = tier
        super().__init__(message)

    def details(self) -> dict[str, object]:
        return {"tier": self.tier}


class Conflict(DomainError):
    """Something else got there first."""

    code = "conflict"
    status = 409
    default_message = gettext_noop("This changed meanwhile.")


class UpstreamError(DomainError):
    """A provider could not do what was asked.

    `is_told` once its message says all that a person needs: see `common.trouble`.
    """

    code = "upstream_unavailable"
    status = 503
    retryable: ClassVar[bool] = False
    is_told = False


class ReconnectNeeded(UpstreamError):
    """The provider no longer accepts the connection: a person has to consent again."""

    code = "reconnect_needed"
    status = 409
    default_message = "The account has to be connected again."


class UpstreamForbidden(UpstreamError):
    """The provider knows us and refuses: a scope or a right is missing."""

    code = "forbidden"
    status = 403
    default_message = "The account may not do this."


class RateLimited(UpstreamError):
    """Too many requests; `retry_after` says how long to wait, when known."""

    code = "rate_limited"
    status = 429
    retryable = True
    default_message = gettext_noop("Too many requests. Nothing was changed. Try again in a moment.")

    def __init__(self, message: str = "", retry_after: timedelta | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)

    def details(self) -> dict[str, object]:
        if self.retry_after is None:
            return {}
        return {"retry_after": int(self.retry_after.total_seconds())}


class UpstreamUnavailable(UpstreamError):
    """No answer, or one that says to come back later. The same request may succeed later."""

    retryable = True
    default_message = gettext_noop("The calendar service did not answer. Try again.")


class BadReply(UpstreamUnavailable):
    """The provider answered with something that could not be understood."""

    retryable = False
    default_message = "The calendar service gave an answer that could not be read."


class TooLarge(BadReply):
    """The answer is longer than is read, and will be the next time, too."""


class UpstreamConflict(UpstreamError):
    """The provider holds a newer version, or already has what was to be created."""

    code = "conflict"
    status = 412
    default_message = "This was changed elsewhere meanwhile."


class Unsupported(UpstreamError):
    """The provider cannot do this at all; `feature` names what, and `field` the part of a draft
    that asks for it.
    """

    code = "unsupported"
    status = 400

    def __init__(self, feature: str, message: str = "", *, field: str = "") -> None:
        self.feature, self.field = feature, field
        super().__init__(message or f"This calendar cannot do that: {feature}.")

    def details(self) -> dict[str, object]:
        named = {"field": self.field} if self.field else {}
        return {"feature": self.feature, **named}
