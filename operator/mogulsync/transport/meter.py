"""What a run's requests add up to, for its report."""

from dataclasses import dataclass

from mogulsync.transport.errors import Api


@dataclass(slots=True)
class Meter:
    """Counts of one run; both clients of a run share one.

    Attributes:
        chartmogul: Requests sent to ChartMogul, every attempt counted.
        intercom: Requests sent to Intercom, every attempt counted.
        throttled: Answers 429 of both.
        retried: Attempts after the first, of both.
        skipped: Records left out because they came without an id.
    """

    chartmogul: int = 0
    intercom: int = 0
    throttled: int = 0
    retried: int = 0
    skipped: int = 0

    def attempt(self, api: Api, *, again: bool = False) -> None:
        """Count one request on its way to `api`; `again` when it is not the first attempt."""
        if again:
            self.retried += 1
        if api == "Intercom":
            self.intercom += 1
        else:
            self.chartmogul += 1
