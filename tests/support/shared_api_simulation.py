"""Several runs that share one API, simulated: each has a rate limit policy of its own, and time is a number."""

import functools
import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mogulsync.transport.rate_limiter import Permit, RateLimitPolicy, ResponseHead
from tests.support.intercom_simulation import Server


class SharedServer(Protocol):
    """Answers requests of all runs."""

    def take(self, now: float, in_flight: int) -> tuple[int, Mapping[str, str]]:
        """Return status and headers for a request that arrives while so many are in flight, itself included."""


@dataclass
class SharedChartMogul:
    """ChartMogul's limits: requests in windows of a second, and requests in flight."""

    limit: int = 40
    connections: int = 20
    phase: float = 0.0
    refused_count: bool = False
    """Whether refused requests count against the limit, too."""
    sliding: bool = False
    """Whether any second counts, instead of one after the other."""
    _taken: list[float] = field(default_factory=list)

    def take(self, now: float, in_flight: int) -> tuple[int, Mapping[str, str]]:
        """Return 503, 429 or 200."""
        if in_flight > self.connections:
            return 503, {}
        begin = now - 1.0 if self.sliding else math.floor(now - self.phase) + self.phase
        self._taken = [when for when in self._taken if when > begin or (when == begin and not self.sliding)]
        within = len(self._taken) < self.limit
        if within or self.refused_count:
            self._taken.append(now)
        return (200 if within else 429), {}


@dataclass
class SharedIntercom:
    """Intercom's limit: requests in windows of 10 seconds, and what answers say of it."""

    server: Server

    def take(self, now: float, in_flight: int) -> tuple[int, Mapping[str, str]]:  # noqa: ARG002 - any number may be in flight
        """Return 429 or 200."""
        granted = self.server.take(now)
        return (200 if granted else 429), self.server.headers(now)


@dataclass
class RunOutcome:
    """What one run came to."""

    ended: float | None = None
    answered: int = 0
    throttled: int = 0
    unavailable: int = 0
    longest_row: int = 0
    """The most refusals in a row of one request."""


class SharedSimulation:
    """Runs with equally much work begin together and send whatever their policies allow.

    Args:
        server: The simulated API.
        policies: One for each run.
        work: Requests that each run has to get answered.
        seconds: Draws how long the server works on a request; the way there and back takes a tenth of it each.
        begins: When each run begins.
    """

    def __init__(
        self,
        server: SharedServer,
        policies: Sequence[RateLimitPolicy],
        *,
        work: int,
        seconds: Callable[[], float],
        begins: Sequence[float],
    ) -> None:
        self.outcomes = [RunOutcome() for _ in policies]
        self._server = server
        self._policies = policies
        self._work = work
        self._seconds = seconds
        self._begins = begins
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._wakes = [math.inf] * len(policies)
        self._left: list[deque[int]] = [deque([0] * work) for _ in policies]
        self._in_flight = 0

    def run(self, longest: float = 10_000.0) -> None:
        """Run until all have ended, or so many seconds have passed."""
        for run, begin in enumerate(self._begins):
            self._at(begin, functools.partial(self._send, run))
        while self._events and self._events[0][0] <= longest and any(each.ended is None for each in self.outcomes):
            now, _, happen = heapq.heappop(self._events)
            happen(now)

    @property
    def ends(self) -> list[float]:
        """When the runs ended; infinity for one that did not."""
        return [math.inf if each.ended is None else each.ended for each in self.outcomes]

    @property
    def spread(self) -> float:
        """How much later the last run ended than the first, counted from the beginning."""
        return max(self.ends) / min(self.ends)

    @property
    def rate(self) -> float:
        """Requests answered in a second, all runs together."""
        return sum(each.answered for each in self.outcomes) / max(self.ends)

    @property
    def refused(self) -> float:
        """Refusals to each request that was answered."""
        refused = sum(each.throttled + each.unavailable for each in self.outcomes)
        return refused / sum(each.answered for each in self.outcomes)

    def _at(self, when: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), happen))

    def _send(self, run: int, now: float) -> None:
        while self._left[run] and (delay := self._policies[run].delay(now)) <= 0:
            trip = _Trip(run, self._policies[run].sent(now), self._left[run].popleft(), self._seconds())
            self._at(now + trip.way, functools.partial(self._arrive, trip))
        if self._left[run] and now + delay < self._wakes[run]:
            self._wakes[run] = now + delay
            self._at(now + delay, functools.partial(self._wake, run))

    def _wake(self, run: int, now: float) -> None:
        if now >= self._wakes[run]:
            self._wakes[run] = math.inf
        self._send(run, now)

    def _arrive(self, trip: "_Trip", now: float) -> None:
        self._in_flight += 1
        status, headers = self._server.take(now, self._in_flight)
        worked = trip.seconds if status == 200 else 0.001
        self._at(now + worked, functools.partial(self._answer, trip, ResponseHead(status, headers)))

    def _answer(self, trip: "_Trip", head: ResponseHead, now: float) -> None:
        self._in_flight -= 1
        self._at(now + trip.way, functools.partial(self._receive, trip, head))

    def _receive(self, trip: "_Trip", head: ResponseHead, now: float) -> None:
        outcome = self.outcomes[trip.run]
        self._policies[trip.run].answered(trip.permit, now, head)
        if head.status == 200:
            outcome.answered += 1
            if outcome.answered == self._work:
                outcome.ended = now
        else:
            outcome.throttled += head.status == 429
            outcome.unavailable += head.status == 503
            outcome.longest_row = max(outcome.longest_row, trip.refusals + 1)
            self._left[trip.run].append(trip.refusals + 1)
        self._send(trip.run, now)


class _Trip(NamedTuple):
    """A request under way."""

    run: int
    permit: Permit
    refusals: int
    """In a row, before."""
    seconds: float

    @property
    def way(self) -> float:
        """Seconds there, and back."""
        return self.seconds / 10


def varied(chance: random.Random, seconds: float) -> Callable[[], float]:
    """Return a draw of seconds, a third more or less than these."""
    return lambda: chance.uniform(0.7, 1.3) * seconds
