"""What the operators' pages of every table share: nothing secret, nothing written by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import models
from django.utils import timezone

from common import outbox
from common.models import OutboxMessage, SeenEvent, SentMail, UseCount

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin  # it takes no type argument at run time

# Secrets, what opens them, and hashes of what opens something. A sync cursor holds the provider's
# own token in clear.
HIDDEN = frozenset(
    {
        "lease_holder",
        "manage_token_hash",
        "nonce_hash",
        "password",
        "secret_hash",
        "session_hash",
        "submit_key",
        "sync_cursor",
        "baseline_cursor",
        "token_hash",
    }
)


def shown_fields(model: type[models.Model], *, without: frozenset[str] = frozenset()) -> list[str]:
    """The columns an operator may see: never bytes, never one that is named in HIDDEN."""
    return [
        field.name
        for field in model._meta.concrete_fields
        if field.name not in HIDDEN | without and not isinstance(field, models.BinaryField)
    ]


class ReadOnlyAdmin(AnyModelAdmin):
    """A table that services write: it can be looked at. Actions need the right to change.

    `hidden` are columns of this table that are not shown besides those that never are.
    """

    hidden: frozenset[str] = frozenset()
    list_per_page = 50
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return shown_fields(self.model, without=self.hidden)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return shown_fields(self.model, without=self.hidden)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether this operator may use the actions: the stored right to change such rows."""
        return super().has_change_permission(request)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "kind",
        "state",
        "attempts",
        "due_at",
        "failing_since_at",
        "sent_at",
        "last_error",
    )
    list_filter = ("state", "kind")
    search_fields = ("=id", "=workspace_id", "=about_id", "dedupe_key")
    ordering = ("-created_at",)
    actions = ("send_again", "dismiss", "put_back")

    @admin.action(description="Send again what failed", permissions=["operate"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._say(request, outbox.send_again(*queryset), "tried again")

    @admin.action(description="Put aside what failed", permissions=["operate"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        """What has to be done, such as erasing somebody, stays."""
        self._say(request, len(outbox.dismiss(*queryset)), "put aside")

    @admin.action(description="Put back what was put aside", permissions=["operate"])
    def put_back(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._say(request, len(outbox.put_back(*queryset)), "among the failed ones again")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """The list, with what waits for how long, and what failed, in its heading."""
        return super().changelist_view(request, {"title": _standing(), **(extra_context or {})})

    def _say(self, request: HttpRequest, number: int, what: str) -> None:
        level = messages.SUCCESS if number else messages.INFO
        self.message_user(request, f"{number} {'is' if number == 1 else 'are'} {what}.", level)


def _standing() -> str:
    rows = outbox.figures(timezone.now())
    oldest = max((one.oldest for one in rows), default=timedelta(0))
    return (
        f"Outbox: {sum(one.due for one in rows)} due, the oldest for "
        f"{int(oldest.total_seconds())} s; {sum(one.waiting for one in rows)} waiting; "
        f"{sum(one.failed for one in rows)} failed"
    )


@admin.register(UseCount)
class UseCountAdmin(ReadOnlyAdmin):
    list_display = ("key", "number", "ends_at")
    search_fields = ("=key",)
    ordering = ("-ends_at",)


@admin.register(SentMail)
class SentMailAdmin(ReadOnlyAdmin):
    """What became of mails; what they said is kept nowhere."""

    hidden = frozenset({"digest", "key_digest"})
    list_display = ("created_at", "kind", "recipient", "state", "state_at", "detail")
    list_filter = ("state", "kind")
    search_fields = (
        "=id",
        "=workspace_id",
        "=about_id",
        "=recipient",
        "=message_id",
        "=remote_id",
    )
    ordering = ("-created_at",)


@admin.register(SeenEvent)
class SeenEventAdmin(ReadOnlyAdmin):
    list_display = ("event_id", "seen_at")
    search_fields = ("=event_id",)
    ordering = ("-seen_at",)
