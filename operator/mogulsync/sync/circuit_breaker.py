"""Circuit breaker: ends a run whose requests to an API get no answer any more.

Outages (no usable answer after every attempt) of single records are those records' own failures; an answer, also one
that refuses, shows that the API works.
"""

from mogulsync.sync.failures import RunError, failure_of
from mogulsync.sync.settings import MAX_OUTAGES_IN_A_ROW
from mogulsync.transport.errors import Api, UnavailableError


class CircuitBreaker:
    """Counts the outages of one kind of request."""

    def __init__(self, api: Api) -> None:
        self._api: Api = api
        self._in_a_row = 0
        self._answered = False
        self._last: UnavailableError | None = None

    def record_answer(self) -> None:
        """Count a request that was answered, whatever the answer is."""
        self._in_a_row = 0
        self._answered = True

    def record_outage(self, error: UnavailableError) -> None:
        """Count a request that was not answered.

        Raises:
            RunError: It is the last of too many in a row.
        """
        self._in_a_row += 1
        self._last = error
        if self._in_a_row >= MAX_OUTAGES_IN_A_ROW:
            raise self._open(f"{MAX_OUTAGES_IN_A_ROW} requests in a row got no answer", error)

    def conclude(self) -> None:
        """Check that the run may succeed, once all requests are done.

        Raises:
            RunError: There was an outage, and no request was answered.
        """
        if self._last is not None and not self._answered:
            raise self._open("no request was answered", self._last)

    def _open(self, what: str, error: UnavailableError) -> RunError:
        return RunError(
            failure_of(error).reason, f"{self._api}: {what}, the last with {error}; the next run tries again"
        )
