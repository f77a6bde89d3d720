"""Runs and checks are folded into the status once, in whatever order they are seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.controller.record import fold_check, fold_run, may_be_new
from mogulsync.controller.runs import Finished
from mogulsync.resource.status import Status
from mogulsync.resource.times import timestamp

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def ended(minute: int, reason: str = "Succeeded", *, job: str = "", generation: int = 1) -> Finished:
    outcome = reason if reason in {"Succeeded", "PartiallySucceeded"} else "Failed"
    began = START + timedelta(minutes=minute)
    report: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "message": f"{reason} at {minute}",
        "startTime": timestamp(began),
        "completionTime": timestamp(began + timedelta(seconds=30)),
        "workspace": {"id": "w", "name": f"Workspace {minute}", "region": "EU"},
    }
    return Finished(
        job=job or f"run-{minute:03}", trigger="schedule", generation=generation, began=began, report=report
    )


def fold(*runs: Finished) -> Status:
    status = Status()
    for run in runs:
        status = fold_run(status, run)
    return status


@given(st.lists(st.integers(0, 60), max_size=40))
def test_the_history_is_the_last_ten_distinct_runs_newest_first_whatever_is_repeated(minutes: list[int]) -> None:
    in_order = sorted(minutes)
    status = fold(*(ended(minute) for minute in in_order), *(ended(minute) for minute in minutes))
    expected = [f"run-{minute:03}" for minute in sorted(set(minutes), reverse=True)[:10]]
    assert [entry.job for entry in status.history or []] == expected
    assert (status.last_sync.job if status.last_sync else None) == (expected[0] if expected else None)


@given(st.permutations(range(8)))
def test_the_order_in_which_runs_are_seen_changes_nothing_but_the_count_of_failures(order: list[int]) -> None:
    reasons = ["Succeeded", "IntercomUnavailable", "CredentialsRejected", "Succeeded"] * 2
    one = fold(*(ended(minute, reasons[minute]) for minute in order))
    other = fold(*(ended(minute, reasons[minute]) for minute in range(8)))
    same = {"history", "last_sync", "last_sync_time", "last_successful_sync_time", "evidence"}
    assert one.model_dump(include=same) == other.model_dump(include=same)


def test_success_alone_ends_a_row_of_failures() -> None:
    assert fold(ended(1, "IntercomUnavailable"), ended(2, "PartiallySucceeded")).consecutive_failures == 2
    assert fold(ended(1, "IntercomUnavailable"), ended(2), ended(3, "GuardTripped")).consecutive_failures == 1


def test_times_tell_the_last_run_and_the_last_success_apart() -> None:
    status = fold(ended(1), ended(5, "IntercomUnavailable"))
    assert status.last_sync_time == "2026-11-24T09:05:30Z"
    assert status.last_successful_sync_time == "2026-11-24T09:01:30Z"
    assert status.last_successful_sync_start_time == "2026-11-24T09:01:00Z"


def test_a_node_whose_clock_is_behind_does_not_make_a_run_begin_before_its_job() -> None:
    run = ended(5)
    run.report["startTime"] = "2026-11-24T08:00:00Z"
    assert fold(run).last_successful_sync_start_time == "2026-11-24T09:05:00Z"


def test_a_run_older_than_a_full_history_was_in_it() -> None:
    status = fold(*(ended(minute) for minute in range(12)))
    first, late = START + timedelta(minutes=1), START + timedelta(minutes=30)
    assert not may_be_new(status, job="run-001", began=first, ended=first + timedelta(seconds=30))
    assert may_be_new(status, job="late", began=late, ended=late)


def test_a_name_that_is_used_again_is_another_run() -> None:
    status = fold(ended(1, job="by-hand"), ended(1, job="by-hand"), ended(7, job="by-hand"))
    assert [entry.completion_time for entry in status.history or []] == [
        "2026-11-24T09:07:30Z",
        "2026-11-24T09:01:30Z",
    ]


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        ([("run", "CredentialsRejected", 1)], "CredentialsRejected"),
        ([("run", "CredentialsRejected", 1), ("run", "IntercomUnavailable", 1)], "CredentialsRejected"),
        ([("run", "CredentialsRejected", 1), ("check", "Succeeded", 1)], "Succeeded"),
        ([("check", "CredentialsRejected", 1), ("run", "PartiallySucceeded", 1)], "Succeeded"),
        ([("check", "Succeeded", 1), ("check", "IntercomUnavailable", 1)], "Succeeded"),
        ([("run", "GuardTripped", 1), ("check", "Succeeded", 1)], "GuardTripped"),
        ([("run", "GuardTripped", 1), ("check", "Succeeded", 2)], "Succeeded"),
        ([("run", "GuardTripped", 1), ("check", "CredentialsRejected", 1)], "CredentialsRejected"),
        ([("run", "GuardTripped", 1), ("run", "Succeeded", 1)], "Succeeded"),
        ([("run", "DeadlineExceeded", 1)], None),
        ([("check", "Interrupted", 1)], None),
    ],
)
def test_evidence_is_the_last_answer(story: list[tuple[str, str, int]], reason: str | None) -> None:
    status = Status()
    for minute, (kind, word, generation) in enumerate(story):
        finished = ended(minute, word, generation=generation)
        is_run = kind == "run"
        status = fold_run(status, finished) if is_run else fold_check(status, finished, inputs="i", request=None)
    assert (status.evidence.reason if status.evidence else None) == reason


def test_a_check_is_remembered_with_what_it_checked_and_names_the_workspace() -> None:
    status = fold_check(Status(), ended(1, job="check-1"), inputs="abc", request="now")
    assert status.last_check is not None
    assert (status.last_check.job, status.last_check.inputs, status.last_check.request) == ("check-1", "abc", "now")
    assert status.workspace is not None
    assert status.workspace.name == "Workspace 1"
    assert status.history is None
