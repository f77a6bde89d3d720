"""What Prometheus sees of the operator and of every destination."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from mogulsync.controller.metrics import Metrics
from mogulsync.kube.watch import WatchStats
from mogulsync.kube.workqueue import QueueStats

_DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
_LABELS = {"namespace": "crm", "name": "production"}


def _registry(
    destinations: Iterable[dict[str, Any]] = (), *, is_leader: bool = True, queue: QueueStats | None = None
) -> CollectorRegistry:
    registry = CollectorRegistry()
    _metrics(registry, destinations, is_leader=is_leader, queue=queue)
    return registry


def _metrics(
    registry: CollectorRegistry,
    destinations: Iterable[dict[str, Any]] = (),
    *,
    is_leader: bool = True,
    queue: QueueStats | None = None,
) -> Metrics:
    return Metrics(
        registry,
        queue=lambda: queue or QueueStats(depth=0, oldest=0),
        watches=lambda: {"jobs": WatchStats(age=12.5, listed=True)},
        unreadable=lambda: ["sales"],
        is_leader=lambda: is_leader,
        destinations=lambda: destinations,
    )


def _destination(name: str = "production", *, suspend: bool = False, **status: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "crm", "name": name}, "spec": {"suspend": suspend}, "status": status}


_RUN = {
    "outcome": "PartiallySucceeded",
    "startTime": "2026-11-24T08:00:00Z",
    "completionTime": "2026-11-24T08:00:41Z",
    "customers": {"total": 500, "matched": 412, "ambiguous": 0, "unmatched": 80, "unmatchable": 8, "conflicts": 0},
    "contacts": {"matched": 415, "updated": 37, "unchanged": 377, "failed": 1, "vanished": 0},
}


def test_the_last_run_is_shown() -> None:
    registry = _registry([_destination(lastSync=_RUN, consecutiveFailures=2)])

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"mogulsync_destination_{name}", _LABELS | labels)

    assert value("last_sync_outcome", outcome="PartiallySucceeded") == 1
    assert value("last_sync_duration_seconds") == 41
    assert value("last_sync_timestamp_seconds") == 1795507241
    assert value("last_sync_customers", result="matched") == 412
    assert value("last_sync_customers", result="unmatchable") == 8
    assert value("last_sync_contacts", result="updated") == 37
    assert value("last_sync_contacts", result="failed") == 1
    assert value("consecutive_failures") == 2


def test_times_are_unix_time() -> None:
    registry = _registry(
        [_destination(lastSuccessfulSyncTime="2026-11-24T08:00:41Z", nextSyncTime="2026-11-25T08:00:00Z")]
    )

    success = registry.get_sample_value("mogulsync_destination_last_success_timestamp_seconds", _LABELS)
    due = registry.get_sample_value("mogulsync_destination_next_sync_timestamp_seconds", _LABELS)
    assert (success, due) == (1795507241, 1795593600)


def test_only_the_present_outcome_has_a_series() -> None:
    assert _series(_registry([_destination(lastSync=_RUN)]), "last_sync_outcome") == [{"outcome": "PartiallySucceeded"}]


def test_each_condition_has_one_series_that_says_its_status() -> None:
    conditions = [
        {"type": "Ready", "status": "False"},
        {"type": "Synced", "status": "True"},
        {"type": "Overdue", "status": "True"},
        {"type": "Stalled", "status": "True"},
    ]

    assert _series(_registry([_destination(conditions=conditions)]), "condition") == [
        {"condition": "Ready", "status": "False"},
        {"condition": "Synced", "status": "True"},
        {"condition": "Overdue", "status": "True"},
        {"condition": "Stalled", "status": "True"},
    ]


def test_a_new_destination_is_unknown_and_not_late() -> None:
    registry = _registry([{"metadata": {"namespace": "crm", "name": "production"}, "spec": {}}])

    assert _series(registry, "condition") == [
        {"condition": "Ready", "status": "Unknown"},
        {"condition": "Synced", "status": "Unknown"},
        {"condition": "Overdue", "status": "False"},
        {"condition": "Stalled", "status": "False"},
    ]
    assert _series(registry, "last_sync_outcome") == []
    assert _series(registry, "next_sync_timestamp_seconds") == []
    assert registry.get_sample_value("mogulsync_destination_suspended", _LABELS) == 0


def test_a_suspended_destination_is_shown_as_such() -> None:
    registry = _registry([_destination(suspend=True)])

    assert registry.get_sample_value("mogulsync_destination_suspended", _LABELS) == 1


def test_a_deleted_destinations_series_go_with_it() -> None:
    destinations = [_destination("kept", lastSync=_RUN), _destination("deleted", lastSync=_RUN)]
    registry = _registry(destinations)
    assert "deleted" in _names(registry)

    del destinations[1]

    assert _names(registry) == {"kept"}


@pytest.mark.parametrize(
    "report",
    [
        {"outcome": "SomethingElse", "reason": "AnyWordAtAll", "startTime": "soon", "completionTime": 7},
        {"customers": {"matched": "many"}, "contacts": [1, 2]},
        {"customers": None, "contacts": {"invented": 3}},
    ],
    ids=["words", "types", "keys"],
)
def test_a_report_cannot_make_up_series(report: dict[str, Any]) -> None:
    registry = _registry([_destination(lastSync=report)])

    assert [family.name for family in registry.collect() if "last_sync" in family.name and family.samples] == []


def test_a_preview_changes_no_metric() -> None:
    preview = {"outcome": "Failed", "completionTime": "2026-11-25T09:00:00Z", "contacts": {"updated": 99}}

    assert _of_destinations(_destination(lastPreview=preview)) == _of_destinations(_destination())


def _of_destinations(destination: dict[str, Any]) -> list[tuple[str, dict[str, str], float]]:
    samples = (sample for family in _registry([destination]).collect() for sample in family.samples)
    return [(each.name, each.labels, each.value) for each in samples if each.name.startswith("mogulsync_destination")]


def test_a_replica_that_does_not_lead_shows_no_destinations() -> None:
    registry = _registry([_destination(lastSync=_RUN)], is_leader=False)

    assert _names(registry) == set()
    assert registry.get_sample_value("mogulsync_leader") == 0


def test_the_operators_own_state_is_shown() -> None:
    registry = _registry(queue=QueueStats(depth=3, oldest=1.5))

    assert registry.get_sample_value("mogulsync_leader") == 1
    assert registry.get_sample_value("mogulsync_queue_depth") == 3
    assert registry.get_sample_value("mogulsync_queue_oldest_seconds") == 1.5
    assert registry.get_sample_value("mogulsync_watch_age_seconds", {"kind": "jobs"}) == 12.5


def test_reconciles_retries_and_lag_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = _metrics(registry)

    metrics.observe_reconcile(0.02, failed=False)
    metrics.observe_reconcile(0.3, failed=True)
    metrics.count_retry()
    metrics.observe_lag(0.002)

    assert registry.get_sample_value("mogulsync_reconcile_duration_seconds_count") == 2
    assert registry.get_sample_value("mogulsync_reconcile_duration_seconds_bucket", {"le": "0.025"}) == 1
    assert registry.get_sample_value("mogulsync_reconcile_errors_total") == 1
    assert registry.get_sample_value("mogulsync_queue_retries_total") == 1
    assert registry.get_sample_value("mogulsync_event_loop_lag_seconds_count") == 1


def test_every_metric_is_documented_as_it_is() -> None:
    registry = _registry(
        [
            _destination(
                lastSync=_RUN, lastSuccessfulSyncTime=_RUN["completionTime"], nextSyncTime=_RUN["completionTime"]
            )
        ]
    )

    existing = [
        f"| `{_exposed(family.name, family.type)}` | {family.type} | {_labels(family)} | {family.documentation} |"
        for family in registry.collect()
    ]
    documented = re.findall(r"^\| `mogulsync_.*$", _DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert documented == existing


def _exposed(name: str, kind: str) -> str:
    return name + {"counter": "_total", "info": "_info"}.get(kind, "")


def _labels(family: Any) -> str:
    found = dict.fromkeys(label for sample in family.samples for label in sample.labels if label != "le")
    return ", ".join(f"`{label}`" for label in found)


def _series(registry: CollectorRegistry, name: str) -> list[dict[str, str]]:
    return [
        {label: value for label, value in sample.labels.items() if label not in _LABELS}
        for family in registry.collect()
        if family.name == f"mogulsync_destination_{name}"
        for sample in family.samples
    ]


def _names(registry: CollectorRegistry) -> set[str]:
    return {
        sample.labels["name"]
        for family in registry.collect()
        if family.name.startswith("mogulsync_destination_")
        for sample in family.samples
    }
