"""What a finished Job and its Pods tell."""

import json
from typing import Any

import pytest

from mogulsync.controller import runs
from mogulsync.resource.status import LastSync

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


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"terminated": {"message": message, "exitCode": 0, "startedAt": "2026-11-24T09:00:04Z"} | more}


def test_the_last_pods_report_is_the_runs() -> None:
    pods = [pod(said(json.dumps(REPORT | {"outcome": "Failed"}))), pod(said(json.dumps(REPORT)), made="09:00:30")]
    finished = runs.finished(job(), pods)
    assert finished.report == REPORT
    assert finished.completion_time == "2026-11-24T09:01:00Z"


@pytest.mark.parametrize(
    "message",
    ["", "killed", "[]", '{"outcome": "Splendid"}', '{"level": "info"}', json.dumps(REPORT)[:-9], "null", "1e999"],
)
def test_what_is_no_report_is_none(message: str) -> None:
    assert runs.report_in([pod(said(message))]) is None


def test_what_does_not_fit_the_status_schema_is_left_out_and_the_rest_kept() -> None:
    strange = REPORT | {
        "message": 7,
        "startTime": "yesterday",
        "completionTime": "2026-11-24T10:01:00.5+01:00",
        "customers": {"total": "ten", "matched": 8, "new": [1]},
        "contacts": "many",
        "later": {"version": 2},
    }
    report = runs.finished(job(), [pod(said(json.dumps(strange)))]).report
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
        (None, [], "NoReport"),
    ],
)
def test_without_a_report_it_failed_for_kubernetes_reason(
    failed: str | None, pods: list[dict[str, Any]], reason: str
) -> None:
    report = runs.finished(job(failed=failed), pods).report
    assert (report["outcome"], report["reason"]) == ("Failed", reason)
    assert (report["startTime"], report["completionTime"]) == ("2026-11-24T09:00:00Z", "2026-11-24T09:02:00Z")
    assert set(report["customers"].values()) == set(report["contacts"].values()) == {0}


def test_a_report_from_before_its_job_has_the_jobs_times() -> None:
    early = REPORT | {"startTime": "2026-11-24T08:00:00Z", "completionTime": "2026-11-24T08:01:00Z"}
    report = runs.finished(job(), [pod(said(json.dumps(early)))]).report
    assert (report["startTime"], report["completionTime"]) == ("2026-11-24T09:00:00Z", "2026-11-24T09:02:00Z")


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ('secret "chartmogul" not found', True),
        ("couldn't find key api-key in Secret crm/chartmogul", True),
        ('configmap "proxy" not found', False),
    ],
)
def test_a_missing_secret_is_told_from_other_faults(message: str, *, found: bool) -> None:
    pods = [pod({"waiting": {"reason": "CreateContainerConfigError", "message": message}}, phase="Pending")]
    assert (runs.missing_secret(pods) == message) == found
    assert runs.waiting_for(pods) == f"CreateContainerConfigError: {message}"
    assert not runs.container_started(pods)


def test_a_job_made_by_hand_from_the_cronjob_is_manual() -> None:
    by_hand = job()
    by_hand["metadata"]["labels"] = {"mogulsync.dev/trigger": "schedule"}
    assert runs.trigger(by_hand) == "schedule"
    by_hand["metadata"]["annotations"] = {"cronjob.kubernetes.io/instantiate": "manual"}
    assert runs.trigger(by_hand) == "manual"
