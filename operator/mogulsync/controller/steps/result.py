"""What a step of a reconcile returns, and the one place where the results of all steps are folded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from mogulsync.controller.applystate import ApplyState
from mogulsync.controller.blocker import Blocker
from mogulsync.controller.conditions import CheckProgress, CheckState
from mogulsync.controller.events import Notice
from mogulsync.kube.client import StatusError
from mogulsync.resource.status import Status

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What a step found and did."""

    status: Status | None = None
    """The status with the step's changes; None when it has none."""
    requeue_after: timedelta | None = None
    """When to reconcile again at the latest."""
    blocker: Blocker | None = None
    """What keeps the step from doing its part."""
    error: StatusError | None = None
    """The error behind a blocker that may pass when the step is tried again soon."""
    check: CheckProgress | None = None
    missing_secret: str | None = None
    missed: datetime | None = None
    """The due time that passed without success."""
    notices: tuple[Notice, ...] = ()
    """Events to publish besides those of conditions."""
    apply_state: ApplyState | None = None
    """What is to be remembered of the CronJob's applies."""
    put_back: bool = False
    """Whether something was written again that another had changed."""


@dataclass(frozen=True, kw_only=True)
class FoldedResult:
    """What all steps found and did: of several blockers the first counts, of several times the earliest."""

    requeue_after: timedelta | None
    blocker: Blocker | None
    error: StatusError | None
    check: CheckProgress
    missing_secret: str | None
    missed: datetime | None
    notices: tuple[Notice, ...]
    apply_state: ApplyState | None
    put_back: bool


def fold(results: Sequence[StepResult]) -> FoldedResult:
    """Return the results of all steps as one."""
    settled = CheckProgress(state=CheckState.SETTLED)
    return FoldedResult(
        requeue_after=min((each.requeue_after for each in results if each.requeue_after is not None), default=None),
        blocker=_first(each.blocker for each in results),
        error=_first(each.error for each in results),
        check=_first(each.check for each in results) or settled,
        missing_secret=_first(each.missing_secret for each in results),
        missed=_first(each.missed for each in results),
        notices=tuple(notice for each in results for notice in each.notices),
        apply_state=_first(each.apply_state for each in results),
        put_back=any(each.put_back for each in results),
    )


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
