"""Prometheus metrics: of the operator itself, and of every destination's last run.

What is counted elsewhere (queue, watches, destinations) is read at each scrape, so that a series vanishes with its
destination and nothing is kept in step by hand. Labels hold names from the cluster and
words from fixed lists only. `docs/metrics.md` lists them all, and a test compares the two.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from mogulsync import __version__
from mogulsync.kube.objects import Object
from mogulsync.kube.watch import WatchStats
from mogulsync.kube.workqueue import QueueStats
from mogulsync.resource.reasons import ConditionType, Outcome

_RECONCILE_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)

_CONDITIONS: Final = {
    ConditionType.READY: "Unknown",
    ConditionType.SYNCED: "Unknown",
    ConditionType.OVERDUE: "False",
    ConditionType.STALLED: "False",
}
"""The conditions that are shown, and what their absence means."""
_CUSTOMERS: Final = ("matched", "ambiguous", "unmatched", "unmatchable", "conflicts")
_CONTACTS: Final = ("updated", "unchanged", "failed", "vanished")


class Metrics:
    """Every metric of the operator, in a registry.

    The callables are called at each scrape, from another thread than the event loop's: they must return
    what does not change any more, such as `list(cache.values())`.

    Args:
        registry: Where the metrics are found.
        queue: Returns depth and age of the workqueue.
        watches: Returns signs of life of each kind's watch.
        unreadable: Returns the namespaces that are to be served and cannot be read.
        is_leader: Returns whether this replica holds the lease.
        destinations: Returns all destinations, as the API server sent them. Only the leader shows them, so that no two
            replicas show the same.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        queue: Callable[[], QueueStats],
        watches: Callable[[], Mapping[str, WatchStats]],
        unreadable: Callable[[], Iterable[str]],
        is_leader: Callable[[], bool],
        destinations: Callable[[], Iterable[Object]],
    ) -> None:
        self._durations = Histogram(
            "mogulsync_reconcile_duration_seconds",
            "Time that reconciling one destination took.",
            buckets=_RECONCILE_BUCKETS,
            registry=registry,
        )
        self._errors = Counter(
            "mogulsync_reconcile_errors", "Reconciles that failed and are tried again.", registry=registry
        )
        self._retries = Counter(
            "mogulsync_queue_retries", "Items put back into the queue after a failure.", registry=registry
        )
        self._put_back = Counter(
            "mogulsync_put_back",
            "Writes of what another had changed; many of them are a second operator's doing.",
            registry=registry,
        )
        self._lag = Histogram(
            "mogulsync_event_loop_lag_seconds",
            "How late the event loop ran what was due, measured every second.",
            buckets=_LAG_BUCKETS,
            registry=registry,
        )
        registry.register(_OperatorCollector(queue, watches, unreadable, is_leader))
        registry.register(_DestinationCollector(lambda: destinations() if is_leader() else ()))

    def observe_reconcile(self, seconds: float, *, failed: bool) -> None:
        """Count a reconcile of one destination that took `seconds`."""
        self._durations.observe(seconds)
        if failed:
            self._errors.inc()

    def count_retry(self) -> None:
        """Count an item that was put back into the queue after a failure."""
        self._retries.inc()

    def count_put_back(self) -> None:
        """Count a write of what another had changed."""
        self._put_back.inc()

    def observe_lag(self, seconds: float) -> None:
        """Record how late the event loop was."""
        self._lag.observe(seconds)


class _OperatorCollector(Collector):
    """Reads the operator's own state at each scrape."""

    def __init__(
        self,
        queue: Callable[[], QueueStats],
        watches: Callable[[], Mapping[str, WatchStats]],
        unreadable: Callable[[], Iterable[str]],
        is_leader: Callable[[], bool],
    ) -> None:
        self._queue = queue
        self._watches = watches
        self._unreadable = unreadable
        self._is_leader = is_leader

    def collect(self) -> Iterator[Metric]:
        """Yield each family."""
        yield InfoMetricFamily("mogulsync_build", "Version of the operator.", {"version": __version__})
        yield GaugeMetricFamily(
            "mogulsync_leader", "1 while this replica holds the lease and acts, else 0.", int(self._is_leader())
        )
        queue = self._queue()
        yield GaugeMetricFamily("mogulsync_queue_depth", "Destinations that wait to be reconciled.", queue.depth)
        yield GaugeMetricFamily(
            "mogulsync_queue_oldest_seconds", "How long the oldest of them has waited.", queue.oldest
        )
        ages = GaugeMetricFamily(
            "mogulsync_watch_age_seconds", "Time since the watch of a kind last showed life.", labels=["kind"]
        )
        for kind, watch in sorted(self._watches().items()):
            ages.add_metric([kind], watch.age)
        yield ages
        unreadable = GaugeMetricFamily(
            "mogulsync_namespace_unreadable",
            "1 for a namespace that is to be served and cannot be read.",
            labels=["namespace"],
        )
        for namespace in sorted(self._unreadable()):
            unreadable.add_metric([namespace], 1)
        yield unreadable


