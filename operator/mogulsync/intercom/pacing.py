"""How fast this run may ask Intercom, from what its answers tell of the workspace's budget.

Intercom grants `X-RateLimit-Limit` requests per window of 10 seconds to all apps of a workspace together,
and tells with each answer how many remain and when the window ends (developers.intercom.com, rate limiting).
A request may be sent when all of these agree:

- **Share**: of our requests no more than our share of the limit can have reached Intercom in any 10 seconds
  (`SlidingWindow`). No clock but our own and no guess about windows goes into that.
- **Even spread**: at the pace that uses the share up in 10 seconds, hardly ahead of it.
- **Remaining**: those in flight and this one are covered by what the last answer left; where others use the
  budget too, a reserve is left to them. Once it is used up, nothing is sent until the window has ended, and then
  one request, to see.

The end of a window is 10 seconds after its first answer at the latest; `Reset` less the answer's own `Date`
may tell that it is sooner. Our clock is never compared with Intercom's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mogulsync.transport.gate import Answer, Ticket
from mogulsync.transport.headers import retry_after, server_time
from mogulsync.transport.window import SlidingWindow

WINDOW: Final = 10.0
"""Seconds."""

CONNECTIONS: Final = 160
"""Open at most: enough for 166 requests a second that take 0.7 seconds each."""

_LEAST_IN_FLIGHT: Final = 8
_HIGHEST_RATE: Final = 250.0
"""Requests a second that one process sends at most, about."""
_UNKNOWN_RATE: Final = 166.0
"""Requests a second to be ready for where Intercom tells no limit: that of a private app."""
_SMALLEST_LIMIT: Final = 166
"""Requests per window that Intercom grants the oldest workspaces (1,000 a minute): assumed when it answers 429
without saying."""
_AHEAD: Final = 0.25
"""Seconds by which requests may be ahead of the even spread: what a pause of ours may cost and be caught up."""
_DIGITS: Final = 9
_TOO_MANY_REQUESTS: Final = 429
_LONGEST_RETRY_AFTER: Final = 60.0
_LONGEST_RESET: Final = 60.0
_OTHERS_MEMORY: Final = 30.0
"""Seconds for which others count as using the budget after they were last seen doing so."""
_RESERVED: Final = 20
"""One in so many requests of the limit is left to others at least."""
_MOST_RESERVED: Final = 5
"""One in so many at most: a window in which they came in a burst is not lost altogether."""


class Budget(NamedTuple):
    """What an answer tells of the workspace's budget; None for what it does not tell or what makes no sense."""

    limit: int | None
    remaining: int | None
    reset: int | None
    """When the window ends: unix seconds by Intercom's clock."""
    left: float | None
    """Seconds until then, at most, by that clock."""


def read_budget(headers: Mapping[str, str]) -> Budget:
    """Read the headers of an answer."""
    limit = _count(headers.get("x-ratelimit-limit")) or None
    remaining = _count(headers.get("x-ratelimit-remaining"))
    if limit is None or (remaining is not None and remaining > limit):
        remaining = None
    reset = _count(headers.get("x-ratelimit-reset"), digits=_DIGITS + 2)
    now = server_time(headers)
    left = None if reset is None or now is None else reset - now
    if left is not None and not 0 <= left <= _LONGEST_RESET:
        left = None
    return Budget(limit, remaining, reset, left)


def _count(text: str | None, *, digits: int = _DIGITS) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


@dataclass(slots=True)
class _Window:
    """What is known of Intercom's current window."""

    reset: int | None
    began: float
    """When the first answer that told of it arrived: it began before that."""
    ends: float
    """When it has ended for sure."""
    remaining: int
    ours: int = 0
    """Requests of this run that may have been counted in it and are answered."""

    def is_over_for(self, ticket: Ticket, reset: int | None) -> bool:
        """Return whether a request that was answered with `reset` was counted in a later window."""
        if ticket.sent >= self.began + WINDOW:
            return True
        if reset is None or self.reset is None:
            return ticket.probe
        # The same window's end may be told a second apart, depending on how it is rounded.
        return reset >= self.reset + 2

    def is_older_for(self, reset: int | None) -> bool:
        """Return whether an answer with `reset` tells of an earlier window."""
        return reset is not None and self.reset is not None and reset <= self.reset - 2


@dataclass(slots=True)
class _Spread:
    """A token bucket: lets requests pass at an even pace, a little ahead of it at most."""

    rate: float = math.inf
    """Requests a second."""
    ahead: float = 1.0
    _tokens: float = 1.0
    _stamp: float = field(default=-math.inf)

    def set(self, rate: float, ahead: float) -> None:
        """Change the pace; what is there to spend stays."""
        self.rate, self.ahead = rate, ahead

    def delay(self, now: float) -> float:
        """Return the seconds until the next request is due."""
        if math.isinf(self.rate):
            return 0.0
        if self._stamp < now:
            elapsed = now - self._stamp
            self._tokens = min(self.ahead, self._tokens + elapsed * self.rate)
            self._stamp = now
        # Sums of fractions end a little beside whole numbers.
        return 0.0 if self._tokens > 1 - 1e-9 else (1 - self._tokens) / self.rate

    def take(self) -> None:
        """Note a request."""
        self._tokens -= 1


