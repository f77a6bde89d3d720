"""A long list of records, each made when it is asked for and kept only once it was changed."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Records(Generic[T]):
    """Records by index. The first ones are made up on demand; added ones follow them."""

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._made_up = count
        self._make = make
        self._end = count
        self._kept: dict[int, T] = {}
        self._gone: set[int] = set()

    def __len__(self) -> int:
        return self._end - len(self._gone)

    @property
    def end(self) -> int:
        """The index that the next added record gets."""
        return self._end

    def get(self, index: int) -> T | None:
        """Return the record at this index, or None where there is none (any more)."""
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        if not 0 <= index < self._made_up or index in self._gone:
            return None
        return self._make(index)

    def scan(self, start: int = 0) -> Iterator[tuple[int, T]]:
        """Yield each index from `start` on with its record."""
        for index in range(start, self._end):
            record = self.get(index)
            if record is not None:
                yield index, record

    def changed(self) -> Iterator[tuple[int, T]]:
        """Yield each index whose record was added or changed, in no order."""
        yield from list(self._kept.items())

    def put(self, index: int, record: T) -> None:
        """Replace the record at this index."""
        self._kept[index] = record

    def add(self, record: T) -> int:
        """Append a record and return its index."""
        index = self._end
        self._end += 1
        self._kept[index] = record
        return index

    def remove(self, index: int) -> None:
        """Remove the record at this index, if it is there."""
        if self.get(index) is not None:
            self._kept.pop(index, None)
            self._gone.add(index)
