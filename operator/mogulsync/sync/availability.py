"""Tells single records that fail from an API that is down."""

from typing import Final

from mogulsync.sync.failures import RunError, failure_of
from mogulsync.transport.errors import Api, ApiError, UnavailableError

LONGEST_STREAK: Final = 50
"""Requests that may fail one after the other before the run gives up (the contract, section 3.6)."""


class Availability:
    """Counts how one kind of request fares."""

    def __init__(self, api: Api) -> None:
        self._api: Api = api
        self._streak = 0
        self._successes = 0
        self._last: ApiError | None = None

    def succeeded(self) -> None:
        """Count a request that did what it was for."""
        self._streak = 0
        self._successes += 1

    def answered(self) -> None:
        """Count a record that is gone: no success, but no failure either."""
        self._streak = 0

    def failed(self, error: ApiError) -> None:
        """Count a request that failed for good.

        Raises:
            RunError: It is one too many in a row.
        """
        self._streak += 1
        self._last = error
        if self._streak >= LONGEST_STREAK:
            raise self._down(f"{LONGEST_STREAK} requests in a row failed", error)

    def conclude(self) -> None:
        """Look back when all is done.

        Raises:
            RunError: Some requests failed and none succeeded.
        """
        if self._last is not None and not self._successes:
            raise self._down("no request succeeded", self._last)

    def _down(self, what: str, error: ApiError) -> RunError:
        end = failure_of(UnavailableError(self._api, what))
        return RunError(end.reason, f"{self._api}: {what}, the last with {error}; the next run tries again")
