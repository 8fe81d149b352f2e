"""Turns: a provider that bears few requests at once is never asked by more, in any process."""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from calendars.models import AccountTurn
from calendars.providers.base import Feature
from calendars.providers.registry import provider_class
from common.errors import UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from calendars.models import CalendarConnectionBase

# Longer than any one request takes; a holder that dies is in nobody's way for longer.
LASTS: Final = timedelta(seconds=60)
KEPT_AFTER: Final = timedelta(seconds=20)
_PAUSES: Final = (0.02, 0.08)


class NoTurn(UpstreamUnavailable):
    """Everybody else at the account was slower than the wait."""

    default_message = "The calendar service is asked too much right now. Try again."


@contextmanager
def turn_at(
    connection: CalendarConnectionBase, *, wait: timedelta, first: int | None = None
) -> Iterator[Callable[[], None] | None]:
    """A turn at the account, for one request after another; none is needed at most providers.

    With `first`, only one of the first so many: what is left is for people. Yields what keeps the
    turn beyond a minute, to be called before each request, which raises NoTurn when it was lost.
    Raises NoTurn when none is free within the wait.
    """
    kind = provider_class(connection.provider)
    if Feature.FEW_AT_ONCE not in kind.features:
        yield None
        return
    most: int = settings.OUTLOOK_CONCURRENCY
    turn = _Turn(account_key(connection), most if first is None else min(first, most))
    turn.wait_for(wait)
    try:
        yield turn.keep
    finally:
        turn.give_back()


def account_key(connection: CalendarConnectionBase) -> str:
    """The account, whoever connected it."""
    name = f"{connection.provider}:{connection.account_remote_id}"
    return hashlib.sha256(name.encode()).hexdigest()


class _Turn:
    def __init__(self, account: str, most: int) -> None:
        self.account, self.most = account, most
        self.holder = uuid.uuid4().hex
        self.taken = 0.0

    def wait_for(self, wait: timedelta) -> None:
        """Take one, asking again every now and then."""
        ends = time.monotonic() + wait.total_seconds()
        if self._try():
            return
        self._make()
        while not self._try():
            if time.monotonic() >= ends:
                raise NoTurn
            time.sleep(random.uniform(*_PAUSES))  # noqa: S311 -- to keep rivals apart

    def _try(self) -> bool:
        """Try as often as rivals may be faster: they take turns from the last to the first."""
        return any(self._take() for _ in range(self.most))

    def _take(self) -> bool:
        now = timezone.now()
        free = AccountTurn.objects.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            account=self.account,
            number__lte=self.most,
        )
        # As a scalar it is looked up once; the conditions are checked again under the row's lock.
        last = free.order_by("-number").values("pk")[:1]
        taken = free.filter(pk=last).update(lease_holder=self.holder, lease_until=now + LASTS)
        self.taken = time.monotonic()
        return bool(taken)

    def _make(self) -> None:
        """The account's turns, which are there from its first request on."""
        rows = [AccountTurn(account=self.account, number=n + 1) for n in range(self.most)]
        AccountTurn.objects.bulk_create(rows, ignore_conflicts=True)

    def keep(self) -> None:
        if time.monotonic() - self.taken < KEPT_AFTER.total_seconds():
            return
        if not self._mine().update(lease_until=timezone.now() + LASTS):
            raise NoTurn
        self.taken = time.monotonic()

    def give_back(self) -> None:
        self._mine().update(lease_holder="", lease_until=None)

    def _mine(self) -> QuerySet[AccountTurn]:
        return AccountTurn.objects.filter(account=self.account, lease_holder=self.holder)
