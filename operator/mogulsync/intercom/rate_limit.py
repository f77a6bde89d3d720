"""Intercom's rate limit: how fast a run may ask, from what answers say of the workspace's budget.

Intercom grants `X-RateLimit-Limit` requests per window of 10 seconds to all apps of a workspace together, and says
with each answer how many remain and when the window ends (developers.intercom.com, rate limiting). A request may be
sent when all of these agree:

- **Share**: of our requests no more than our share of the limit can have reached Intercom in any 10 seconds
  (`SlidingWindow`). No clock but our own and no guess about windows goes into that.
- **Even spread**: at the rate that uses the share up in 10 seconds, hardly ahead of it.
- **Remaining**: those in flight and this one are covered by what the last answer left; where others use the
  budget too, a reserve is left to them. Once it is used up, nothing is sent until the window has ended, and then
  one request, the probe.

The end of a window is 10 seconds after its first answer at the latest; `Reset` less the answer's own `Date`
may say that it is sooner. Our clock is never compared with Intercom's. Beside others it is `Reset` alone that counts,
so that of several runs on one workspace none begins the next window before the others.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from mogulsync.transport.headers import retry_after, server_time
from mogulsync.transport.rate_limiter import Permit, ResponseHead
from mogulsync.transport.settings import IntercomLimits
from mogulsync.transport.sliding_window import SlidingWindow
from mogulsync.transport.token_bucket import TokenBucket

_DEFAULT_LIMITS: Final = IntercomLimits()
_DIGITS: Final = 9
_TOO_MANY_REQUESTS: Final = 429


class Budget(NamedTuple):
    """The workspace's budget by an answer's headers; None for what is missing or makes no sense."""

    limit: int | None
    """Requests in a window."""
    remaining: int | None
    """Requests left in the current window."""
    reset: int | None
    """When the window ends: unix seconds by Intercom's clock."""
    left: float | None
    """Seconds until then, at most, by that clock."""


def read_budget(headers: Mapping[str, str], *, reset_max: float = _DEFAULT_LIMITS.reset_max) -> Budget:
    """Read the headers of an answer; a reset more than `reset_max` seconds ahead makes no sense."""
    limit = _count(headers.get("x-ratelimit-limit")) or None
    remaining = _count(headers.get("x-ratelimit-remaining"))
    if limit is None or (remaining is not None and remaining > limit):
        remaining = None
    reset = _count(headers.get("x-ratelimit-reset"), digits=_DIGITS + 2)
    now = server_time(headers)
    left = None if reset is None or now is None else reset - now
    if left is not None and not 0 <= left <= reset_max:
        left = None
    return Budget(limit, remaining, reset, left)


def _count(text: str | None, *, digits: int = _DIGITS) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


@dataclass(slots=True)
class _Window:
    """What is known of Intercom's current window."""

    seconds: float
    reset: int | None
    began: float
    """When the first answer that belongs to it arrived: it began before that."""
    ends: float
    """When it has ended for sure."""
    reset_end: float
    """When it has ended by what answers said, even if they rounded; `ends` may be sooner."""
    remaining: int
    ours: int = 0
    """Requests of this run that may have been counted in it and are answered."""

    def ends_by_reset(self, end: float) -> None:
        """Note when it ends by an answer; both of its times are whole seconds, so it may be a second later."""
        self.reset_end = end + 1 if math.isinf(self.reset_end) else min(self.reset_end, end + 1)
        self.ends = min(self.ends, self.reset_end)

    def is_over_for(self, permit: Permit, reset: int | None) -> bool:
        """Return whether a request that was answered with `reset` was counted in a later window."""
        if permit.sent >= self.began + self.seconds:
            return True
        if reset is None or self.reset is None:
            return permit.probe
        # The same window's end may be given a second apart, depending on how it is rounded.
        return reset >= self.reset + 2

    def is_older_for(self, reset: int | None) -> bool:
        """Return whether an answer with `reset` belongs to an earlier window."""
        return reset is not None and self.reset is not None and reset <= self.reset - 2


