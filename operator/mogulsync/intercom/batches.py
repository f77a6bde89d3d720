"""How many keys one search asks for: as many as Intercom takes, which it does not document."""

from collections import deque
from typing import Final, TypeVar

_T = TypeVar("_T")

_START: Final = 50
_SUCCESSES_TO_GROW: Final = 10


class BatchSize:
    """Halves when a search is refused, and grows back slowly, but not to a size that was refused before."""

    def __init__(self, *, start: int = _START) -> None:
        """Prepare.

        Args:
            start: The first size, and the largest.
        """
        self.size = start
        self.was_taken = False
        """Whether a search of some size was answered since the last was refused."""
        self._ceiling = start
        self._successes = 0

    def take(self, left: deque[_T]) -> list[_T]:
        """Take one batch of what is left."""
        return [left.popleft() for _ in range(min(self.size, len(left)))]

    def taken(self, size: int) -> None:
        """Note a search for `size` keys that was answered."""
        self.was_taken = True
        if size < self.size or self.size >= self._ceiling:
            return
        self._successes += 1
        if self._successes >= _SUCCESSES_TO_GROW:
            self._successes = 0
            self.size = min(self._ceiling, self.size + max(1, self.size // 4))

    def refused(self, size: int) -> None:
        """Note a search for `size` keys, more than one, that was refused."""
        self.was_taken = False
        self._ceiling = max(1, min(self._ceiling, size - 1))
        self.size = max(1, min(self.size, size // 2))
        self._successes = 0
