"""ChartMogul's rate limit: requests a second, and connections (dev.chartmogul.com/docs/rate-limits).

Both limits are the account's, so all runs with its keys share them, and ChartMogul says nothing of how much is left.
Each run finds its share by what is refused, without knowing of the others:

- The **rate** grows by the same amount in every second, whatever it is, and falls by a twelfth of itself with each 429.
  A run that is twice as fast as another meets twice as many refusals and loses twice as much by each, while both gain
  the same: so they come to the same rate (Kelly's proportionally fair rate control). It grows faster the longer
  nothing was refused, so that what an ended run leaves is soon used.
- The **connections** grow by one with each round of answers and fall by a twelfth with each 503, likewise.
- After a refusal nothing is sent for a moment, which doubles while nothing but refusals come.

Alone, a run is at its full rate after half a second and is never refused.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import Final

from mogulsync.transport.headers import retry_after
from mogulsync.transport.rate_limiter import Permit, ResponseHead
from mogulsync.transport.settings import ChartMogulLimits
from mogulsync.transport.sliding_window import SlidingWindow
from mogulsync.transport.token_bucket import TokenBucket

_DEFAULT_LIMITS: Final = ChartMogulLimits()
_TOO_MANY_REQUESTS: Final = 429
_SERVICE_UNAVAILABLE: Final = 503
_SERVER_ERROR: Final = 500


class ChartMogulRateLimit:
    """The policy of a rate limiter for all requests of one run.

    Attributes:
        rate: Requests a second.
        connections: Requests in flight; the whole part counts.
    """

    def __init__(
        self, limits: ChartMogulLimits = _DEFAULT_LIMITS, *, chance: Callable[[], float] = random.random
    ) -> None:
        """Prepare.

        Args:
            limits: The limits and how closely they are approached.
            chance: Draws a number from 0 to 1, so that pauses of several runs end at different times.
        """
        self._limits = limits
        self._chance = chance
        self.rate = limits.rate_first
        self.connections = float(limits.connections)
        self._bucket = TokenBucket(rate=self.rate, burst=limits.burst)
        self._window = SlidingWindow(limit=limits.requests_per_second, seconds=1.0, travel=limits.travel)
        self._refused_at = -math.inf
        """When the rate was last too high; minus infinity: never."""
        self._answered_at = -math.inf
        """When ChartMogul last did what it was asked."""
        self._paused_at = -math.inf
        self._paused_until = -math.inf
        self._pauses = 0

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinity: after some answer."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._window.in_flight >= max(1, int(self.connections)):
            return math.inf
        return max(self._window.delay(now), self._bucket.delay(now))

    def sent(self, now: float) -> Permit:
        """Count a request that is being sent."""
        self._window.sent()
        self._bucket.take()
        return Permit(now)

    def answered(self, permit: Permit, now: float, head: ResponseHead | None) -> bool:
        """Count an answer; return whether it refuses the request for being one too many.

        503 means too many connections where ChartMogul answered another request a moment ago; otherwise it is down.
        """
        self._window.answered(permit.sent, now)
        if head is None:
            return False
        if head.status == _TOO_MANY_REQUESTS:
            self._refused_at = now
            self._set_rate(self.rate * (1 - self._limits.decrease))
            self._pause(permit, now, head.headers)
            return True
        if head.status == _SERVICE_UNAVAILABLE:
            self.connections = max(1.0, self.connections * (1 - self._limits.decrease))
            throttled = now - self._answered_at <= self._limits.available_for
            self._pause(permit, now, head.headers, lengthen=throttled)
            return throttled
        if head.status < _SERVER_ERROR:
            self._answered_at = now
            self._pauses = 0
            self._grow(now)
        return False

    def _grow(self, now: float) -> None:
        """Raise rate and connections by what one answer is worth."""
        limits = self._limits
        self.connections = min(limits.connections, self.connections + 1 / self.connections)
        if self._refused_at == -math.inf:
            self._set_rate(self.rate + 1)
            return
        doublings = min(10.0, (now - self._refused_at) / limits.increase_doubles)
        self._set_rate(self.rate + limits.increase * 2.0**doublings / self.rate)

    def _set_rate(self, rate: float) -> None:
        self.rate = max(self._limits.rate_min, min(self._limits.requests_per_second, rate))
        self._bucket.rate = self.rate
        ahead = self._limits.ahead_alone if self._refused_at == -math.inf else self._limits.ahead
        self._bucket.burst = max(self._limits.burst, self.rate * ahead)

    def _pause(self, permit: Permit, now: float, headers: Mapping[str, str], *, lengthen: bool = True) -> None:
        """Send nothing for as long as ChartMogul asks, otherwise for a moment.

        A request that was sent before the last pause began does not lengthen it.
        """
        asked = retry_after(headers, wall_time=math.nan)
        if asked:
            self._paused_until = max(self._paused_until, now + min(asked, self._limits.retry_after_max))
        elif lengthen and permit.sent > self._paused_at:
            longest = min(self._limits.pause_max, self._limits.pause_first * 2.0**self._pauses)
            self._paused_until = max(self._paused_until, now + longest * (1 + self._chance()) / 2)
            self._paused_at = now
            self._pauses += 1
