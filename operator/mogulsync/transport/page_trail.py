"""The way through the pages of a list, which neither leads back nor on for ever."""

from collections import deque
from collections.abc import Set as AbstractSet
from typing import Final

from mogulsync.transport.client import MalformedResponseError

REMEMBERED_PAGES: Final = 20
"""Pages whose records are remembered; pages that overlap are neighbours."""
_MAX_FRUITLESS_PAGES: Final = 10
"""Pages in a row without a new record; a list that goes on after them has no end."""


class PageTrail:
    """The pages of one list that were read, by their cursors and the ids of their records."""

    def __init__(self) -> None:
        self._cursors: set[int] = set()
        self._recent: deque[AbstractSet[str]] = deque(maxlen=REMEMBERED_PAGES)
        self._fruitless_pages = 0

    def new(self, ids: AbstractSet[str]) -> set[str]:
        """Return the ids that none of the last pages had."""
        return set(ids).difference(*self._recent)

    def follow(self, cursor: str, new: AbstractSet[str]) -> None:
        """Go on from a page with these new ids to the one that its cursor names.

        Raises:
            MalformedResponseError: The cursor leads back to a page already read or, after pages that brought nothing
                new, nowhere. Then nothing has changed, so that the page may be asked for again.
        """
        mark = hash(cursor)
        if mark in self._cursors:
            raise MalformedResponseError("its cursor leads back")
        fruitless_pages = 0 if new else self._fruitless_pages + 1
        if fruitless_pages >= _MAX_FRUITLESS_PAGES:
            raise MalformedResponseError("its cursor leads nowhere")
        self._cursors.add(mark)
        self._recent.append(new)
        self._fruitless_pages = fruitless_pages
