"""A budget of requests per window of time, as both APIs count them."""

from collections.abc import Callable


class Window:
    """Counts requests in windows that begin at whole multiples of their length."""

    def __init__(self, limit: int, seconds: int, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._begin = 0
        self._used = 0

    def take(self) -> bool:
        """Count a request and return whether it is within the budget."""
        self._turn()
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    @property
    def remaining(self) -> int:
        """Requests left in this window."""
        return self.limit - self._used

    @property
    def reset(self) -> int:
        """When the next window begins, in unix seconds."""
        return self._begin + self._seconds

    def _turn(self) -> None:
        now = int(self._clock())
        begin = now - now % self._seconds
        if begin != self._begin:
            self._begin = begin
            self._used = 0
