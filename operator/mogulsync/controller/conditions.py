"""The conditions of a destination: the one place that sums up what a reconcile found."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from mogulsync.controller.record import is_obstacle
from mogulsync.resource.reasons import ConditionReason, ConditionType, Outcome, RunReason
from mogulsync.resource.status import Condition, Evidence, LastSync
from mogulsync.resource.times import timestamp

Truth = Literal["True", "False", "Unknown"]


class Check(StrEnum):
    """How the check of the credentials and attributes stands."""

    SETTLED = "settled"
    """None is needed."""
    UNDER_WAY = "under way"
    UNANSWERED = "unanswered"
    """It reached no answer so far and will be tried again."""


@dataclass(frozen=True, kw_only=True)
class Impediment:
    """Why the CronJob, or a Job, is not as it should be."""

    reason: str
    message: str
    stalled: bool = True
    """Whether a person must act."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a reconcile found."""

    generation: int
    suspended: bool
    impediment: Impediment | None = None
    missing_secret: str | None = None
    """What there is to say about a Secret that a Pod waits for."""
    check: Check
    check_message: str = ""
    """What there is to say about a check that is not settled."""
    evidence: Evidence | None
    last_sync: LastSync | None
    missed: datetime | None = None
    """The due time that passed without success."""


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    status: Truth
    reason: str
    message: str
    reconciling: bool = False
    stalled: bool = False


_MENDS: Final[dict[str, str]] = {
    RunReason.CREDENTIALS_REJECTED: "Put a valid key or token into the Secret, then request a check or a run.",
    RunReason.ATTRIBUTES_NOT_USABLE: "Mend the attributes in Intercom or name others, then request a check or a run.",
    RunReason.GUARD_TRIPPED: "If so many changes are right, raise spec.maxChangedPercent.",
    RunReason.INVALID_DESTINATION: "Mend the spec.",
    RunReason.MISSING_CREDENTIALS: "Put the key and the token into the Secrets, then request a check or a run.",
}


def conditions(found: Findings, *, before: list[Condition], now: datetime) -> list[Condition]:
    """Return all conditions; Reconciling and Stalled only when True.

    Args:
        found: What they are to tell.
        before: The conditions so far: one whose status stays keeps its lastTransitionTime.
        now: The time of those that change.
    """
    ready = _ready(found)
    verdicts: dict[ConditionType, _Verdict] = {
        ConditionType.READY: ready,
        ConditionType.SYNCED: _synced(found),
        ConditionType.OVERDUE: _overdue(found),
    }
    if ready.reconciling:
        verdicts[ConditionType.RECONCILING] = _same(ready)
    if ready.stalled:
        verdicts[ConditionType.STALLED] = _same(ready)
    known = {condition.type: condition for condition in before}
    return [
        Condition(
            type=kind,
            status=verdict.status,
            observed_generation=found.generation,
            last_transition_time=_since(known.get(kind), verdict.status, now),
            reason=verdict.reason,
            message=verdict.message,
        )
        for kind, verdict in verdicts.items()
    ]


def headline(listed: list[Condition]) -> str:
    """Return the message that matters most: Ready's, or Synced's when Ready is True."""
    by_type = {condition.type: condition for condition in listed}
    ready = by_type[ConditionType.READY]
    return by_type[ConditionType.SYNCED].message if ready.status == "True" else ready.message


def _ready(found: Findings) -> _Verdict:
    """Return whether runs can work: what stands in the way first, then the latest evidence."""
    impediment, evidence = found.impediment, found.evidence
    if impediment is not None:
        return _Verdict(
            status="False" if impediment.stalled else "Unknown",
            reason=impediment.reason,
            message=impediment.message,
            stalled=impediment.stalled,
            reconciling=not impediment.stalled,
        )
    if found.missing_secret is not None:
        return _Verdict(status="False", reason=ConditionReason.SECRET_NOT_FOUND, message=found.missing_secret)
    if found.check is Check.UNDER_WAY or evidence is None:
        message = found.check_message or "The credentials and attributes are being checked."
        return _Verdict(status="Unknown", reason=ConditionReason.CHECKING, message=message, reconciling=True)
    if _stands(found, evidence):
        reason = str(evidence.reason)
        message = " ".join(part for part in (evidence.message, _MENDS[reason]) if part)
        return _Verdict(status="False", reason=reason, message=message, stalled=True)
    if found.suspended:
        message = "The schedule is suspended; the credentials were accepted."
        return _Verdict(status="True", reason=ConditionReason.SUSPENDED, message=message)
    message = "The CronJob is in place and the credentials were accepted."
    return _Verdict(status="True", reason=ConditionReason.READY, message=message)


def _stands(found: Findings, evidence: Evidence) -> bool:
    """Return whether the evidence keeps the destination from being ready.

    A new generation lifts the guard at once; for everything else it starts a check, which will tell.
    """
    lifted = evidence.reason == RunReason.GUARD_TRIPPED and evidence.generation != found.generation
    return is_obstacle(evidence) and not lifted


def _synced(found: Findings) -> _Verdict:
    run = found.last_sync
    if run is None:
        return _Verdict(status="Unknown", reason=ConditionReason.NO_RUN_YET, message="No run has ended yet.")
    return _Verdict(
        status="True" if run.outcome == Outcome.SUCCEEDED else "False",
        reason=run.reason or str(run.outcome),
        message=run.message or "",
    )


def _overdue(found: Findings) -> _Verdict:
    if found.missed is None:
        return _Verdict(status="False", reason=ConditionReason.ON_TIME, message="No due time was missed.")
    message = f"No run since {timestamp(found.missed)}, when one was due, has succeeded, and none is under way."
    return _Verdict(status="True", reason=ConditionReason.RUN_MISSED, message=message)


def _same(ready: _Verdict) -> _Verdict:
    return _Verdict(status="True", reason=ready.reason, message=ready.message)


def _since(before: Condition | None, status: Truth, now: datetime) -> str:
    return before.last_transition_time if before and before.status == status else timestamp(now)