def _family(name: str, documentation: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mogulsync_destination_{name}", documentation, labels=["namespace", "name", *labels])


class _DestinationCollector(Collector):
    """Reads every destination's status at each scrape."""

    def __init__(self, destinations: Callable[[], Iterable[Object]]) -> None:
        self._destinations = destinations

    def collect(self) -> Iterator[Metric]:
        """Yield each family, with the samples of all destinations."""
        families = _DestinationFamilies()
        for destination in self._destinations():
            families.add(destination)
        yield from vars(families).values()


class _DestinationFamilies:
    """The families of one scrape."""

    def __init__(self) -> None:
        self.condition = _family(
            "condition", "1 for the status that a condition has (True, False, Unknown).", "condition", "status"
        )
        self.suspended = _family("suspended", "1 while the schedule is suspended, else 0.")
        self.outcome = _family("last_sync_outcome", "1 for the outcome of the last finished run.", "outcome")
        self.ended = _family("last_sync_timestamp_seconds", "When the last finished run ended, in Unix time.")
        self.duration = _family("last_sync_duration_seconds", "How long the last finished run took.")
        self.customers = _family(
            "last_sync_customers", "ChartMogul's customers in the last finished run, by result.", "result"
        )
        self.contacts = _family("last_sync_contacts", "Matched contacts in the last finished run, by result.", "result")
        self.succeeded = _family(
            "last_success_timestamp_seconds", "When the last run that succeeded ended, in Unix time."
        )
        self.failures = _family("consecutive_failures", "Runs since the last one that succeeded wholly.")
        self.due = _family("next_sync_timestamp_seconds", "When the next run is due, in Unix time.")

    def add(self, destination: Object) -> None:
        """Add one destination's samples."""
        metadata, status = destination["metadata"], destination.get("status") or {}
        labels = [metadata["namespace"], metadata["name"]]
        conditions = {item["type"]: item["status"] for item in status.get("conditions") or ()}
        for condition, absent in _CONDITIONS.items():
            self.condition.add_metric([*labels, condition, conditions.get(condition, absent)], 1)
        self.suspended.add_metric(labels, int(bool((destination.get("spec") or {}).get("suspend"))))
        self.failures.add_metric(labels, status.get("consecutiveFailures") or 0)
        _add_time(self.succeeded, labels, status.get("lastSuccessfulSyncTime"))
        _add_time(self.due, labels, status.get("nextSyncTime"))
        if report := status.get("lastSync"):
            self._add_run(labels, report)

    def _add_run(self, labels: list[str], report: Mapping[str, Any]) -> None:
        if report.get("outcome") in set(Outcome):
            self.outcome.add_metric([*labels, report["outcome"]], 1)
        began, ended = _timestamp(report.get("startTime")), _timestamp(report.get("completionTime"))
        if ended is not None:
            self.ended.add_metric(labels, ended)
        if began is not None and ended is not None:
            self.duration.add_metric(labels, ended - began)
        _add_counts(self.customers, labels, report.get("customers"), _CUSTOMERS)
        _add_counts(self.contacts, labels, report.get("contacts"), _CONTACTS)


def _add_counts(family: GaugeMetricFamily, labels: list[str], counts: object, results: tuple[str, ...]) -> None:
    """Add the counts that the report has; what a newer worker counts besides is not shown."""
    if not isinstance(counts, Mapping):
        return
    for result in results:
        if isinstance(counts.get(result), int):
            family.add_metric([*labels, result], counts[result])


def _add_time(family: GaugeMetricFamily, labels: list[str], text: object) -> None:
    timestamp = _timestamp(text)
    if timestamp is not None:
        family.add_metric(labels, timestamp)


def _timestamp(text: object) -> float | None:
    """Return Unix time of an RFC 3339 time; None where a report says something else."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
