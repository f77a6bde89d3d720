"""Matching: which contact takes its data from which customer.

Contacts stream past, in any order and perhaps more than once; what is kept grows with customers and with contacts
that match, never with the workspace. Both matchers, `UpdateAll` and `Skip`, have the same methods: `see` each
contact, then take the `rest`, then `count`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from typing import Final, Literal, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.resource.report import Customers
from mogulsync.sync.keys import Keys

_LOWEST: Final = float("inf")
"""Sorts a missing number behind every other."""
_STATUS_RANKS: Final = {"active": 0, "past due": 1, "cancelled": 2}
_LOWEST_STATUS_RANK: Final = 3
_WITH_PAID_SUBSCRIPTION: Final = frozenset({"active", "past due"})

CustomerOutcome = Literal["matched", "ambiguous", "unmatched", "unmatchable", "conflicts"]
"""What became of a customer, as the report's counts are named."""


class Match(NamedTuple):
    """A contact and the customer whose data it takes."""

    contact: Contact
    customer: Customer


class Unmatched(Enum):
    """The answer of a matcher for a contact that no customer matches."""

    CONTACT = "unmatched"


UNMATCHED: Final = Unmatched.CONTACT


def precedence(customer: Customer) -> tuple[int, float, float, str]:
    """Return the sort key that puts the customer first whose data a shared contact takes.

    By status, then higher MRR, then later `customer-since`, then smaller uuid; what is missing is lowest.
    """
    return (
        _STATUS_RANKS.get(_plain(customer.status), _LOWEST_STATUS_RANK),
        _LOWEST if customer.mrr is None else -customer.mrr,
        _LOWEST if customer.customer_since is None else -customer.customer_since,
        customer.uuid,
    )


def has_paid_subscription(status: str | None) -> bool:
    """Return whether ChartMogul gives this status to customers with a paid subscription."""
    return _plain(status) in _WITH_PAID_SUBSCRIPTION


def _plain(status: str | None) -> str:
    """Return a status in lower case with blanks: `Past Due` in customers is `past_due` in filters and webhooks."""
    return (status or "").strip().lower().replace("_", " ")


class _Index:
    """The customers, by number, and their numbers by key."""

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self.customers = customers
        self._keys = keys
        self._numbers: dict[str, int | tuple[int, ...]] = {}
        self._unmatchable: set[int] = set()
        for number, customer in enumerate(customers):
            own = keys.of_customer(customer)
            for key in own:
                self._add(key, number)
            if not own:
                self._unmatchable.add(number)

    def _add(self, key: str, number: int) -> None:
        present = self._numbers.get(key)
        if present is None:
            self._numbers[key] = number
        else:
            self._numbers[key] = (*present, number) if isinstance(present, tuple) else (present, number)

    def candidates(self, contact: Contact) -> Collection[int]:
        """Return the numbers of the customers that the contact matches, each once."""
        keys = self._keys.of_contact(contact)
        return self._of(keys[0]) if len(keys) == 1 else {number for key in keys for number in self._of(key)}

    def _of(self, key: str) -> tuple[int, ...]:
        numbers = self._numbers.get(key, ())
        return (numbers,) if isinstance(numbers, int) else numbers

    def best(self, candidates: Collection[int]) -> int:
        """Return the number of the candidate whose data the contact takes."""
        if len(candidates) == 1:
            return next(iter(candidates))
        return min(candidates, key=lambda number: precedence(self.customers[number]))

    def outcomes(
        self, *, matched: set[int], ambiguous: set[int], contenders: set[int]
    ) -> Iterator[tuple[Customer, CustomerOutcome]]:
        """Yield each customer with the first outcome that applies to it."""
        for number, customer in enumerate(self.customers):
            if number in matched:
                yield customer, "matched"
            elif number in ambiguous:
                yield customer, "ambiguous"
            elif number in contenders:
                yield customer, "conflicts"
            else:
                yield customer, "unmatchable" if number in self._unmatchable else "unmatched"


class UpdateAll:
    """Matcher by which every contact of a customer takes its data: each contact is decided as soon as it is seen."""

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self._index = _Index(customers, keys)
        self._contacts: set[str] = set()
        self._winners: set[int] = set()
        self._contenders: set[int] = set()

    def see(self, contact: Contact) -> Match | Unmatched | None:
        """Return the contact's match; UNMATCHED when no customer matches it, None when it was seen before."""
        if contact.id in self._contacts:
            return None
        candidates = self._index.candidates(contact)
        if not candidates:
            return UNMATCHED
        self._contacts.add(contact.id)
        winner = self._index.best(candidates)
        self._winners.add(winner)
        if len(candidates) > 1:
            self._contenders.update(candidates)
        return Match(contact, self._index.customers[winner])

    def rest(self) -> Sequence[Match]:
        """Return what can be decided only after the last contact: nothing."""
        return ()

    @property
    def contact_count(self) -> int:
        """Contacts matched so far."""
        return len(self._contacts)

    def outcomes(self) -> Iterator[tuple[Customer, CustomerOutcome]]:
        """Yield what became of each customer so far."""
        return self._index.outcomes(matched=self._winners, ambiguous=set(), contenders=self._contenders)


class Skip:
    """Matcher by which a customer of several contacts takes no part: nothing is decided before the last contact.

    Only the first contact of each customer is kept, and only while its customer has no other.
    """

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self._index = _Index(customers, keys)
        self._first: dict[int, str] = {}
        self._ambiguous: set[int] = set()
        self._waiting: dict[str, tuple[Contact, set[int]]] = {}

    def see(self, contact: Contact) -> Unmatched | None:
        """Record the contact; return UNMATCHED when no customer matches it, skipped or not, else None."""
        if contact.id in self._waiting:
            return None
        candidates = self._index.candidates(contact)
        if not candidates:
            return UNMATCHED
        claimants = set()
        for number in candidates:
            first = self._first.setdefault(number, contact.id)
            if first != contact.id:
                self._drop(number, first)
            elif number not in self._ambiguous:
                claimants.add(number)
        if claimants:
            self._waiting[contact.id] = (contact, claimants)
        return None

    def _drop(self, number: int, first: str) -> None:
        """Take out a customer of which a second contact turned up, and its first contact if none else claims it."""
        self._ambiguous.add(number)
        if first in self._waiting:
            claimants = self._waiting[first][1]
            claimants.discard(number)
            if not claimants:
                del self._waiting[first]

    def rest(self) -> Sequence[Match]:
        """Return the matches, now that every contact has been seen."""
        return [
            Match(contact, self._index.customers[self._index.best(claimants)])
            for contact, claimants in self._waiting.values()
        ]

    @property
    def contact_count(self) -> int:
        """Contacts matched so far."""
        return len(self._waiting)

    def outcomes(self) -> Iterator[tuple[Customer, CustomerOutcome]]:
        """Yield what became of each customer so far."""
        groups = [claimants for _, claimants in self._waiting.values()]
        return self._index.outcomes(
            matched={self._index.best(claimants) for claimants in groups},
            ambiguous=self._ambiguous,
            contenders=set().union(*groups),
        )


Matcher = UpdateAll | Skip


def matcher_for(ambiguous: Literal["UpdateAll", "Skip"], customers: Sequence[Customer], keys: Keys) -> Matcher:
    """Return the matcher that the spec asks for."""
    return UpdateAll(customers, keys) if ambiguous == "UpdateAll" else Skip(customers, keys)


def customer_counts(matcher: Matcher) -> Customers:
    """Return how many customers there are of each outcome."""
    counts = Counter[str](outcome for _, outcome in matcher.outcomes())
    return Customers(total=counts.total(), **counts)
