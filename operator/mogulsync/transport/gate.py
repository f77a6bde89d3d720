"""Where requests wait for their turn: a queue in front of a pacer."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Answer(NamedTuple):
    """What a pacer learns from."""

    status: int
    headers: Mapping[str, str]


@dataclass(slots=True)
class Ticket:
    """One request's leave to be sent."""

    sent: float
    """When, on the pacer's clock."""
    probe: bool = False
    """Sent to find out whether the API takes requests again."""


class Pacer(Protocol):
    """Decides when the next request may be sent. It is told the time and never waits itself."""

    def delay(self, now: float, /) -> float:
        """Return the seconds until it is worth asking again: 0 means go, infinity means after an answer."""

    def sent(self, now: float, /) -> Ticket:
        """Note a request that is on its way; allowed only after `delay` returned 0."""

    def answered(self, ticket: Ticket, now: float, answer: Answer | None, /) -> None:
        """Note the answer to a request, None when there was none."""


class Gate:
    """Lets requests pass in the order they came, as its pacer allows."""

    def __init__(self, pacer: Pacer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pacer = pacer
        self._clock = clock
        self._queue: deque[asyncio.Future[Ticket]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self) -> Ticket:
        """Wait for leave to send one request; every ticket has to be handed back to `leave`."""
        now = self._clock()
        if not self._queue and self._pacer.delay(now) <= 0:
            return self._pacer.sent(now)
        place: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        self._admit()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(place.result(), None)
            raise

    def leave(self, ticket: Ticket, answer: Answer | None) -> None:
        """Hand a ticket back with the answer to its request, None when there was none."""
        self._pacer.answered(ticket, self._clock(), answer)
        if self._queue:
            self._admit()

    def _admit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue:
            if self._queue[0].done():
                self._queue.popleft()
                continue
            now = self._clock()
            delay = self._pacer.delay(now)
            if delay > 0:
                if delay < math.inf:
                    self._timer = asyncio.get_running_loop().call_later(delay, self._admit)
                return
            self._queue.popleft().set_result(self._pacer.sent(now))
