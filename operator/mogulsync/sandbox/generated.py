"""Seeded data with random access: bits from a counter-based generator, and lists made record by record on access."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_MASK: Final = (1 << 64) - 1


@lru_cache(maxsize=256)  # a record asks for the same bits again and again
def random_bits(seed: int, index: int, stream: int) -> int:
    """Return 64 pseudo-random bits that depend on nothing but the arguments.

    Unlike `random.Random`, it gives the millionth value without the ones before. The mixing is SplitMix64's (Steele,
    Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    """
    bits = (seed * 0xD1342543DE82EF95 + index * 0x9E3779B97F4A7C15 + stream * 0xA0761D6478BD642F) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


class GeneratedRecords(Generic[T]):
    """A list of records by index: the first `count` are generated on access, changed and added ones are stored."""

    def __init__(self, count: int, generate: Callable[[int], T]) -> None:
        self._generated = count
        self._generate = generate
        self._end = count
        self._stored: dict[int, T] = {}
        self._removed: set[int] = set()

    def __len__(self) -> int:
        return self._end - len(self._removed)

    @property
    def end(self) -> int:
        """The index that the next added record gets."""
        return self._end

    def get(self, index: int) -> T | None:
        """Return the record at this index, or None where there is none or it was removed."""
        stored = self._stored.get(index)
        if stored is not None:
            return stored
        if not 0 <= index < self._generated or index in self._removed:
            return None
        return self._generate(index)

    def scan(self, start: int = 0) -> Iterator[tuple[int, T]]:
        """Yield each index from `start` on with its record."""
        for index in range(start, self._end):
            record = self.get(index)
            if record is not None:
                yield index, record

    def index_at(self, position: int) -> int:
        """Return the index of the record at this position, counted from 0 without the removed ones."""
        index = position
        for removed in sorted(self._removed):
            if removed > index:
                break
            index += 1
        return index

    def stored(self) -> Iterator[tuple[int, T]]:
        """Yield each index whose record was added or changed, in no order."""
        yield from list(self._stored.items())

    def put(self, index: int, record: T) -> None:
        """Replace the record at this index."""
        self._stored[index] = record

    def add(self, record: T) -> int:
        """Append a record and return its index."""
        index = self._end
        self._end += 1
        self._stored[index] = record
        return index

    def remove(self, index: int) -> None:
        """Remove the record at this index, if it is there."""
        if self.get(index) is not None:
            self._stored.pop(index, None)
            self._removed.add(index)
