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
    passed = report.reason not in OBSTACLES or (report.reason == RunReason.GUARD_TRIPPED and not is_run)
    guard = None if is_run else _guard(before, generation=result.generation)
    if passed and guard is not None:
        return guard
    return Evidence(
        job=result.job,
        generation=result.generation,
        reason=RunReason.SUCCEEDED.value if passed else report.reason,
        message=None if passed else report.message,
        guard_message=guard.message if guard else None,
        completion_time=result.completion_time,
    )


def _guard(before: Evidence | None, *, generation: int | None) -> Evidence | None:
    """Return the evidence that the guard stopped the last run of a generation; None when it stopped none."""
    if before is None or before.generation != generation:
        return None
    if before.guard_message is None:
        return before if before.reason == RunReason.GUARD_TRIPPED else None
    guard = {"reason": RunReason.GUARD_TRIPPED.value, "message": before.guard_message, "guard_message": None}
    return before.model_copy(update=guard)
