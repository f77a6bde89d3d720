"""Read plan: whether to list all contacts or to search for the customers' keys, whichever needs fewer requests.

Intercom's search reads an index that lags behind by minutes, and does not say how it compares letters outside
ASCII, values stored in odd case or escaped from HTML. A scan sees everything. Nothing is lost by a search all the
same: what it shows late is a contact that the next run finds, because each run compares everything anew and keeps no
state. What a search never finds (odd case in a stored value) only a scan does, so `Auto` scans whenever a key is not
plain ASCII or has a character that HTML escapes, and when both need equally many requests.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.resource.syncspec import EXTERNAL_ID_FIELD, Matching, SyncSpec
from mogulsync.sync.keys import Keys

_INTEGER_LIMIT: Final = 2**63
_INTEGER_MAX_LENGTH: Final = 20
"""Digits of that limit, with a sign."""
_ESCAPED_IN_HTML: Final = frozenset("&<>\"'")
_SEARCHABLE: Final = frozenset({"string", "integer"})
"""Data types that a search can ask for by IN (Intercom's OpenAPI description, /contacts/search)."""


ReadPlan = Literal["Auto", "Scan", "Search"]
"""How contacts are read, as the spec says it."""


class Search(NamedTuple):
    """The keys to ask for in one of Intercom's fields."""

    field: str
    """`email`, `external_id` or the name of a custom attribute."""
    keys: Sequence[str | int]


class Searches(NamedTuple):
    """Everything that a search would have to ask for."""

    fields: tuple[Search, ...]
    obstacle: str | None
    """Why a search would miss contacts; None when it would not."""
    any_key: bool = True
    """Whether any customer has a key, also one that a search cannot ask for."""

    def requests(self, batch: int) -> int:
        """Return how many requests they need with so many keys each, as long as each answer fits one page."""
        return sum(-(-len(search.keys) // batch) for search in self.fields)


class Choice(NamedTuple):
    """How contacts are read, and why."""

    plan: Literal["Scan", "Search"]
    reasoning: str


def read_plan_for(spec: SyncSpec, searches: Searches) -> ReadPlan | None:
    """Return how contacts are read; None when none needs to be read.

    Clearing contacts that no customer matches needs to see all of them, whatever keys there are.
    """
    if spec.unmatched_contacts == "Clear":
        return "Scan"
    return spec.intercom.read_plan if searches.any_key else None


def choose(*, total_contacts: int | None, first_page: int, searches: Searches, batch: int) -> Choice:
    """Return the plan that needs fewer requests, once the first page of the scan is there.

    Args:
        total_contacts: From that page; None when it does not say.
        first_page: Contacts on it, taken as the size of every page.
        searches: What a search would have to ask for.
        batch: Keys that one search asks for.
    """
    if searches.obstacle:
        return Choice("Scan", searches.obstacle)
    if total_contacts is None:
        return Choice("Scan", "Intercom does not say how many contacts there are")
    scan = max(0, -(-(total_contacts - first_page) // max(1, first_page)))
    search = searches.requests(batch)
    plan: Literal["Scan", "Search"] = "Search" if search < scan else "Scan"
    return Choice(plan, f"{total_contacts} contacts need {scan} more pages, the keys {search} searches")


def searches_for(matching: Matching, keys: Keys, customers: Sequence[Customer], types: Mapping[str, str]) -> Searches:
    """Return what a search asks for: each key lower-cased and, where that differs, as written.

    Args:
        matching: How customers and contacts are matched.
        keys: The same, as a way to get keys.
        customers: All of them.
        types: Data type of each custom contact attribute.
    """
    written = dict.fromkeys(key for customer in customers for key in keys.written(customer))
    texts = list(dict.fromkeys(form for key in written for form in (key.lower(), key)))
    obstacles = []
    if not all(map(str.isascii, written)):
        obstacles.append("a key has characters outside ASCII, which a search may not find")
    if not all(map(_ESCAPED_IN_HTML.isdisjoint, written)):
        obstacles.append("a key has characters that Intercom may keep escaped, which a search may not find")
    fields = []
    for name in matching.intercom_fields:
        if name in {EXTERNAL_ID_FIELD, "email"}:
            fields.append(Search(name, _sendable(texts)))
            continue
        data_type = types.get(name, "string")
        if data_type not in _SEARCHABLE:
            obstacles.append(f"{name} is of type {data_type}, which a search cannot ask for")
        numbers = _whole(written)
        if data_type == "integer" and len(numbers) < len(written):
            obstacles.append(f"{name} is of type integer and a key is none, which a search cannot ask for")
        fields.append(Search(name, _sendable(texts) if data_type == "string" else numbers))
    return Searches(tuple(search for search in fields if search.keys), "; ".join(obstacles) or None, bool(written))


def _sendable(texts: Sequence[str]) -> list[str]:
    """Leave out what UTF-8 cannot carry: half of a surrogate pair, which no contact can hold either."""
    return [text for text in texts if text.isascii() or text.encode("utf-8", "ignore").decode("utf-8") == text]


def _whole(texts: Mapping[str, None]) -> list[int]:
    """Return the keys that a number of Intercom's could equal: 42, but not 042."""
    digits = [text for text in texts if text.isascii() and text.removeprefix("-").isdigit()]
    numbers = [int(text) for text in digits if len(text) <= _INTEGER_MAX_LENGTH and str(int(text)) == text]
    return [number for number in numbers if abs(number) < _INTEGER_LIMIT]
