"""ChartMogul's limits: requests a second and connections (dev.chartmogul.com/docs/rate-limits)."""

import math
from typing import Final

from mogulsync.transport.gate import Answer, Ticket
from mogulsync.transport.window import SlidingWindow

CONNECTIONS: Final = 20
"""More at once are answered 503."""

_REQUESTS: Final = 38
"""In any second; ChartMogul allows 40."""
_TRAVEL: Final = 0.1
"""Seconds within which ChartMogul has seen a request, give or take what the two requests to spare absorb."""
_TOO_MANY_REQUESTS: Final = 429
_LONGEST_PAUSE: Final = 30.0


class ChartMogulPacer:
    """Keeps all requests of a client below both limits; it satisfies the gate's Pacer."""

    def __init__(self) -> None:
        self._window = SlidingWindow(limit=_REQUESTS, seconds=1.0, travel=_TRAVEL)
        self._paused_until = -math.inf
        self._throttled = 0

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinity: after some answer."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._window.in_flight >= CONNECTIONS:
            return math.inf
        return self._window.delay(now)

    def sent(self, now: float) -> Ticket:
        """Note a request that is on its way."""
        self._window.sent()
        return Ticket(now)

    def answered(self, ticket: Ticket, now: float, answer: Answer | None) -> None:
        """Note an answer. A 429 stops everything for a while, doubling: the account's computing time is used up."""
        self._window.answered(ticket.sent, now)
        if answer is None:
            return
        if answer.status != _TOO_MANY_REQUESTS:
            self._throttled = 0
        elif now >= self._paused_until:
            self._paused_until = now + min(_LONGEST_PAUSE, 2.0**self._throttled)
            self._throttled += 1
