"""What a Job that has ended came to, by its Pods' reports or by Kubernetes."""

import json
from typing import Any

import pytest

from mogulsync.controller.jobresult import JobResult, job_result
from mogulsync.controller.observed import parse_job, parse_pods
from mogulsync.resource.status import LastSync

DRAINED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
REPORT = {
    "version": 1,
    "outcome": "Succeeded",
    "reason": "Succeeded",
    "message": "8 of 10 customers matched",
    "startTime": "2026-11-24T09:00:05Z",
    "completionTime": "2026-11-24T09:01:00Z",
    "customers": {"total": 10, "matched": 8},
}


def job(*, failed: str | None = None, **status: Any) -> dict[str, Any]:
    condition = {"type": "Failed", "reason": failed, "message": f"for {failed}"} if failed else {"type": "Complete"}
    return {
        "metadata": {"name": "production-1", "uid": "job", "creationTimestamp": "2026-11-24T09:00:00Z", "labels": {}},
        "status": {
            "startTime": "2026-11-24T09:00:00Z",
            "conditions": [condition | {"status": "True", "lastTransitionTime": "2026-11-24T09:02:00Z"}],
        }
        | status,
    }


def pod(state: dict[str, Any], *, made: str = "09:00:01", phase: str = "Failed", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"pod-{made}", "creationTimestamp": f"2026-11-24T{made}Z"},
        "status": {"phase": phase, "containerStatuses": [{"name": "sync", "state": state}]} | status,
    }


def result(stored: dict[str, Any], pods: list[dict[str, Any]]) -> JobResult:
    return job_result(parse_job(stored), parse_pods(pods))


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"terminated": {"message": message, "exitCode": 0, "startedAt": "2026-11-24T09:00:04Z"} | more}


def test_the_last_pods_report_is_the_runs() -> None:
    pods = [pod(said(json.dumps(REPORT | {"outcome": "Failed"}))), pod(said(json.dumps(REPORT)), made="09:00:30")]
    found = result(job(), pods)
    assert found.document == REPORT
    assert (found.report.outcome, found.report.customers.matched) == ("Succeeded", 8)
    assert found.completion_time == "2026-11-24T09:01:00Z"


def test_what_does_not_fit_the_status_schema_is_left_out_and_the_rest_kept() -> None:
    strange = REPORT | {
        "message": 7,
        "startTime": "yesterday",
        "completionTime": "2026-11-24T10:01:00.5+01:00",
        "customers": {"total": "ten", "matched": 8, "new": [1]},
        "contacts": "many",
        "later": {"version": 2},
    }
    report = result(job(), [pod(said(json.dumps(strange)))]).document
    assert report["customers"] == {"matched": 8, "new": [1]}
    assert report["startTime"] == "2026-11-24T09:00:00Z"  # the Job's own
    assert report["completionTime"] == "2026-11-24T09:01:00Z"
    assert report["later"] == {"version": 2}
    assert not {"message", "contacts"} & set(report)
    LastSync.model_validate_json(json.dumps(report), strict=True)


@pytest.mark.parametrize(
    ("failed", "pods", "reason"),
    [
        ("DeadlineExceeded", [], "DeadlineExceeded"),
        ("DeadlineExceeded", [pod({"running": {}}, phase="Running")], "DeadlineExceeded"),
        (
            "DeadlineExceeded",
            [pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}, phase="Pending")],
            "ImagePullBackOff",
        ),
        ("BackoffLimitExceeded", [pod({"terminated": {"reason": "OOMKilled", "exitCode": 137}})], "OOMKilled"),
        ("BackoffLimitExceeded", [pod({"terminated": {"reason": "Error", "exitCode": 1}})], "BackoffLimitExceeded"),
        ("BackoffLimitExceeded", [pod({}, reason="Evicted", message="low on memory")], "Evicted"),
        (
            "BackoffLimitExceeded",
            [
                pod(
                    {"terminated": {"reason": "ContainerStatusUnknown", "exitCode": 137}},
                    reason="Evicted",
                    message="low on memory",
                )
            ],
            "Evicted",
        ),
        (
            "BackoffLimitExceeded",
            [pod({"terminated": {"reason": "Error", "exitCode": 137}}, conditions=[DRAINED])],
            "EvictionByEvictionAPI",
        ),
    ],
)
def test_one_that_failed_without_a_report_has_kubernetes_reason(
    failed: str, pods: list[dict[str, Any]], reason: str
) -> None:
    document = result(job(failed=failed), pods).document
    assert (document["outcome"], document["reason"]) == ("Failed", reason)
    assert (document["startTime"], document["completionTime"]) == ("2026-11-24T09:00:00Z", "2026-11-24T09:02:00Z")
    assert set(document["customers"].values()) == set(document["contacts"].values()) == {0}


@pytest.mark.parametrize(("trigger", "dry_run"), [("schedule", False), ("manual", False), ("preview", True)])
def test_one_without_a_report_is_still_told_apart_as_a_dry_run(trigger: str, dry_run: bool) -> None:  # noqa: FBT001 - a case
    failed = job(failed="DeadlineExceeded")
    failed["metadata"]["labels"]["mogulsync.dev/trigger"] = trigger
    assert result(failed, []).document["dryRun"] is dry_run


@pytest.mark.parametrize("message", [None, "", '{"outcome": "Succeeded", "rea', json.dumps(REPORT)[:-9], "[" * 4000])
def test_one_that_completed_without_a_readable_report_succeeded_at_least_in_part(message: str | None) -> None:
    document = result(job(), [] if message is None else [pod(said(message))]).document
    assert (document["outcome"], document["reason"]) == ("PartiallySucceeded", "NoReport")
    assert set(document["customers"].values()) == set(document["contacts"].values()) == {0}
    assert (document["startTime"], document["completionTime"]) == ("2026-11-24T09:00:00Z", "2026-11-24T09:02:00Z")


@pytest.mark.parametrize(
    ("start", "completion", "shown"),
    [
        ("2026-11-24T09:00:05Z", "2026-11-24T09:01:00Z", ("09:00:05", "09:01:00")),
        ("2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z", ("09:00:00", "09:02:00")),
        ("2026-11-25T09:00:05Z", "2026-11-25T09:01:00Z", ("09:00:00", "09:02:00")),
        ("2026-11-24T09:00:05Z", "2026-11-25T09:01:00Z", ("09:00:05", "09:02:00")),
        ("2026-11-24T09:01:30Z", "2026-11-24T09:01:00Z", ("09:00:00", "09:02:00")),
        ("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", ("09:00:00", "09:02:00")),
        ("10000-01-01T00:00:00Z", "yesterday", ("09:00:00", "09:02:00")),
    ],
)
def test_times_outside_the_jobs_own_life_are_the_jobs(start: str, completion: str, shown: tuple[str, str]) -> None:
    report = REPORT | {"startTime": start, "completionTime": completion}
    found = result(job(), [pod(said(json.dumps(report)))])
    times = tuple(f"2026-11-24T{time}Z" for time in shown)
    assert (found.document["startTime"], found.document["completionTime"]) == times
    assert (found.report.start_time, found.completion_time) == times


@pytest.mark.parametrize(
    ("annotations", "trigger"), [({}, "schedule"), ({"cronjob.kubernetes.io/instantiate": "manual"}, "manual")]
)
def test_a_job_made_by_hand_from_the_cronjob_is_manual(annotations: dict[str, str], trigger: str) -> None:
    stored = job()
    stored["metadata"] |= {"labels": {"mogulsync.dev/trigger": "schedule"}, "annotations": annotations}
    assert parse_job(stored).trigger == trigger
