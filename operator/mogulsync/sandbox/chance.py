"""Reproducible chance: the same seed and number always give the same draw, in any order."""

from functools import lru_cache
from typing import Final

_MASK: Final = (1 << 64) - 1


@lru_cache(maxsize=256)  # a record asks for the same draws again and again
def draw(seed: int, number: int, purpose: int) -> int:
    """Return 64 bits that look random and depend on nothing but the arguments.

    Unlike a generator, it can be asked for the millionth draw without the ones before. The mixing is
    SplitMix64's (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    """
    bits = (seed * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15 + purpose * 0xA0761D6478BD642F) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)
