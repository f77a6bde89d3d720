"""The conditions of a destination, as a function of what the steps of a reconcile found.

Ready follows from a chain of functions: the first that returns a value decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from mogulsync.controller.blocker import Blocker
from mogulsync.controller.evidence import is_obstacle
from mogulsync.resource.fixes import fix_for
from mogulsync.resource.reasons import ConditionReason, ConditionType, Outcome, RunReason
from mogulsync.resource.status import Condition, Evidence, LastSync
from mogulsync.resource.times import timestamp

ConditionStatus = Literal["True", "False", "Unknown"]


class CheckState(StrEnum):
    """How far the check of the credentials and attributes is."""

    SETTLED = "settled"
    """None is needed."""
    UNDER_WAY = "under way"
    """Ready is Unknown until it ends."""
    RETRYING = "retrying"
    """It reached no answer so far and is tried again; Ready stays as the last evidence has it."""


@dataclass(frozen=True, kw_only=True)
class CheckProgress:
    """The check of the credentials and attributes."""

    state: CheckState
    message: str = ""
    """What it does or waits for, unless it is settled."""


@dataclass(frozen=True, kw_only=True)
class ConditionInputs:
    """What the conditions follow from."""

    reference: str
    """Name and namespace, as a command takes them: `production -n sales`."""
    generation: int
    suspended: bool
    blocker: Blocker | None = None
    missing_secret: str | None = None
    """The message about a Secret that a Pod waits for."""
    check: CheckProgress
    evidence: Evidence | None
    last_sync: LastSync | None
    missed: datetime | None = None
    """The due time that passed without success."""


@dataclass(frozen=True, kw_only=True)
class ConditionValue:
    """Status, reason and message of a condition."""

    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Ready, and whether Reconciling or Stalled is True with the same reason and message."""

    ready: ConditionValue
    reconciling: bool = False
    stalled: bool = False


_OWN_TYPES: Final = frozenset(ConditionType)


def conditions(found: ConditionInputs, *, before: list[Condition], now: datetime) -> list[Condition]:
    """Return all conditions: ours, Reconciling and Stalled only when True, and those that others wrote.

    Args:
        found: What they follow from.
        before: The conditions so far: one whose status stays keeps its lastTransitionTime.
        now: The time of those that change.
    """
    readiness = _readiness(found)
    ready = readiness.ready
    values: dict[ConditionType, ConditionValue] = {
        ConditionType.READY: ready,
        ConditionType.SYNCED: _synced(found),
        ConditionType.OVERDUE: _overdue(found),
    }
    true = ConditionValue(status="True", reason=ready.reason, message=ready.message)
    if readiness.reconciling:
        values[ConditionType.RECONCILING] = true
    if readiness.stalled:
        values[ConditionType.STALLED] = true
    known = {condition.type: condition for condition in before}
    own = [
        Condition(
            type=kind,
            status=value.status,
            observed_generation=found.generation,
            last_transition_time=_since(known.get(kind), value.status, now),
            reason=value.reason,
            message=value.message,
        )
        for kind, value in values.items()
    ]
    return own + [condition for condition in before if condition.type not in _OWN_TYPES]


def headline(listed: list[Condition]) -> str:
    """Return the message that matters most: Ready's, or Synced's when Ready is True."""
    by_type = {condition.type: condition for condition in listed}
    ready = by_type[ConditionType.READY]
    return by_type[ConditionType.SYNCED].message if ready.status == "True" else ready.message


def _readiness(found: ConditionInputs) -> Readiness:
    """Return whether runs can work: what blocks first, then the latest evidence."""
    return next(readiness for check in _READY_CHAIN if (readiness := check(found)) is not None)


def _blocked(found: ConditionInputs) -> Readiness | None:
    blocker = found.blocker
    if blocker is None:
        return None
    status: ConditionStatus = "False" if blocker.stalled else "Unknown"
    value = ConditionValue(status=status, reason=blocker.reason, message=blocker.message)
    return Readiness(ready=value, stalled=blocker.stalled, reconciling=not blocker.stalled)


def _without_secret(found: ConditionInputs) -> Readiness | None:
    if found.missing_secret is None:
        return None
    reason = ConditionReason.SECRET_NOT_FOUND
    return Readiness(ready=ConditionValue(status="False", reason=reason, message=found.missing_secret))


def _checking(found: ConditionInputs) -> Readiness | None:
    if found.check.state is not CheckState.UNDER_WAY and found.evidence is not None:
        return None
    message = found.check.message or "The credentials and attributes are being checked."
    value = ConditionValue(status="Unknown", reason=ConditionReason.CHECKING, message=message)
    return Readiness(ready=value, reconciling=True)


def _against_evidence(found: ConditionInputs) -> Readiness | None:
    """Return Ready where the latest evidence shows that a person must act, else None.

    A new generation lifts the guard at once; for everything else it starts a check, whose answer is new evidence.
    """
    evidence = found.evidence
    if evidence is None or not is_obstacle(evidence):
        return None
    if evidence.reason == RunReason.GUARD_TRIPPED and evidence.generation != found.generation:
        return None
    reason = str(evidence.reason)
    parts = (evidence.message, fix_for(reason, name=found.reference))
    message = " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)
    return Readiness(ready=ConditionValue(status="False", reason=reason, message=message), stalled=True)


def _suspended(found: ConditionInputs) -> Readiness | None:
    if not found.suspended:
        return None
    message = "The schedule is suspended; the credentials were accepted."
    return Readiness(ready=ConditionValue(status="True", reason=ConditionReason.SUSPENDED, message=message))


def _ready(_: ConditionInputs) -> Readiness:
    message = "The CronJob is in place and the credentials were accepted."
    return Readiness(ready=ConditionValue(status="True", reason=ConditionReason.READY, message=message))


_READY_CHAIN: Final[tuple[Callable[[ConditionInputs], Readiness | None], ...]] = (
    _blocked,
    _without_secret,
    _checking,
    _against_evidence,
    _suspended,
    _ready,
)


def _synced(found: ConditionInputs) -> ConditionValue:
    run = found.last_sync
    if run is None:
        return ConditionValue(status="Unknown", reason=ConditionReason.NO_RUN_YET, message="No run has ended yet.")
    return ConditionValue(
        status="True" if run.outcome == Outcome.SUCCEEDED else "False",
        reason=run.reason or str(run.outcome),
        message=run.message or "",
    )


def _overdue(found: ConditionInputs) -> ConditionValue:
    if found.missed is None:
        return ConditionValue(status="False", reason=ConditionReason.ON_TIME, message="No due time was missed.")
    message = f"No run since {timestamp(found.missed)}, when one was due, has succeeded, and none is under way."
    return ConditionValue(status="True", reason=ConditionReason.RUN_MISSED, message=message)


def _since(before: Condition | None, status: ConditionStatus, now: datetime) -> str:
    return before.last_transition_time if before and before.status == status else timestamp(now)
