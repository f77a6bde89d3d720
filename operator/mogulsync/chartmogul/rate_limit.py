"""ChartMogul's rate limit: requests a second, and connections (dev.chartmogul.com/docs/rate-limits)."""

import math
from typing import Final

from mogulsync.transport.rate_limiter import Permit, ResponseHead
from mogulsync.transport.settings import ChartMogulLimits
from mogulsync.transport.sliding_window import SlidingWindow

_TOO_MANY_REQUESTS: Final = 429


class ChartMogulRateLimit:
    """The policy of a rate limiter that keeps all requests of a client below both limits."""

    def __init__(self, limits: ChartMogulLimits | None = None) -> None:
        self._limits = limits or ChartMogulLimits()
        self._window = SlidingWindow(limit=self._limits.requests_per_second, seconds=1.0, travel=self._limits.travel)
        self._paused_until = -math.inf
        self._refusals = 0

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinity: after some answer."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._window.in_flight >= self._limits.connections:
            return math.inf
        return self._window.delay(now)

    def sent(self, now: float) -> Permit:
        """Count a request that is being sent."""
        self._window.sent()
        return Permit(now)

    def answered(self, permit: Permit, now: float, head: ResponseHead | None) -> None:
        """Count an answer. After a 429 nothing is sent for a while, which doubles: compute time is used up."""
        self._window.answered(permit.sent, now)
        if head is None:
            return
        if head.status != _TOO_MANY_REQUESTS:
            self._refusals = 0
        elif now >= self._paused_until:
            self._paused_until = now + min(self._limits.pause_max, self._limits.pause_first * 2.0**self._refusals)
            self._refusals += 1
