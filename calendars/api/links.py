"""An event's meeting link, as the calendar API tells of it."""
# ruff: noqa: N815 -- the names are the API's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from calendars.enums import ConferenceState
from conferencing import failures

if TYPE_CHECKING:
    from calendars.queries import SeenEvent


class ConferenceOutput(serializers.Serializer[Any]):
    """An event's meeting link, a state of its own: the event stands whatever becomes of it."""

    kind = serializers.ChoiceField(
        choices=["meet", "teams", "zoom", "none"], help_text="`none` is a link of another kind."
    )
    state = serializers.ChoiceField(
        choices=["pending", "ready", "failed"],
        help_text="`pending`: the provider is making it, and it is looked for until it is there.",
    )
    joinUrl = serializers.CharField(help_text="Blank unless ready.")
    reason = serializers.CharField(
        help_text="Why it failed, or why it is not the preferred kind; blank otherwise."
    )
    remedy = serializers.CharField(help_text="What would change it; blank unless it failed.")
    canRetry = serializers.BooleanField(help_text="Whether to ask for the same kind again.")
    since = serializers.CharField(
        allow_null=True, help_text="Since when it is in this state, an instant in UTC."
    )
    tries = serializers.IntegerField(help_text="How often the link was asked for.")


def conference_json(event: SeenEvent) -> dict[str, Any] | None:
    """An event's meeting link as `ConferenceOutput` describes it; None without one."""
    if not event.conference:
        return None
    failed = event.conference_state == ConferenceState.FAILED
    failure = event.conference_failure
    since = event.conference_since_at
    return {
        "kind": event.conference,
        "state": event.conference_state,
        "joinUrl": event.conference_url,
        "reason": event.conference_note,
        "remedy": failures.remedy(failure) if failed else "",
        "canRetry": failed and event.is_organizer and failures.can_retry(failure),
        "since": f"{since:%Y-%m-%dT%H:%M:%SZ}" if since else None,
        "tries": event.conference_tries,
    }
