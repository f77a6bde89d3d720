"""One check: whether a sync could do its work, by credentials and attributes. Writes nothing."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import DataAttribute, Workspace
from mogulsync.resource.reasons import RunReason
from mogulsync.resource.report import Customers, Report
from mogulsync.resource.syncspec import SyncSpec
from mogulsync.sync.attributes import inspect
from mogulsync.sync.failures import RunError, no_attribute_usable, not_matchable, run_error_of, run_until
from mogulsync.sync.reporting import check_ending, report_of
from mogulsync.sync.statistics import RunStatistics
from mogulsync.transport.errors import ApiError, UnavailableError
from mogulsync.transport.stats import RequestStats

_FORBIDDEN: Final = 403

_log: Final = logging.getLogger(__name__)


class SyncCheck:
    """A check of one destination, to be run once. Its arguments are those of a sync."""

    def __init__(
        self,
        spec: SyncSpec,
        *,
        chartmogul: ChartMogulClient,
        intercom: IntercomClient,
        stats: RequestStats,
        now: Callable[[], datetime],
    ) -> None:
        self._spec = spec
        self._chartmogul = chartmogul
        self._intercom = intercom
        self._stats = stats
        self._now = now
        self._start = now()
        self._statistics = RunStatistics()
        self._usable = 0

    async def run(self, stop: asyncio.Event) -> Report:
        """Check, and return the report in every case."""
        failure = await run_until(stop, self._work())
        report = report_of(
            self._statistics,
            check_ending(self._statistics, failure, usable=self._usable),
            customers=Customers(),
            requests=self._stats,
            start=self._start,
            completion=self._now(),
        )
        _log.info("check ended", extra={"outcome": report.outcome, "reason": report.reason})
        return report

    async def _work(self) -> None:
        """Ask both APIs, so that one report has the failures of both."""
        workspace, ping, attributes = await asyncio.gather(
            self._intercom.me(), self._chartmogul.ping(), self._intercom.attributes(), return_exceptions=True
        )
        if isinstance(workspace, Workspace):
            self._statistics.found_workspace(workspace, self._spec.intercom.region)
        answers = [workspace, ping] if _is_same_failure(workspace, attributes) else [workspace, ping, attributes]
        failures = [_failure(answer) for answer in answers if isinstance(answer, Exception)]
        if failures:
            raise _worst(failures)
        if not isinstance(attributes, BaseException):
            self._inspect(attributes)

    def _inspect(self, attributes: Sequence[DataAttribute]) -> None:
        plan, refused_for_matching, _ = inspect(self._spec, attributes)
        self._usable = len(plan.usable)
        self._statistics.refused.extend([*plan.refused, *refused_for_matching])
        if not plan.usable:
            raise no_attribute_usable(plan.refused)
        if len(refused_for_matching) == len(self._spec.matching.intercom_fields):
            raise not_matchable(refused_for_matching)


def _is_same_failure(first: object, second: object) -> bool:
    """Return whether a second request to an API says nothing that the first did not: 403 may name two permissions."""
    return (
        isinstance(first, ApiError)
        and isinstance(second, ApiError)
        and (type(first), first.status) == (type(second), second.status)
        and first.status != _FORBIDDEN
    )


def _failure(error: Exception) -> RunError:
    """Return the end of a check by this error; of an outage without the promise of a next run."""
    failure = run_error_of(error)
    return RunError(failure.reason, str(error)) if isinstance(error, UnavailableError) else failure


def _worst(failures: list[RunError]) -> RunError:
    """Return one failure that names all of them: refused credentials first, because only a person can fix them."""
    reasons = [failure.reason for failure in failures]
    reason = RunReason.CREDENTIALS_REJECTED if RunReason.CREDENTIALS_REJECTED in reasons else reasons[0]
    messages = dict.fromkeys(failure.message for failure in failures)
    return RunError(reason, "; ".join(messages))
