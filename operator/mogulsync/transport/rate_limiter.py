"""The rate limiter: makes requests wait until a policy allows them, first come, first served."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class ResponseHead(NamedTuple):
    """Status and headers of an answer: what a rate limit policy learns from."""

    status: int
    headers: Mapping[str, str]


@dataclass(slots=True)
class Permit:
    """Permission to send one request."""

    sent: float
    """When it was given, on the rate limiter's clock, in seconds."""
    probe: bool = False
    """Whether the request is sent to find out if the API takes requests again."""


class RateLimitPolicy(Protocol):
    """Decides when the next request may be sent. It is given the time and never waits itself."""

    def delay(self, now: float, /) -> float:
        """Return the seconds until it is worth asking again: 0 means now, infinity means after an answer."""

    def sent(self, now: float, /) -> Permit:
        """Count a request that is being sent and return its permit; allowed only after `delay` returned 0."""

    def answered(self, permit: Permit, now: float, head: ResponseHead | None, /) -> bool:
        """Count the answer to a request; `head` is None when there was none.

        Returns:
            Whether the answer refuses the request for being one too many.
        """


class RateLimiter:
    """Gives permits in the order they were asked for, as its policy allows."""

    def __init__(self, policy: RateLimitPolicy, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._waiting: deque[asyncio.Future[Permit]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self) -> Permit:
        """Wait for a permit to send one request; every permit has to be given back by `release`."""
        now = self._clock()
        if not self._waiting and self._policy.delay(now) <= 0:
            return self._policy.sent(now)
        place: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._grant()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release(place.result(), None)
            raise

    def release(self, permit: Permit, head: ResponseHead | None) -> bool:
        """Give a permit back with the head of the answer to its request, None when there was no answer.

        Returns:
            Whether the answer refuses the request for being one too many.
        """
        throttled = self._policy.answered(permit, self._clock(), head)
        if self._waiting:
            self._grant()
        return throttled

    def _grant(self) -> None:
        """Give permits to those that wait, as many as the policy allows now; come back when it allows more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0].done():
                self._waiting.popleft()
                continue
            now = self._clock()
            delay = self._policy.delay(now)
            if delay > 0:
                if delay < math.inf:
                    self._timer = asyncio.get_running_loop().call_later(delay, self._grant)
                return
            self._waiting.popleft().set_result(self._policy.sent(now))
