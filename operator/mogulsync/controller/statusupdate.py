"""The status after finished runs, checks and previews, and the patch that writes it.

Each is recorded once, whatever is repeated: an operator that was killed records the same again.
"""

from datetime import datetime
from typing import Any, Final

from mogulsync.controller.evidence import is_answer, latest_evidence
from mogulsync.controller.jobresult import JobResult
from mogulsync.controller.settings import RECONCILE
from mogulsync.kube.objects import Object
from mogulsync.resource.reasons import Outcome
from mogulsync.resource.report import Report
from mogulsync.resource.status import (
    HISTORY_LENGTH,
    HistoryEntry,
    LastCheck,
    LastPreview,
    LastSync,
    Status,
    WorkspaceStatus,
)
from mogulsync.resource.times import timestamp

_TIMES: Final = ("last_sync_time", "last_successful_sync_time", "last_successful_sync_start_time")


def without_future_times(status: Status, *, now: datetime) -> Status:
    """Return the status with times that are well ahead of now replaced by now.

    Version 0.1.0 took them from the clock of a Pod's node, and a time in the future outranks every later run.
    The end of a check is by the clock of the Jobs' controller, and the next one is due so long after it.
    """
    latest, present = timestamp(now + RECONCILE.clock_tolerance), timestamp(now)
    evidence, history = status.evidence, status.history or []
    dated = [each.completion_time for each in (evidence, status.last_check, *history) if each]
    if all((time or "") <= latest for time in (*dated, *(getattr(status, name) for name in _TIMES))):
        return status

    def clamped(time: str | None) -> str | None:
        return present if time is not None and time > latest else time

    changes: dict[str, Any] = {name: clamped(getattr(status, name)) for name in _TIMES}
    if evidence is not None:
        changes["evidence"] = evidence.model_copy(update={"completion_time": clamped(evidence.completion_time)})
    if status.history is not None:
        changes["history"] = [
            entry.model_copy(update={"completion_time": clamped(entry.completion_time)}) for entry in history
        ]
    if status.last_check is not None and (status.last_check.completion_time or "") > latest:
        changes["last_check"] = _ended_at(status.last_check, now)
    return status.model_copy(update=changes)


def _ended_at(last: LastCheck, moment: datetime) -> LastCheck:
    """Return a check as one that ended at this moment, the next one due as long after it as before."""
    changes = {"completion_time": timestamp(moment)}
    if last.completion_time is not None and last.next_check_time is not None:
        pause = datetime.fromisoformat(last.next_check_time) - datetime.fromisoformat(last.completion_time)
        changes["next_check_time"] = timestamp(moment + pause)
    return last.model_copy(update=changes)


def may_be_new(status: Status, *, job: str, created: datetime, began: datetime, ended: datetime) -> bool:
    """Return whether a run of this Job may not be in the status yet.

    The history is sorted by time and name and loses its oldest entry, so what is older than the oldest
    of a full history was in it. A Job that was made after another of its name had ended is another run; when
    it began says less, since a Job that is resumed begins anew.
    """
    history = status.history or []
    if any(entry.job == job and timestamp(created) <= (entry.completion_time or "") for entry in history):
        return False
    return len(history) < HISTORY_LENGTH or (timestamp(ended), timestamp(began), job) > _order(history[-1])


def with_run(status: Status, run: JobResult) -> Status:
    """Return the status with a finished run in it.

    A run that ended before the last one known only takes its place in the history.
    """
    if not may_be_new(status, job=run.job, created=run.created, began=run.began, ended=run.completed):
        return status
    entry = _entry(run)
    history = sorted([*(status.history or []), entry], key=_order, reverse=True)[:HISTORY_LENGTH]
    changes: dict[str, Any] = {"history": history, "evidence": latest_evidence(status.evidence, run)}
    outcome = run.report.outcome
    if outcome is Outcome.SUCCEEDED:
        changes["last_successful_sync_time"] = _later(status.last_successful_sync_time, run.completion_time)
    if outcome is not Outcome.FAILED:
        began = max(timestamp(run.began), run.report.start_time)
        changes["last_successful_sync_start_time"] = _later(status.last_successful_sync_start_time, began)
    if history[0] is entry:
        succeeded = outcome is Outcome.SUCCEEDED
        changes |= {
            "last_sync": LastSync.model_validate(run.document | {"job": run.job, "trigger": run.trigger}),
            "last_sync_time": run.completion_time,
            "consecutive_failures": 0 if succeeded else (status.consecutive_failures or 0) + 1,
            "workspace": _workspace(run.report) or status.workspace,
        }
    return status.model_copy(update=changes)


