"""The outbox in Prometheus' words, read from the database when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

from common.outbox.upkeep import figures

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Outbox:
    """Every process says the same: the rows are everybody's."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauges = {
            "waiting": GaugeMetricFamily(
                "meridian_outbox_waiting", "Messages that are not sent yet.", labels=["kind"]
            ),
            "due": GaugeMetricFamily(
                "meridian_outbox_due", "Messages that should be sent by now.", labels=["kind"]
            ),
            "failed": GaugeMetricFamily(
                "meridian_outbox_failed", "Messages that were given up.", labels=["kind"]
            ),
            "oldest": GaugeMetricFamily(
                "meridian_outbox_oldest_due_seconds",
                "For how long the oldest of them has been due.",
                labels=["kind"],
            ),
        }
        for one in figures(timezone.now()):
            gauges["waiting"].add_metric([one.kind], one.waiting)
            gauges["due"].add_metric([one.kind], one.due)
            gauges["failed"].add_metric([one.kind], one.failed)
            gauges["oldest"].add_metric([one.kind], one.oldest.total_seconds())
        yield from gauges.values()


def exposition() -> bytes:
    """The gauges as `/metrics` shows them; none while the database does not answer."""
    registry = CollectorRegistry()
    try:
        registry.register(_Outbox())
        return bytes(generate_latest(registry))
    except DatabaseError:
        return b""
