"""`/metrics` in the text format of Prometheus: the figures of the node, read from the database when asked.

Served like /live and /ready, without the token of the JSON API: there is no content, no name and no secret in it, and the
address that mail is sent to is left out. Who may reach the port at all is decided before it (docs/operations.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapter.composition import Node
from adapter.composition.watching import gauges_of
from adapter.domain.delivery import DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.errors import ElshiError
from adapter.server.refusals import not_now
from adapter.usecases.gauges import Figures


class Metrics:
    """A registry of its own: what a library counts of the process by itself is not ours to publish."""

    def __init__(self, node: Node) -> None:
        self._gauges = gauges_of(node)

    async def answer(self, request: Request) -> Response:
        """The figures; raises what becomes a 503 when the store cannot be read."""
        del request
        try:
            content = await run_in_threadpool(self._written)
        except ElshiError as error:
            raise not_now(error) from error
        return Response(content, media_type=CONTENT_TYPE_LATEST)

    def _written(self) -> bytes:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Told(self._gauges()))
        return generate_latest(registry)


class _Told(Collector):
    """Figures as families of metrics."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Every state is there, at 0 too: a line that comes and goes cannot be watched."""
        figures = self._figures
        opened = GaugeMetricFamily("elshi_deliveries_open", "Deliveries that are not done", labels=("state", "kind"))
        for state in DeliveryState:
            for kind in ContentKind:
                opened.add_metric((state.value, kind.value), figures.deliveries.get((state, kind), 0))
        yield opened
        finished = GaugeMetricFamily(
            "elshi_deliveries_finished", "Deliveries that are done; counted every five minutes", labels=("state",)
        )
        for state, count in figures.finished.items():
            finished.add_metric((state.value,), count)
        yield finished
        journal = GaugeMetricFamily(
            "elshi_journal_messages", "Incoming messages; counted every five minutes", labels=("state",)
        )
        for each in JournalState:
            journal.add_metric((each.value,), figures.journal.get(each, 0))
        yield journal
        yield _gauge("elshi_deliveries_past_deadline", "Open deliveries past their legal date", figures.past_deadline)
        yield _gauge("elshi_overdue_rows", "Rows that nobody looked at in time", figures.overdue)
        yield _gauge(
            "elshi_oldest_due_age_seconds", "How long the oldest delivery has been due", figures.oldest_due_age
        )
        alarms = CounterMetricFamily("elshi_alarms", "Alarms raised since the tables were made")
        alarms.add_metric((), figures.alarms)
        yield alarms
        yield _gauge("elshi_audit_sequence", "Sequence of the last event of the audit trail", figures.audit_sequence)
        if figures.stamp_age is not None:
            yield _gauge("elshi_head_stamp_age_seconds", "Since the last time-stamp over the trail", figures.stamp_age)
        yield _by_follower("elshi_subscription_lag_events", "Events that a follower was not told yet", figures.lag)
        yield _by_follower(
            "elshi_subscription_failures", "Tries in a row that did not reach a follower", figures.failures
        )


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


def _by_follower(name: str, words: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=("follower",))
    numbers: dict[str, int] = {}
    for follower, value in values.items():
        # Of several mailboxes the worst one: their addresses are nobody's business here.
        kind = follower.partition(" ")[0]
        numbers[kind] = max(value, numbers.get(kind, 0))
    for kind, value in numbers.items():
        family.add_metric((kind,), value)
    return family
