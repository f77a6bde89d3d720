"""Folds finished runs and checks into the status. Each is folded once, whatever is repeated."""

from datetime import datetime
from typing import Any, Final

from mogulsync.controller.runs import Finished, workspace_in
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.resource.status import HISTORY_LENGTH, Evidence, HistoryEntry, LastCheck, LastSync, Status
from mogulsync.resource.times import timestamp

OBSTACLES: Final = frozenset(
    {
        RunReason.CREDENTIALS_REJECTED,
        RunReason.ATTRIBUTES_NOT_USABLE,
        RunReason.GUARD_TRIPPED,
        RunReason.INVALID_DESTINATION,
        RunReason.MISSING_CREDENTIALS,
    }
)
"""Reasons of a run or check that hold until a person has acted."""


def is_obstacle(evidence: Evidence | None) -> bool:
    """Return whether the evidence says that a person must act."""
    return evidence is not None and evidence.reason in OBSTACLES


def is_answer(outcome: str | None, reason: str | None) -> bool:
    """Return whether a run or check tells if the destination is usable; an API that was down does not."""
    return outcome in {Outcome.SUCCEEDED, Outcome.PARTIALLY_SUCCEEDED} or reason in OBSTACLES


def may_be_new(status: Status, *, job: str, began: datetime, ended: datetime) -> bool:
    """Return whether a run of this Job may not be in the status yet.

    The history is sorted by time and name and loses its oldest entry, so what is older than the oldest
    of a full history was in it. A Job that began after another of its name had ended is another run.
    """
    history = status.history or []
    if any(entry.job == job and timestamp(began) <= (entry.completion_time or "") for entry in history):
        return False
    return len(history) < HISTORY_LENGTH or (timestamp(ended), job) > _order(history[-1])


def fold_run(status: Status, run: Finished) -> Status:
    """Return the status with a finished run in it.

    A run that ended before the last one known only takes its place in the history.
    """
    if not may_be_new(status, job=run.job, began=run.began, ended=datetime.fromisoformat(run.completion_time)):
        return status
    entry = _entry(run)
    history = sorted([*(status.history or []), entry], key=_order, reverse=True)[:HISTORY_LENGTH]
    changes: dict[str, Any] = {"history": history, "evidence": _evidence(status, run, check=False)}
    succeeded = run.report["outcome"] == Outcome.SUCCEEDED
    if succeeded:
        changes["last_successful_sync_time"] = _later(status.last_successful_sync_time, run.completion_time)
        began = max(timestamp(run.began), run.report["startTime"])
        changes["last_successful_sync_start_time"] = _later(status.last_successful_sync_start_time, began)
    if history[0] is entry:
        last = LastSync.model_validate(run.report | {"job": run.job, "trigger": run.trigger})
        changes |= {
            "last_sync": last,
            "last_sync_time": run.completion_time,
            "consecutive_failures": 0 if succeeded else (status.consecutive_failures or 0) + 1,
            "workspace": workspace_in(run.report) or status.workspace,
        }
    return status.model_copy(update=changes)


def fold_check(status: Status, check: Finished, *, inputs: str, request: str | None) -> Status:
    """Return the status with a finished check in it.

    Args:
        status: The status before.
        check: The check.
        inputs: Fingerprint of what it checked.
        request: Value of the annotation that stood when it began.
    """
    report = check.report
    last = LastCheck(
        job=check.job,
        inputs=inputs,
        request=request,
        outcome=report["outcome"],
        reason=report["reason"],
        message=report.get("message"),
        completion_time=check.completion_time,
    )
    return status.model_copy(
        update={
            "last_check": last,
            "evidence": _evidence(status, check, check=True),
            "workspace": workspace_in(report) or status.workspace,
        }
    )


def _evidence(status: Status, ended: Finished, *, check: bool) -> Evidence | None:
    """Return what is known of the destination's usability after another run or check has ended."""
    before, report = status.evidence, ended.report
    if not is_answer(report["outcome"], report["reason"]):
        return before
    if before is not None and before.completion_time is not None and before.completion_time > ended.completion_time:
        return before
    # A check does not count changes, so it cannot say that the guard would let a run pass.
    passed = report["reason"] not in OBSTACLES
    guarded = before is not None and before.reason == RunReason.GUARD_TRIPPED and before.generation == ended.generation
    if check and passed and guarded:
        return before
    return Evidence(
        job=ended.job,
        generation=ended.generation,
        reason=RunReason.SUCCEEDED.value if passed else report["reason"],
        message=None if passed else report.get("message"),
        completion_time=ended.completion_time,
    )


def _entry(run: Finished) -> HistoryEntry:
    report = run.report
    customers, contacts = report.get("customers") or {}, report.get("contacts") or {}
    return HistoryEntry(
        job=run.job,
        trigger=run.trigger,
        outcome=report["outcome"],
        start_time=report["startTime"],
        completion_time=run.completion_time,
        matched=customers.get("matched"),
        updated=contacts.get("updated"),
        failed=contacts.get("failed"),
    )


def _order(entry: HistoryEntry) -> tuple[str, str]:
    return entry.completion_time or "", entry.job


def _later(one: str | None, other: str) -> str:
    """Return the later of two times; both are in UTC and as long, so their text sorts like them."""
    return max(one or "", other)
