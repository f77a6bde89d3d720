"""A simulated Intercom with windows, other apps, latency and a clock of its own; time is a number, nobody waits."""

import functools
import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate

from mogulsync.intercom.rate_limit import IntercomRateLimit
from mogulsync.transport.rate_limiter import Permit, ResponseHead

WINDOW = 10.0

Headers = dict[str, str]
Latency = Callable[[], tuple[float, float]]


@dataclass
class Server:
    """Counts requests per window, as Intercom does."""

    limit: int
    phase: float | None = 0.0
    """Where aligned windows begin; None: a window begins with the first request after the last one ended."""
    clock_offset: float = 0.0
    round_up: bool = True
    dated: bool = True
    begin: float = -math.inf
    used: int = 0

    def take(self, now: float) -> bool:
        """Count a request and return whether it is within the budget."""
        if self.phase is None:
            if now >= self.begin + WINDOW:
                self.begin, self.used = now, 0
        else:
            begin = math.floor((now - self.phase) / WINDOW) * WINDOW + self.phase
            if begin != self.begin:
                self.begin, self.used = begin, 0
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def headers(self, now: float) -> Headers:
        """Return what it says about its budget."""
        reset = self.begin + WINDOW + 1_700_000_000 + self.clock_offset
        headers_sent = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.limit - self.used),
            "x-ratelimit-reset": str(math.ceil(reset) if self.round_up else math.floor(reset)),
        }
        if self.dated:
            headers_sent["date"] = formatdate(math.floor(now + 1_700_000_000 + self.clock_offset), usegmt=True)
        return headers_sent


@dataclass
class Outcome:
    """What a simulated run came to."""

    answered: int = 0
    refused: int = 0
    per_window: Counter[float] = field(default_factory=Counter)
    sent: list[float] = field(default_factory=list)

    @property
    def most_in_a_window(self) -> int:
        return max(self.per_window.values(), default=0)


class Simulation:
    """A run that has more work than time and sends whatever its policy allows."""

    def __init__(
        self,
        server: Server,
        policy: IntercomRateLimit,
        *,
        latency: Latency,
        others: Iterable[float] = (),
        headers_sent: Callable[[Headers], Headers] = lambda headers: headers,
    ) -> None:
        """Prepare.

        Args:
            server: The simulated Intercom.
            policy: The one to try.
            latency: Draws a request's way to the server and back, in seconds.
            others: When requests of other apps arrive, ascending.
            headers_sent: What becomes of the server's headers on their way.
        """
        self.outcome = Outcome()
        self._server = server
        self._policy = policy
        self._latency = latency
        self._others = iter(others)
        self._headers_sent = headers_sent
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._wake = math.inf

    def run(self, seconds: float) -> Outcome:
        """Return what came of it."""
        self._expect_other()
        self._send(0.0)
        while self._events and self._events[0][0] <= seconds:
            now, _, happen = heapq.heappop(self._events)
            happen(now)
            self._send(now)
        return self.outcome

    def _at(self, when: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), happen))

    def _expect_other(self) -> None:
        if (when := next(self._others, None)) is not None:
            self._at(when, self._other)

    def _other(self, now: float) -> None:
        self._server.take(now)
        self._expect_other()

    def _send(self, now: float) -> None:
        while (delay := self._policy.delay(now)) <= 0:
            permit = self._policy.sent(now)
            self.outcome.sent.append(now)
            there, back = self._latency()
            self._at(now + there, functools.partial(self._arrive, permit, back))
        if now + delay < self._wake:
            self._wake = now + delay
            self._at(self._wake, self._woken)

    def _woken(self, now: float) -> None:
        if now >= self._wake:
            self._wake = math.inf

    def _arrive(self, permit: Permit, back: float, now: float) -> None:
        granted = self._server.take(now)
        if granted:
            self.outcome.per_window[self._server.begin] += 1
        answer = ResponseHead(200 if granted else 429, self._headers_sent(self._server.headers(now)))
        self._at(now + back, functools.partial(self._receive, permit, answer))

    def _receive(self, permit: Permit, answer: ResponseHead, now: float) -> None:
        if answer.status == 200:
            self.outcome.answered += 1
        else:
            self.outcome.refused += 1
        self._policy.answered(permit, now, answer)


def seeded(seed: int) -> random.Random:
    """Return a source of chance that repeats itself."""
    return random.Random(seed)  # noqa: S311 - guards no secret


def steady(there: float, back: float) -> Latency:
    """Return a latency that does not vary."""
    return lambda: (there, back)


def varied(chance: random.Random, lowest: float, highest: float) -> Latency:
    """Return a latency that varies, each way."""
    return lambda: (chance.uniform(lowest, highest) / 2, chance.uniform(lowest, highest) / 2)


def poisson(chance: random.Random, per_second: float) -> Iterator[float]:
    """Yield when requests of other apps arrive, at random."""
    now = 0.0
    while per_second > 0:
        now += chance.expovariate(per_second)
        yield now
