"""A token bucket: requests at an even rate."""

import math


class TokenBucket:
    """Allows requests at an even rate, and a few at once after a pause."""

    def __init__(self, *, rate: float = math.inf, burst: float = 1.0) -> None:
        """Prepare.

        Args:
            rate: Requests a second; infinity: no limit.
            burst: Requests at once at most.
        """
        self.rate = rate
        self.burst = burst
        self._tokens = 1.0
        self._stamp = -math.inf

    def delay(self, now: float) -> float:
        """Return the seconds until the next request is due."""
        if math.isinf(self.rate):
            return 0.0
        if self._stamp < now:
            elapsed = now - self._stamp
            self._tokens = min(self.burst, self._tokens + elapsed * self.rate)
            self._stamp = now
        # Sums of fractions end a little beside whole numbers.
        return 0.0 if self._tokens > 1 - 1e-9 else (1 - self._tokens) / self.rate

    def take(self) -> None:
        """Spend a token on a request."""
        self._tokens -= 1
