"""The ways in which providers fail, as the sandbox is told to; from the providers' documents.

A new way is one entry. `CANARY` stands in every error body: it must never be seen again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

CANARY = "s3cret-canary"
LABELS = {"google": "Google Calendar", "outlook": "Outlook", "zoom": "Zoom"}
# Ten minutes after the clock of these tests.
LATER = "Wed, 18 Nov 2026 09:10:00 GMT"


@dataclass(frozen=True)
class Fault:
    """One way to fail. `lasts` keeps it up for every further try of that call."""

    name: str
    how: dict[str, Any] = field(default_factory=dict)
    lasts: bool = False
    # Everything the provider offers fails from this call on.
    spreads: bool = False
    # The person withdrew the consent at the provider.
    withdrawn: bool = False
    # How long the provider asks us to wait, in seconds.
    wait: int = 0

    @property
    def may_have_acted(self) -> bool:
        return bool(self.how.get("lost") or self.how.get("delay"))


def says(status: int, reason: str | int | None = None, *, name: str = "", **more: Any) -> Fault:
    how = {"status": status, "message": f"{CANARY} words"}
    if reason is not None:
        how["reason"] = reason
    wait = more.pop("wait", 0)
    lasts = more.pop("lasts", False)
    name = name or f"{status} {reason or ''}".strip()
    return Fault(name, {**how, **more}, lasts=lasts, wait=wait)


_NOTHING = [
    Fault("no connection", {"unreached": True}),
    Fault("no answer in time", {"unreached": True, "delay": 60}),
    Fault("no answer in time, carried out", {"delay": 60}),
    Fault("answer lost, carried out", {"lost": True}),
]
_NONSENSE = [
    Fault("a web page with 200", {"status": 200, "body": f"<html>{CANARY}</html>",
                                  "content_type": "text/html"}),
    Fault("cut-off JSON", {"status": 200, "body": '{"items": [{"id": "' + CANARY}),
    Fault("JSON of another shape", {"status": 200, "body": '{"hello": "' + CANARY + '"}'}),
    Fault("a list for an object", {"status": 200, "body": '["' + CANARY + '"]'}),
    Fault("an empty 200", {"status": 200, "body": ""}),
]  # fmt: skip
_SICK = [
    says(500),
    says(503),
    says(503, name="503, 7 s", retry_after=7, wait=7),
    says(503, name="503, whatever is asked", lasts=True),
    Fault("a proxy's page with 502", {"status": 502, "body": f"<html>{CANARY}</html>"}),
]


def _limits(reason: str | int) -> list[Fault]:
    return [
        says(429, reason, name="429, 7 s", retry_after=7, wait=7),
        says(429, reason, name="429, until a time", retry_after=LATER, wait=600),
        says(429, reason, name="429"),
    ]


def _token(reason: str | int) -> list[Fault]:
    return [
        says(401, reason, name="401 once"),
        says(401, reason, name="401 with every token", lasts=True),
        Fault("401, consent withdrawn", withdrawn=True),
    ]


GOOGLE = [
    *_token("authError"),
    says(400, "badRequest"),
    says(400, "invalid"),
    says(403, "rateLimitExceeded"),
    says(403, "userRateLimitExceeded"),
    says(403, "quotaExceeded", wait=7200),
    says(403, "dailyLimitExceeded", wait=7200),
    says(403, "forbiddenForNonOrganizer"),
    says(403, "insufficientPermissions"),
    says(403, "accessNotConfigured"),
    says(403, "requiredAccessLevel"),
    says(403, "somethingNew"),
    says(404, "notFound"),
    says(409, "duplicate"),
    says(409, "conflict"),
    says(410, "deleted"),
    says(410, "fullSyncRequired"),
    says(410, "updatedMinTooLongAgo"),
    says(412, "conditionNotMet"),
    says(423),
    *_limits("rateLimitExceeded"),
    *_SICK, *_NONSENSE, *_NOTHING,
]  # fmt: skip
MICROSOFT = [
    *_token("InvalidAuthenticationToken"),
    says(400, "ErrorInvalidIdMalformed"),
    says(400, "ErrorPropertyValidationFailure"),
    says(400, "ErrorOccurrenceCrossingBoundary"),
    says(403, "ErrorAccessDenied"),
    says(403, "Authorization_RequestDenied"),
    says(403, "SomethingNew"),
    says(404, "ErrorItemNotFound"),
    says(404, "MailboxNotEnabledForRESTAPI"),
    says(400, "ErrorDuplicateTransactionId"),
    says(409, "ErrorDuplicateTransactionId"),
    says(409, "ErrorIrresolvableConflict"),
    says(410, "SyncStateNotFound"),
    says(410, "resyncRequired"),
    says(412, "ErrorIrresolvableConflict"),
    says(423, "ErrorLocked"),
    *_limits("ApplicationThrottled"),
    says(503, "ErrorServerBusy"),
    says(504),
    *_SICK, *_NONSENSE, *_NOTHING,
]  # fmt: skip
ZOOM = [
    *_token(124),
    says(400, 300),
    says(403, 200),
    says(400, 4711),
    says(404, 1001),
    says(404, 3001),
    says(400, 3000),
    says(400, 3002),
    says(400, 3003),
    says(429, 429, name="429, 7 s", retry_after=7, wait=7),
    says(429, 429, name="429, until a time", retry_after="2026-11-18T09:10:00Z", wait=600),
    says(429, 429, name="429"),
    *_SICK, *_NONSENSE, *_NOTHING,
]  # fmt: skip
# What the token endpoints say: RFC 6749 5.2, and each provider's own.
TOKENS = [
    says(400, "invalid_grant"),
    says(401, "invalid_client"),
    says(400, "invalid_request"),
    says(503, "temporarily_unavailable"),
    says(429, "slow_down", name="429, 7 s", retry_after=7, wait=7),
    *_SICK, *_NONSENSE, *_NOTHING,
]  # fmt: skip
_OF_TOKENS = {
    "microsoft": [says(400, "interaction_required"), says(400, "consent_required")],
    "google": [says(400, "admin_policy_enforced")],
    "zoom": [],
}


# One way to fail for each reaction there is: that the others get the same is proven where they are
# told apart (see test_reactions). A flow knows only the reaction.
_CHOSEN = {
    "google": (
        "400 invalid", "403 forbiddenForNonOrganizer",
        "403 quotaExceeded", "404 notFound", "409 duplicate", "410 fullSyncRequired",
        "412 conditionNotMet", "429, 7 s",
    ),
    "microsoft": (
        "400 ErrorPropertyValidationFailure",
        "403 ErrorAccessDenied", "404 ErrorItemNotFound", "409 ErrorDuplicateTransactionId",
        "410 SyncStateNotFound", "412 ErrorIrresolvableConflict", "429, 7 s", "429",
    ),
    "zoom": (
        "400 300", "403 200", "400 4711", "404 3001", "400 3002",
        "429, 7 s",
    ),
    "tokens": ("400 invalid_grant", "401 invalid_client", "429, 7 s"),
}  # fmt: skip
_ALWAYS = (
    "401 once", "401 with every token", "401, consent withdrawn",
    "503", "503, whatever is asked", "JSON of another shape", "a web page with 200",
    "no connection", "answer lost, carried out",
)  # fmt: skip


def chosen_faults(operation: str) -> list[Fault]:
    """Of the ways in which this call can fail, one for each reaction."""
    side, _, rest = operation.partition(".")
    known = _CHOSEN["tokens" if rest in {"token", "revoke", "keys"} else side]
    return [one for one in faults_of(operation) if one.name in {*known, *_ALWAYS}]


def faults_of(operation: str) -> list[Fault]:
    """The ways in which this call can fail."""
    side, _, rest = operation.partition(".")
    if rest in {"token", "revoke", "keys"}:
        return [*TOKENS, *(_OF_TOKENS[side] if rest == "token" else [])]
    return {"google": GOOGLE, "microsoft": MICROSOFT, "zoom": ZOOM}[side]
