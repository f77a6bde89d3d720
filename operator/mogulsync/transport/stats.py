"""Counts of a run's requests, for its report."""

from dataclasses import dataclass

from mogulsync.transport.errors import Api


@dataclass(slots=True)
class RequestStats:
    """Counts of one run; both clients of a run share one.

    Attributes:
        chartmogul: Requests sent to ChartMogul, every attempt counted.
        intercom: Requests sent to Intercom, every attempt counted.
        throttled: Answers 429 of both.
        retried: Attempts after the first, of both.
        unreadable: Records of either API that have no id and were left out, customers with a key that cannot be read,
            and subscriptions of which nothing right can be said.
        unreadable_customers: Those of them that are customers.
        missing_from_searches: Contacts that Intercom's searches counted and that none of their pages held.
    """

    chartmogul: int = 0
    intercom: int = 0
    throttled: int = 0
    retried: int = 0
    unreadable: int = 0
    unreadable_customers: int = 0
    missing_from_searches: int = 0

    def count_attempt(self, api: Api, *, number: int) -> None:
        """Count one request that is being sent to `api`; `number` is 1 for the first attempt at it."""
        if number > 1:
            self.retried += 1
        if api == "Intercom":
            self.intercom += 1
        else:
            self.chartmogul += 1
