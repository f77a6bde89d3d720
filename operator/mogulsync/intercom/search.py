"""Searching for many keys: how many one search asks for, and how several searches are read at the same time."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

_T = TypeVar("_T")

_START: Final = 50
_SUCCESSES_TO_GROW: Final = 10


class SearchBatchSize:
    """How many keys one search asks for. Intercom does not document how many it takes.

    The size halves when a search is refused, and grows again by a quarter after ten searches of full size, but never
    to a size that was refused before.

    Attributes:
        size: Keys of the next search.
        was_taken: Whether a search was answered since the last one was refused.
    """

    def __init__(self, *, start: int = _START) -> None:
        """Prepare.

        Args:
            start: The first size, and the largest.
        """
        self.size = start
        self.was_taken = False
        self._ceiling = start
        self._successes = 0

    def take(self, left: deque[_T]) -> list[_T]:
        """Remove the keys of one search from those left, and return them."""
        return [left.popleft() for _ in range(min(self.size, len(left)))]

    def taken(self, size: int) -> None:
        """Count a search for `size` keys that was answered."""
        self.was_taken = True
        if size < self.size or self.size >= self._ceiling:
            return
        self._successes += 1
        if self._successes >= _SUCCESSES_TO_GROW:
            self._successes = 0
            self.size = min(self._ceiling, self.size + max(1, self.size // 4))

    def refused(self, size: int) -> None:
        """Count a search for `size` keys, more than one, that was refused."""
        self.was_taken = False
        self._ceiling = max(1, min(self._ceiling, size - 1))
        self.size = max(1, min(self.size, size // 2))
        self._successes = 0


async def merge(
    next_stream: Callable[[], AsyncGenerator[_T] | None], *, max_open: Callable[[], int]
) -> AsyncGenerator[_T]:
    """Read several streams at the same time and yield what they yield, as it comes.

    Each stream is read one item ahead at most. Items that come at the same time are yielded in the order in which they
    were asked for.

    Args:
        next_stream: Called when there is room for one more stream. It returns None when there is none for now, and is
            asked again when one has ended; all is read when it has none while none is open.
        max_open: How many may be open now, at least 1. Those that are open are read to their ends all the same.

    Raises:
        BaseException: What a stream raised; all others are closed then.
    """
    awaited: dict[asyncio.Future[_T], AsyncGenerator[_T]] = {}
    try:
        while True:
            while len(awaited) < max_open() and (stream := next_stream()) is not None:
                awaited[asyncio.ensure_future(anext(stream))] = stream
            if not awaited:
                return
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            for item in [item for item in awaited if item.done()]:
                stream = awaited.pop(item)
                if isinstance(item.exception(), StopAsyncIteration):
                    continue
                found = item.result()
                awaited[asyncio.ensure_future(anext(stream))] = stream
                yield found
    finally:
        for item in awaited:
            item.cancel()
        await asyncio.gather(*awaited, return_exceptions=True)
        for stream in awaited.values():
            await stream.aclose()