class IntercomPacer:
    """Paces all requests of one run; it satisfies the gate's Pacer. Until the first answer it lets one pass."""

    def __init__(self, *, rate_limit_percent: int) -> None:
        """Prepare.

        Args:
            rate_limit_percent: The share of the workspace's limit that this run may use, 1 to 100.
        """
        self._percent = rate_limit_percent
        self._limit: int | None = None
        self._share = SlidingWindow(limit=None, seconds=WINDOW)
        self._spread = _Spread()
        self._window: _Window | None = None
        self._answered = False
        self._probing = False
        self._paused_until = -math.inf
        self._refusals = 0
        self._others_until = -math.inf
        self._others = 0.0
        """Requests a second that others send."""
        self._latency: float | None = None
        self.concurrency = _LEAST_IN_FLIGHT
        """Requests in flight that it takes to use the allowed rate at the present latency."""

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinity: after some answer."""
        if now < self._paused_until:
            return self._paused_until - now
        in_flight = self._share.in_flight
        if in_flight >= (self.concurrency if self._answered else 1):
            return math.inf
        return max(self._share.delay(now), self._spread.delay(now)) or self._wait_for_window(now)

    def sent(self, now: float) -> Ticket:
        """Note a request that is on its way."""
        probe = self._is_spent(now)
        self._probing = self._probing or probe
        self._share.sent()
        self._spread.take()
        return Ticket(now, probe=probe)

    def answered(self, ticket: Ticket, now: float, answer: Answer | None) -> None:
        """Note the answer to a request, None when there was none."""
        self._share.answered(ticket.sent, now)
        if ticket.probe:
            self._probing = False
        if answer is None:
            # It may have been counted all the same.
            if self._window is not None:
                self._window.ours += 1
            return
        self._answered = True
        took = now - ticket.sent
        self._latency = took if self._latency is None else self._latency + 0.1 * (took - self._latency)
        budget = read_budget(answer.headers)
        if budget.limit is not None:
            self._adopt(budget.limit)
        limit = self._share.limit
        rate = _UNKNOWN_RATE if limit is None else min(_HIGHEST_RATE, limit / WINDOW)
        self.concurrency = max(_LEAST_IN_FLIGHT, min(CONNECTIONS, math.ceil(rate * self._latency * 1.25) + 4))
        if answer.status == _TOO_MANY_REQUESTS:
            self._refused(ticket, now, budget, answer.headers)
            return
        self._refusals = 0
        self._observe(ticket, now, budget)

    def _wait_for_window(self, now: float) -> float:
        if not self._is_spent(now):
            return 0.0
        if self._probing:
            return math.inf
        return max(0.0, self._window.ends - now) if self._window else 0.0

    def _is_spent(self, now: float) -> bool:
        """Return whether what remains of the window is needed for requests in flight, or for others."""
        return self._window is not None and self._share.in_flight >= self._window.remaining - self._reserve(now)

    def _reserve(self, now: float) -> int:
        if self._limit is None or now >= self._others_until:
            return 0
        # What we know of others is as old as an answer takes, and they go on while our request travels.
        ahead = max(1.0, 2 * (self._latency or 0.0))
        expected = self._others * ahead
        likely_most = expected + math.sqrt(expected)
        return math.ceil(max(self._limit / _RESERVED, min(self._limit / _MOST_RESERVED, likely_most)))

    def _adopt(self, limit: int) -> None:
        if limit == self._limit:
            return
        self._limit = limit
        share = max(1, limit * self._percent // 100)
        self._share.limit = share
        self._spread.set(share / WINDOW, max(1.0, share / WINDOW * _AHEAD))

    def _observe(self, ticket: Ticket, now: float, budget: Budget) -> None:
        window = self._window
        if budget.limit is None or budget.remaining is None:
            if ticket.probe:
                self._window = None
            elif window is not None:
                window.ours += 1
            return
        if window is None or window.is_over_for(ticket, budget.reset):
            window = self._window = _Window(budget.reset, now, now + WINDOW, budget.remaining)
        elif window.is_older_for(budget.reset):
            return
        elif budget.remaining > window.remaining + self._share.in_flight + budget.limit // 10:
            # Within a window it only falls, save for answers that overtake each other.
            window = self._window = _Window(budget.reset, now, now + WINDOW, budget.remaining)
        elif ticket.probe:
            # The window was thought over and is not.
            window.ends = max(window.began + WINDOW, now + 1)
        window.remaining = min(window.remaining, budget.remaining)
        window.ours += 1
        if budget.left is not None:
            # A second more, for both times are whole ones.
            window.ends = min(window.ends, now + budget.left + 1)
        others = budget.limit - budget.remaining - window.ours - self._share.in_flight
        if others > 0:
            self._others = others / max(1.0, now - window.began)
            self._others_until = now + _OTHERS_MEMORY

    def _refused(self, ticket: Ticket, now: float, budget: Budget, headers: Mapping[str, str]) -> None:
        """Close the window: whatever the answer says remains, it is not for us."""
        if self._limit is None:
            self._adopt(_SMALLEST_LIMIT)
        window = self._window
        if window is None or window.is_over_for(ticket, budget.reset):
            window = self._window = _Window(budget.reset, now, -math.inf, 0)
        asked = retry_after(headers, wall_time=math.nan)
        if asked:
            self._paused_until = max(self._paused_until, now + min(asked, _LONGEST_RETRY_AFTER))
        if budget.left is not None:
            window.ends = now + budget.left + 1
        elif asked:
            window.ends = self._paused_until
        elif window.ends <= now:
            window.ends = now + (WINDOW if budget.reset is not None else min(WINDOW, 2.0**self._refusals))
            self._refusals += 1
        window.remaining = 0
