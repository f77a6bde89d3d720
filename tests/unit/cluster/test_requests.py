"""The value of a request, and what the status says of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from mogulsync.cluster import requests
from mogulsync.cluster.access import Access
from mogulsync.cluster.requests import CHECK, PREVIEW, RUN, Requested, Result, follow, request_value, worst
from mogulsync.kube.objects import NamespacedName
from mogulsync.resource.jobnames import preview_name, run_name

NOW = datetime(2026, 11, 26, 8, 0, 0, 5, tzinfo=UTC)


def destination(*, created: datetime = NOW - timedelta(days=1), **status: Any) -> dict[str, Any]:
    metadata = {"name": "production", "uid": "u", "creationTimestamp": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"metadata": metadata, "status": status}


def test_a_value_is_the_time_in_utc() -> None:
    assert request_value(destination(), RUN.annotation, now=NOW) == "2026-11-26T08:00:00.000005Z"


def test_a_clock_that_is_behind_makes_no_value_before_the_destination() -> None:
    made = destination(created=NOW + timedelta(hours=2))
    assert request_value(made, RUN.annotation, now=NOW) == "2026-11-26T10:00:00.000000Z"


def test_a_value_is_never_the_one_that_is_there() -> None:
    there = destination()
    there["metadata"]["annotations"] = {RUN.annotation: "2026-11-26T08:00:00.000005Z"}
    assert request_value(there, RUN.annotation, now=NOW) == "2026-11-26T08:00:00.000006Z"


def test_a_run_is_known_by_its_jobs_name_also_once_another_has_ended_since() -> None:
    job = run_name("v", uid="u", destination="production")
    assert RUN.result(destination(lastSync={"job": job, "outcome": "Succeeded"}), "v") is not None
    later = destination(lastSync={"job": "another"}, history=[{"job": "another"}, {"job": job, "outcome": "Failed"}])
    assert RUN.result(later, "v") == {"job": job, "outcome": "Failed"}
    assert RUN.result(destination(lastSync={"job": "another"}), "v") is None


def test_a_preview_and_a_check_are_known_too() -> None:
    job = preview_name("v", uid="u", destination="production")
    assert PREVIEW.result(destination(lastPreview={"job": job}), "v") == {"job": job}
    assert PREVIEW.result(destination(lastPreview={"job": "other"}), "v") is None
    assert CHECK.result(destination(lastCheck={"request": "v", "outcome": "Failed"}), "v") is not None
    assert CHECK.result(destination(lastCheck={"request": "other", "outcome": "Failed"}), "v") is None


class Answers:
    """Gives one destination after the other."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)

    async def read(self, *_: object) -> dict[str, Any]:
        return self._answers.pop(0)


async def test_following_a_run_says_how_long_the_last_one_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "POLL_SECONDS", 0)
    times = {"startTime": "2026-11-25T08:00:00Z", "completionTime": "2026-11-25T08:03:20Z"}
    job = run_name("v", uid="u", destination="production")
    answers = Answers(
        destination(),
        destination(lastHandledSyncRequest="v"),
        destination(lastHandledSyncRequest="v", lastSync={"job": "before", **times}),
        destination(lastHandledSyncRequest="v", lastSync={"job": job, "outcome": "Succeeded"}),
    )
    lines: list[str] = []
    requested = Requested(NamespacedName("sales", "production"), "v", suspended=False)
    result = await follow(cast("Access", answers), RUN, requested, lines.append)
    assert result.outcome == "Succeeded"
    assert lines == ["run requested", "the run is under way", "the run is under way; the last one took 3m"]


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [
        ("Succeeded", "Succeeded", 0),
        ("PartiallySucceeded", "NoReport", 3),
        ("Failed", "CredentialsRejected", 4),
        ("Failed", "GuardTripped", 4),
        ("Failed", "InvalidDestination", 2),
        ("Failed", "IntercomUnavailable", 5),
        ("Failed", "OOMKilled", 5),
        ("Failed", "DeadlineExceeded", 5),
    ],
)
def test_a_result_has_the_exit_code_of_the_worker(outcome: str, reason: str, code: int) -> None:
    assert Result(outcome, reason, "", {}).exit_code == code


def test_the_worst_of_several_is_the_highest() -> None:
    assert worst([0, 5, 3]) == 5
    assert worst([]) == 0
