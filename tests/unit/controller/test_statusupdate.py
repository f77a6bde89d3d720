"""Runs, checks and previews are recorded in the status once, in whatever order they are seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.controller.jobresult import JobResult
from mogulsync.controller.statusupdate import may_be_new, with_check, with_preview, with_run
from mogulsync.resource.report import Report
from mogulsync.resource.status import Status
from mogulsync.resource.times import timestamp

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def ended(
    minute: int,
    reason: str = "Succeeded",
    *,
    job: str = "",
    generation: int = 1,
    trigger: str = "schedule",
    start: datetime | None = None,
) -> JobResult:
    outcome = reason if reason in {"Succeeded", "PartiallySucceeded"} else "Failed"
    began = START + timedelta(minutes=minute)
    completed = began + timedelta(seconds=30)
    document: dict[str, Any] = {
        "outcome": outcome,
        "reason": reason,
        "message": f"{reason} at {minute}",
        "startTime": timestamp(start or began),
        "completionTime": timestamp(completed),
        "workspace": {"id": "w", "name": f"Workspace {minute}", "region": "EU"},
    }
    return JobResult(
        job=job or f"run-{minute:03}",
        trigger=trigger,
        generation=generation,
        created=began,
        began=began,
        completed=completed,
        report=Report.model_validate(document),
        document=document,
    )


def fold(*runs: JobResult) -> Status:
    status = Status()
    for run in runs:
        status = with_run(status, run)
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


def test_times_of_the_last_run_and_the_last_success_differ() -> None:
    status = fold(ended(1), ended(5, "IntercomUnavailable"))
    assert status.last_sync_time == "2026-11-24T09:05:30Z"
    assert status.last_successful_sync_time == "2026-11-24T09:01:30Z"
    assert status.last_successful_sync_start_time == "2026-11-24T09:01:00Z"


def test_a_node_whose_clock_is_behind_does_not_make_a_run_begin_before_its_job() -> None:
    run = ended(5, start=START - timedelta(hours=1))
    assert fold(run).last_successful_sync_start_time == "2026-11-24T09:05:00Z"


def test_a_run_older_than_a_full_history_was_in_it() -> None:
    status = fold(*(ended(minute) for minute in range(12)))
    first, late = START + timedelta(minutes=1), START + timedelta(minutes=30)
    assert not may_be_new(status, job="run-001", created=first, began=first, ended=first + timedelta(seconds=30))
    assert may_be_new(status, job="late", created=late, began=late, ended=late)


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
        ([("run", "GuardTripped", 1), ("check", "CredentialsRejected", 1), ("check", "Succeeded", 1)], "GuardTripped"),
        (
            [("run", "GuardTripped", 1), ("preview", "CredentialsRejected", 1), ("check", "Succeeded", 1)],
            "GuardTripped",
        ),
        ([("run", "GuardTripped", 1), ("check", "CredentialsRejected", 1), ("check", "Succeeded", 2)], "Succeeded"),
        (
            [
                ("run", "GuardTripped", 1),
                *[("check", "CredentialsRejected", 1)] * 2,
                ("run", "Succeeded", 1),
                ("check", "Succeeded", 1),
            ],
            "Succeeded",
        ),
        ([("run", "GuardTripped", 1), ("run", "Succeeded", 1)], "Succeeded"),
        ([("run", "CredentialsRejected", 1), ("preview", "Succeeded", 1)], "Succeeded"),
        ([("check", "Succeeded", 1), ("preview", "CredentialsRejected", 1)], "CredentialsRejected"),
        ([("check", "CredentialsRejected", 1), ("preview", "GuardTripped", 1)], "Succeeded"),
        ([("run", "GuardTripped", 1), ("preview", "Succeeded", 1)], "GuardTripped"),
        ([("check", "Succeeded", 1), ("preview", "GuardTripped", 1)], "Succeeded"),
        ([("run", "DeadlineExceeded", 1)], None),
        ([("check", "Interrupted", 1)], None),
    ],
)
def test_evidence_is_the_last_answer(story: list[tuple[str, str, int]], reason: str | None) -> None:
    status = Status()
    for minute, (kind, word, generation) in enumerate(story):
        result = ended(minute, word, generation=generation, trigger="schedule" if kind == "run" else kind)
        match kind:
            case "run":
                status = with_run(status, result)
            case "preview":
                status = with_preview(status, result)
            case _:
                status = with_check(status, result, inputs="i", request=None, started=True)
    assert (status.evidence.reason if status.evidence else None) == reason


def test_a_check_is_remembered_with_what_it_checked_and_names_the_workspace() -> None:
    status = with_check(Status(), ended(1, job="check-1", trigger="check"), inputs="abc", request="now", started=True)
    assert status.last_check is not None
    assert (status.last_check.job, status.last_check.inputs, status.last_check.request) == ("check-1", "abc", "now")
    assert status.workspace is not None
    assert status.workspace.name == "Workspace 1"
    assert status.history is None
    assert status.last_check.next_check_time is None


def test_success_at_least_in_part_ends_silence_and_success_alone_is_success() -> None:
    status = fold(ended(1), ended(3, "PartiallySucceeded"), ended(5, "IntercomUnavailable"))
    assert status.last_successful_sync_start_time == "2026-11-24T09:03:00Z"
    assert status.last_successful_sync_time == "2026-11-24T09:01:30Z"


def test_checks_without_an_answer_are_followed_after_ten_minutes_doubling_up_to_six_hours() -> None:
    status, waits = Status(), []
    for _ in range(9):
        result = ended(0, "IntercomUnavailable", trigger="check")
        status = with_check(status, result, inputs="i", request=None, started=True)
        assert status.last_check is not None
        assert status.last_check.next_check_time is not None
        waits.append(datetime.fromisoformat(status.last_check.next_check_time) - result.completed)
    assert [wait / timedelta(minutes=1) for wait in waits] == [10, 20, 40, 80, 160, 320, 360, 360, 360]
    other = with_check(status, ended(1, "IntercomUnavailable"), inputs="other", request=None, started=True)
    assert other.last_check is not None
    assert other.last_check.unanswered_count == 1


def test_a_check_whose_container_never_started_is_followed_at_once() -> None:
    result = ended(1, "DeadlineExceeded", trigger="check")
    status = with_check(Status(), result, inputs="i", request=None, started=False)
    assert status.last_check is not None
    assert status.last_check.next_check_time == result.completion_time
    assert status.last_check.unanswered_count is None


def test_the_last_preview_is_in_no_count_and_no_history() -> None:
    earlier = fold(ended(1))
    status = with_preview(earlier, ended(5, "PartiallySucceeded", job="preview-1", trigger="preview"))
    assert status.last_preview is not None
    assert (status.last_preview.job, status.last_preview.outcome) == ("preview-1", "PartiallySucceeded")
    changed = {"last_preview", "evidence"}
    assert status.model_dump(exclude=changed) == earlier.model_dump(exclude=changed)
    assert with_preview(status, ended(3, job="preview-0", trigger="preview")) == status


def test_of_two_runs_that_end_in_one_second_the_one_that_began_later_is_the_last() -> None:
    first, second = ended(1, job="z"), ended(2, job="a")
    status = fold(first, replace(second, completed=first.completed))
    assert status.last_sync is not None
    assert status.last_sync.job == "a"
