"""Looks whether a sync could do its work: credentials and attributes. Writes nothing."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import DataAttribute, Workspace
from mogulsync.resource.reasons import RunReason
from mogulsync.resource.report import Customers, Report
from mogulsync.resource.spec import Spec
from mogulsync.sync.accounting import Books
from mogulsync.sync.attributes import matching_attributes, refused_for_matching, survey
from mogulsync.sync.creation import none_usable, not_matchable
from mogulsync.sync.failures import RunError, run_error_of
from mogulsync.sync.fields import fields_of
from mogulsync.sync.stopping import run_until
from mogulsync.transport.stats import RequestStats

_log: Final = logging.getLogger(__name__)


class Check:
    """A check of one destination, to be run once. Its arguments are those of a sync."""

    def __init__(
        self,
        spec: Spec,
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
        self._books = Books()
        self._usable = 0

    async def run(self, stop: asyncio.Event) -> Report:
        """Check, and return the report in every case."""
        failure = await run_until(stop, self._work())
        ending = self._books.check_ending(failure, usable=self._usable)
        report = self._books.report(
            ending, customers=Customers(), stats=self._stats, start=self._start, completion=self._now()
        )
        _log.info("check ended", extra={"outcome": report.outcome, "reason": report.reason})
        return report

    async def _work(self) -> None:
        """Ask both APIs, so that one report tells of both."""
        workspace, attributes, _ = answers = await asyncio.gather(
            self._intercom.me(), self._intercom.attributes(), self._chartmogul.ping(), return_exceptions=True
        )
        if isinstance(workspace, Workspace):
            self._books.found(workspace, self._spec.intercom.region)
        failures = [run_error_of(answer) for answer in answers if isinstance(answer, Exception)]
        if failures:
            raise _worst(failures)
        if not isinstance(attributes, BaseException):
            self._look_at(attributes)

    def _look_at(self, attributes: list[DataAttribute]) -> None:
        found = survey(fields_of(self._spec.fields), attributes)
        self._usable = len(found.usable)
        wanted = matching_attributes(self._spec.matching)
        refused = refused_for_matching(wanted, attributes)
        self._books.refused.extend([*found.refused, *refused])
        if not found.usable:
            raise none_usable(found.refused)
        if wanted and len(refused) == len(wanted):
            raise not_matchable(refused)


def _worst(failures: list[RunError]) -> RunError:
    """Return one failure that tells of all: refused credentials first, because only a person can mend them."""
    reasons = [failure.reason for failure in failures]
    reason = RunReason.CREDENTIALS_REJECTED if RunReason.CREDENTIALS_REJECTED in reasons else reasons[0]
    messages = dict.fromkeys(failure.message for failure in failures)
    return RunError(reason, "; ".join(messages))
