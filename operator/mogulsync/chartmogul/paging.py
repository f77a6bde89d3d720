"""Pages of ChartMogul's lists: following cursors, without loops and without duplicates."""

from collections import deque
from typing import Any, Final, NamedTuple

from mogulsync.transport.client import JsonResponse, MalformedResponseError
from mogulsync.transport.json_values import text, whole
from mogulsync.transport.page_trail import REMEMBERED_PAGES, PageTrail

PAGE_SIZE: Final = 200
"""Records a page, the most that ChartMogul gives (dev.chartmogul.com/docs/pagination)."""


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
        self._trail = PageTrail()

    def read(self, body: JsonResponse) -> EntryPage:
        """Read an answer.

        Raises:
            MalformedError: It is no page, or its cursor leads back to a page already read or, after pages that brought
                nothing new, nowhere.
        """
        data = body.data
        if not isinstance(data, dict):
            raise MalformedResponseError("it is not a page")
        entries = next((data[root] for root in self._roots if isinstance(data.get(root), list)), None)
        if entries is None:
            raise MalformedResponseError("it has no entries")
        listed: list[dict[str, Any]] = [entry if isinstance(entry, dict) else {} for entry in entries]
        return EntryPage(listed, self._next(data, listed))

    def _next(self, data: dict[str, Any], entries: list[dict[str, Any]]) -> str | None:
        cursor = text(data.get("cursor"))
        more = _says_more(data.get("has_more"))
        if cursor is None:
            if _may_have_more(data, more=more):
                raise MalformedResponseError("it has more pages but no cursor")
            return None
        if more is False or (more is None and not entries):
            return None
        self._trail.follow(cursor, self._trail.new({uuid for entry in entries if (uuid := text(entry.get("uuid")))}))
        return cursor


def _says_more(has_more: Any) -> bool | None:
    """Return what `has_more` says; None where it is missing. What is no clear no, of whatever type, is a yes."""
    if has_more is None:
        return None
    if isinstance(has_more, str):
        return has_more.strip().lower() != "false"
    return bool(has_more != 0)


def _may_have_more(data: dict[str, Any], *, more: bool | None) -> bool:
    """Return whether a page without a usable cursor may not be the last: unless it clearly is, a list is read by half.

    Args:
        data: The answer. It may count pages, as the deprecated paging by number did.
        more: What its `has_more` says.
    """
    current, total = whole(data.get("current_page")), whole(data.get("total_pages"))
    if more:
        return True
    if current is not None and total is not None:
        return current < total
    if more is False:
        return False
    return current is not None or total is not None or data.get("cursor") not in (None, "")


class DuplicateFilter:
    """Leaves out records that one of the last pages already had, by their uuids."""

    def __init__(self, *, pages: int = REMEMBERED_PAGES) -> None:
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