def with_preview(status: Status, preview: JobResult) -> Status:
    """Return the status with a finished preview in it; one that is not the newest changes nothing."""
    last = status.last_preview
    known = (last.completion_time or "", last.start_time or "", last.job or "") if last else ("", "", "")
    if preview.order <= known:
        return status
    return status.model_copy(
        update={
            "last_preview": LastPreview.model_validate(preview.document | {"job": preview.job}),
            "evidence": latest_evidence(status.evidence, preview),
        }
    )


def with_check(status: Status, check: JobResult, *, inputs: str, request: str | None, started: bool) -> Status:
    """Return the status with a finished check in it.

    Args:
        status: The status before.
        check: The check.
        inputs: Fingerprint of what it checked.
        request: Value of the annotation that was set when it began.
        started: Whether its container ever did; one that did not is followed by another at once.
    """
    report, before = check.report, status.last_check
    answered = is_answer(report.outcome, report.reason)
    repeated = before is not None and asks_the_same(before, inputs=inputs, request=request)
    unanswered_count = 0
    next_check: datetime | None = None
    if not answered and started:
        unanswered_count = 1 + ((before.unanswered_count or 0) if before and repeated else 0)
        next_check = check.completed + min(
            RECONCILE.first_recheck * 2 ** min(unanswered_count - 1, 16), RECONCILE.last_recheck
        )
    elif not answered:
        next_check = check.completed
    last = LastCheck(
        job=check.job,
        inputs=inputs,
        request=request,
        outcome=report.outcome,
        reason=report.reason,
        message=report.message,
        completion_time=check.completion_time,
        unanswered_count=unanswered_count or None,
        next_check_time=timestamp(next_check) if next_check else None,
    )
    return status.model_copy(
        update={
            "last_check": last,
            "evidence": latest_evidence(status.evidence, check),
            "workspace": _workspace(report) or status.workspace,
        }
    )


def asks_the_same(last: LastCheck, *, inputs: str, request: str | None) -> bool:
    """Return whether a check of these inputs, requested by this value, repeats the last one.

    An annotation that was removed requests nothing new.
    """
    return last.inputs == inputs and request in {None, last.request}


def merge_patch(before: Object, after: Object) -> Object:
    """Return the JSON merge patch (RFC 7386) that makes `after` of `before`; empty when they are equal."""
    changes: dict[str, Any] = {key: None for key in before if key not in after}
    for key, value in after.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            if nested := merge_patch(known, value):
                changes[key] = nested
        elif key not in before or known != value:
            changes[key] = value
    return changes


def _workspace(report: Report) -> WorkspaceStatus | None:
    """Return the Intercom workspace that a report names."""
    if report.workspace is None or not report.workspace.id:
        return None
    return WorkspaceStatus.model_validate(report.workspace.model_dump(by_alias=True))


def _entry(run: JobResult) -> HistoryEntry:
    report = run.report
    return HistoryEntry(
        job=run.job,
        trigger=run.trigger,
        outcome=report.outcome,
        start_time=report.start_time,
        completion_time=run.completion_time,
        matched=report.customers.matched,
        updated=report.contacts.updated,
        failed=report.contacts.failed,
    )


def _order(entry: HistoryEntry) -> tuple[str, str, str]:
    """Return what sorts runs by their end; of two that ended in one second, the one that began later is the later."""
    return entry.completion_time or "", entry.start_time or "", entry.job


def _later(one: str | None, other: str) -> str:
    """Return the later of two times; both are in UTC and as long, so their text sorts like them."""
    return max(one or "", other)
