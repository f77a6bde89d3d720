"""A fixed-window rate limiter, which is how both APIs count requests."""

from collections.abc import Callable


class FixedWindow:
    """At most `limit` requests in each window; windows begin at whole multiples of their length in seconds."""

    def __init__(self, limit: int, seconds: int, clock: Callable[[], float]) -> None:
        self.limit = limit
        self._seconds = seconds
        self._clock = clock
        self._begin = 0
        self._used = 0

    def acquire(self) -> bool:
        """Count a request; return whether it is within the limit."""
        self._roll()
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

    def _roll(self) -> None:
        now = int(self._clock())
        begin = now - now % self._seconds
        if begin != self._begin:
            self._begin = begin
            self._used = 0
