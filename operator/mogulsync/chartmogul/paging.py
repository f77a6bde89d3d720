"""Pages of ChartMogul's lists: following cursors, without loops and without duplicates."""

from collections import deque
from typing import Any, Final, NamedTuple

from mogulsync.transport.client import JsonResponse, MalformedResponseError
from mogulsync.transport.json_values import text, whole

PAGE_SIZE: Final = 200
"""Records a page, the most that ChartMogul gives (dev.chartmogul.com/docs/pagination)."""

_REMEMBERED_PAGES: Final = 20


class EntryPage(NamedTuple):
    """Raw entries and the cursor of the page after them, None after the last."""

    entries: list[dict[str, Any]]
    cursor: str | None


class EntryPageReader:
    """Reads one list's pages. Give it each answer in turn."""

    def __init__(self, *roots: str) -> None:
        """Prepare.

        Args:
            roots: The keys that the entries may be under.
        """
        self._roots = roots
        self._cursors: set[int] = set()

    def read(self, body: JsonResponse) -> EntryPage:
        """Read an answer.

        Raises:
            MalformedError: It is no page, or its cursor leads back to a page already read.
        """
        data = body.data
        if not isinstance(data, dict):
            raise MalformedResponseError("it is not a page")
        entries = next((data[root] for root in self._roots if isinstance(data.get(root), list)), None)
        if entries is None:
            raise MalformedResponseError("it has no entries")
        listed: list[dict[str, Any]] = [entry if isinstance(entry, dict) else {} for entry in entries]
        return EntryPage(listed, self._next(data, some=bool(entries)))

    def _next(self, data: dict[str, Any], *, some: bool) -> str | None:
        cursor = text(data.get("cursor"))
        more = data.get("has_more")
        if cursor is None and (more is True or _counts_further_pages(data, ended=more is False)):
            raise MalformedResponseError("it has more pages but no cursor")
        if cursor is None or more is False or (more is not True and not some):
            return None
        mark = hash(cursor)
        if mark in self._cursors:
            raise MalformedResponseError("its cursor leads back")
        self._cursors.add(mark)
        return cursor


def _counts_further_pages(data: dict[str, Any], *, ended: bool) -> bool:
    """Return whether an answer counts pages, as the deprecated paging by number did, and this may not be the last.

    Args:
        data: The answer.
        ended: Whether it says that there is nothing more.
    """
    current, total = whole(data.get("current_page")), whole(data.get("total_pages"))
    if current is None and total is None:
        return False
    if current is None or total is None:
        return not ended
    return current < total


class DuplicateFilter:
    """Leaves out records that one of the last pages already had, by their uuids."""

    def __init__(self, *, pages: int = _REMEMBERED_PAGES) -> None:
        """Prepare.

        Args:
            pages: How many pages are remembered; pages that overlap are neighbours.
        """
        self._pages: deque[set[str]] = deque(maxlen=pages)

    def new(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the entries that are new; one without a uuid always is."""
        found: set[str] = set()
        fresh = []
        for entry in entries:
            uuid = entry.get("uuid")
            if isinstance(uuid, str):
                if uuid in found or any(uuid in page for page in self._pages):
                    continue
                found.add(uuid)
            fresh.append(entry)
        self._pages.append(found)
        return fresh
