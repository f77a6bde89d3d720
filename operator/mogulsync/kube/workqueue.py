"""A work queue: each key is handled once at a time, again after a while, later after a failure."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mogulsync.kube.client import StatusError

K = TypeVar("K", bound=Hashable)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """Depth and age of a queue."""

    depth: int
    """Keys that are due."""
    oldest: float
    """Seconds that the oldest of them has been due; 0 when none is."""


@dataclass(frozen=True, kw_only=True)
class ExponentialBackoff:
    """How long a failed key waits, in seconds: doubled with each failure, and shortened by chance."""

    base_delay: float
    """After the first failure."""
    max_delay: float
    """The doubling ends here."""

    def seconds(self, failures: int, chance: float) -> float:
        """Return the wait after so many failures in a row; `chance` is in [0, 1)."""
        return float(min(self.max_delay, self.base_delay * 2 ** min(failures - 1, 30)) * (0.5 + chance / 2))


class WorkQueue(Generic[K]):
    """A queue of keys for a handler.

    A key that is added while it waits is handled once; one that is added while it is being handled is
    handled once more afterwards. A handler returns after how many seconds its key is due again (None:
    when something happens); one that raises gets its key back after a backoff.

    Args:
        backoff: How long failed keys wait.
        on_retry: Called whenever a key is put back after a failure.
        clock: Seconds that only ever grow.
        chance: A number in [0, 1) each call.
    """

    def __init__(
        self,
        *,
        backoff: ExponentialBackoff,
        on_retry: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._backoff = backoff
        self._on_retry = on_retry
        self._clock = clock
        self._chance = chance
        self._order: deque[K] = deque()
        self._due: dict[K, float] = {}
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._filled = asyncio.Event()

    def add(self, key: K) -> None:
        """Make the key due now."""
        if key in self._busy:
            self._again.add(key)
        elif key not in self._due:
            self._due[key] = self._clock()
            self._order.append(key)
            self._filled.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Make the key due after a while, in place of any while set before."""
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self.add, key)

    def stats(self) -> QueueStats:
        """Return the queue's depth and age."""
        due = list(self._due.values())
        return QueueStats(depth=len(due), oldest=self._clock() - min(due) if due else 0.0)

    async def run(self, handle: Callable[[K], Awaitable[float | None]], *, workers: int) -> None:
        """Handle keys until cancelled; the keys that wait then are forgotten."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work(handle))
        finally:
            for key in list(self._timers):
                self._cancel_timer(key)

    async def _work(self, handle: Callable[[K], Awaitable[float | None]]) -> None:
        while True:
            while not self._order:
                self._filled.clear()
                await self._filled.wait()
            key = self._order.popleft()
            del self._due[key]
            self._busy.add(key)
            self._cancel_timer(key)
            try:
                await self._handle(key, handle)
            finally:
                self._busy.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _handle(self, key: K, handle: Callable[[K], Awaitable[float | None]]) -> None:
        try:
            wait = await handle(key)
        except Exception as error:  # noqa: BLE001 - whatever fails is logged and tried again
            self._retry(key, error)
        else:
            self._failures.pop(key, None)
            if wait is not None:
                self.add_after(key, wait)

    def _retry(self, key: K, error: Exception) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait = self._backoff.seconds(failures, self._chance())
        if isinstance(error, StatusError):
            wait = max(wait, error.retry_after)
            level = logging.DEBUG if error.conflict else logging.WARNING
            _log.log(level, "%s: %s; again in %.1f s", key, error, wait)
        else:
            _log.error("%s: failed; again in %.1f s", key, wait, exc_info=error)
        self._on_retry()
        self.add_after(key, wait)

    def _cancel_timer(self, key: K) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
