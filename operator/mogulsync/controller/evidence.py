"""The evidence that Ready goes by: the latest run, check or preview that reached an answer."""

from typing import Final

from mogulsync.controller.jobresult import JobResult
from mogulsync.resource import names
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.resource.status import Evidence

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
    """Return whether the evidence shows that a person must act."""
    return evidence is not None and evidence.reason in OBSTACLES


def is_answer(outcome: str | None, reason: str | None) -> bool:
    """Return whether a run or check shows if the destination is usable; one that met an outage does not."""
    return outcome in {Outcome.SUCCEEDED, Outcome.PARTIALLY_SUCCEEDED} or reason in OBSTACLES


def latest_evidence(before: Evidence | None, result: JobResult) -> Evidence | None:
    """Return the evidence after another run, check or preview has ended.

    Only a run can say that the guard lets it pass: a check counts no changes, and a preview writes nothing.
    """
    report = result.report
    if not is_answer(report.outcome, report.reason):
        return before
    if before is not None and (before.completion_time or "") > result.completion_time:
        return before
    is_run = result.trigger not in {names.TRIGGER_CHECK, names.TRIGGER_PREVIEW}
    guard = report.reason == RunReason.GUARD_TRIPPED
    passed = report.reason not in OBSTACLES or (guard and not is_run)
    guard_message = None if is_run else _guard_message(before, generation=result.generation)
    if passed:
        reason = RunReason.SUCCEEDED if guard_message is None else RunReason.GUARD_TRIPPED
        message = guard_message
    else:
        reason, message = RunReason(report.reason), report.message
    return Evidence(
        job=result.job,
        generation=result.generation,
        reason=reason.value,
        message=message,
        guard_message=report.message if guard and is_run else guard_message,
        completion_time=result.completion_time,
    )


def _guard_message(before: Evidence | None, *, generation: int | None) -> str | None:
    """Return what the guard said that stopped the last run of a generation; None when it stopped none."""
    if before is None or before.generation != generation:
        return None
    if before.guard_message is None and before.reason == RunReason.GUARD_TRIPPED:  # written by 0.1.0
        return before.message or ""
    return before.guard_message
