"""What needs no page: slot maths and the audited way to a token."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from audit.enums import AccessReason
from audit.services import vault
from audit.services.tokens import resolve_provider_token
from booking.slots import SlotRules, open_slots
from common.oauth import TokenSet
from common.secrets import Secret
from common.spans import Span
from tests.bench.measure import report, report_peers, report_value, timed
from tests.bench.rows import ACTOR, owner_of
from tests.factories import make_connection
from workspaces.availability import DEFAULT_AVAILABILITY

_START = datetime(2027, 1, 1, tzinfo=UTC)
_YEAR = Span(_START, _START + timedelta(days=365))
_RULES = SlotRules(
    duration=timedelta(minutes=30),
    step=timedelta(minutes=30),
    buffer_before=timedelta(0),
    buffer_after=timedelta(0),
    minimum_notice=timedelta(0),
    horizon=timedelta(days=400),
    max_per_day=None,
    max_per_week=None,
    zone=ZoneInfo("Europe/Berlin"),
)


def bench_slots() -> None:
    """A year of slots between ever more busy spans: linear in them."""
    medians = {}
    for count in (0, 100, 1_000, 10_000):
        busy = _busy(count)
        call = lambda busy=busy: open_slots(_RULES, DEFAULT_AVAILABILITY, busy, _START, _YEAR)  # noqa: E731
        figures = timed(call, 30)
        report(f"slot maths, 1 year, {count:,} busy spans", figures, p50=8)
        medians[count] = statistics.median(figures)
    # Of the time that busy spans cost: ten times as many may cost ten times as much.
    grown = (medians[10_000] - medians[0]) / max(medians[1_000] - medians[0], 0.1)
    report_value("slot maths, growth from 1,000 to 10,000 busy spans", grown, "times", most=12)
    month = Span(_START, _START + timedelta(days=28))
    busy = _busy(2_600)  # 200 of them in these four weeks
    call = lambda: open_slots(_RULES, DEFAULT_AVAILABILITY, busy, _START, month)  # noqa: E731
    report("slot maths, 4 weeks, 200 busy spans", timed(call, 30), p50=20.8)
    report_peers("Cal.com's bare slot function 20.8 ms (no HTTP, no database)")


def _busy(count: int) -> list[Span]:
    dice = random.Random(7)
    begins = (_START + timedelta(minutes=dice.randrange(365 * 24 * 60)) for _ in range(count))
    spans = [Span(one, one + timedelta(minutes=dice.choice((15, 30, 60)))) for one in begins]
    return sorted(spans, key=lambda span: span.start)


def bench_tokens() -> None:
    """One audited use of a token: a link of the chain on disk, then the plaintext."""
    owner = owner_of()
    row = make_connection(owner)
    later = timezone.now() + timedelta(days=1)
    tokens = TokenSet(Secret("a" * 1500), Secret("r" * 1500), later, frozenset())
    vault.store_tokens(connection=row, tokens=tokens)
    workspace = owner.workspace

    def resolve() -> None:
        resolve_provider_token(
            connection=row, workspace=workspace, actor=ACTOR, reason=AccessReason.EVENTS_LIST
        )

    report("audited token resolve", timed(resolve, 300), p50=3)