class IntercomRateLimit:
    """The policy of a rate limiter for all requests of one run. Until the first answer it lets one pass at a time."""

    def __init__(self, *, rate_limit_percent: int, limits: IntercomLimits = _DEFAULT_LIMITS) -> None:
        """Prepare.

        Args:
            rate_limit_percent: The share of the workspace's limit that this run may use, 1 to 100.
            limits: How closely that share is approached.
        """
        self._percent = rate_limit_percent
        self._limits = limits
        self._limit: int | None = None
        self._share = SlidingWindow(limit=None, seconds=limits.window)
        self._bucket = TokenBucket()
        self._window: _Window | None = None
        self._answered = False
        self._probing = False
        self._paused_until = -math.inf
        self._refusals = 0
        self._others_until = -math.inf
        self._others = 0.0
        """Requests a second that others send."""
        self._latency: float | None = None
        self.concurrency = limits.connections_min
        """Requests in flight that it takes to use the allowed rate at the present latency."""

    def delay(self, now: float) -> float:
        """Return the seconds until a request may be sent; infinity: after some answer."""
        if now < self._paused_until:
            return self._paused_until - now
        in_flight = self._share.in_flight
        if in_flight >= (self.concurrency if self._answered else 1):
            return math.inf
        return max(self._share.delay(now), self._bucket.delay(now)) or self._wait_for_window(now)

    def sent(self, now: float) -> Permit:
        """Count a request that is being sent."""
        probe = self._is_spent(now)
        self._probing = self._probing or probe
        self._share.sent()
        self._bucket.take()
        return Permit(now, probe=probe)

    def answered(self, permit: Permit, now: float, head: ResponseHead | None) -> bool:
        """Count the answer to a request, `head` is None when there was none; return whether it was one too many."""
        self._share.answered(permit.sent, now)
        if permit.probe:
            self._probing = False
        if head is None:
            # It may have been counted all the same.
            if self._window is not None:
                self._window.ours += 1
            return False
        self._answered = True
        took = now - permit.sent
        self._latency = took if self._latency is None else self._latency + 0.1 * (took - self._latency)
        limits = self._limits
        budget = read_budget(head.headers, reset_max=limits.reset_max)
        if budget.limit is not None:
            self._adopt(budget.limit)
        limit = self._share.limit
        rate = limits.requests_unknown if limit is None else min(limits.requests_max, limit / limits.window)
        needed = math.ceil(rate * self._latency * 1.25) + 4
        self.concurrency = max(limits.connections_min, min(limits.connections_max, needed))
        if head.status == _TOO_MANY_REQUESTS:
            self._refused(permit, now, budget, head.headers)
            return True
        self._refusals = 0
        self._observe(permit, now, budget)
        return False

    def _wait_for_window(self, now: float) -> float:
        if not self._is_spent(now):
            return 0.0
        if self._probing:
            return math.inf
        window = self._window
        if window is None:
            return 0.0
        # Beside others it is Reset that counts. Of several runs, those that know better when the window ends would
        # otherwise have a start of up to two seconds in every window.
        by_reset = self._reserve(now) and math.isfinite(window.reset_end)
        return max(0.0, (window.reset_end if by_reset else window.ends) - now)

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
        least, most = self._limit * self._limits.reserve_min, self._limit * self._limits.reserve_max
        return math.ceil(max(least, min(most, likely_most)))

    def _adopt(self, limit: int) -> None:
        if limit == self._limit:
            return
        self._limit = limit
        share = max(1, limit * self._percent // 100)
        self._share.limit = share
        rate = share / self._limits.window
        self._bucket.rate = rate
        self._bucket.burst = max(1.0, rate * self._limits.ahead)

    def _new_window(self, reset: int | None, now: float, *, remaining: int) -> _Window:
        seconds = self._limits.window
        return _Window(seconds, reset, now, now + seconds, math.inf, remaining)

    def _observe(self, permit: Permit, now: float, budget: Budget) -> None:
        window = self._window
        if budget.limit is None or budget.remaining is None:
            if permit.probe:
                self._window = None
            elif window is not None:
                window.ours += 1
            return
        if window is None or window.is_over_for(permit, budget.reset):
            window = self._window = self._new_window(budget.reset, now, remaining=budget.remaining)
        elif window.is_older_for(budget.reset):
            return
        elif budget.remaining > window.remaining + self._share.in_flight + budget.limit // 10:
            # Within a window it only falls, save for answers that overtake each other.
            window = self._window = self._new_window(budget.reset, now, remaining=budget.remaining)
        elif permit.probe:
            # The window was thought over and is not.
            window.ends = window.reset_end = max(window.began + window.seconds, now + 1)
        window.remaining = min(window.remaining, budget.remaining)
        window.ours += 1
        if budget.left is not None:
            window.ends_by_reset(now + budget.left)
        others = budget.limit - budget.remaining - window.ours - self._share.in_flight
        if others > 0:
            self._others = others / max(1.0, now - window.began)
            self._others_until = now + self._limits.others_remembered

    def _refused(self, permit: Permit, now: float, budget: Budget, headers: Mapping[str, str]) -> None:
        """Wait as long as the answer asks for where it says that requests remain, otherwise until the window ends.

        Where it asks for no time, the wait is a pause that grows with each further one.
        """
        if self._limit is None:
            self._adopt(self._limits.requests_refused)
        asked = retry_after(headers, wall_time=math.nan)
        if asked:
            self._paused_until = max(self._paused_until, now + min(asked, self._limits.retry_after_max))
        elif asked is not None and budget.remaining and self._paused_until <= now:
            self._paused_until = now + self._next_pause()
        if asked is not None and budget.remaining:
            return
        window = self._window
        if window is None or window.is_over_for(permit, budget.reset):
            window = self._window = self._new_window(budget.reset, now, remaining=0)
            window.ends = -math.inf
        window.remaining = 0
        if budget.left is not None:
            window.ends = window.ends if window.ends > now else math.inf
            window.ends_by_reset(now + budget.left)
        elif asked:
            window.ends = self._paused_until
        elif window.ends <= now:
            pause = self._next_pause()
            window.ends = now + (window.seconds if budget.reset is not None else pause)

    def _next_pause(self) -> float:
        """Return the seconds to pause after one more refusal that names no time."""
        pause = min(self._limits.window, self._limits.pause_first * 2.0**self._refusals)
        self._refusals += 1
        return pause
