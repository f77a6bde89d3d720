"""Decides which contact takes its data from which customer.

Contacts stream past, in any order and perhaps more than once; what is kept grows with customers and with
contacts that match, never with the workspace. Both ways to treat a customer that several contacts match have the
same face: `see` each contact, then take the `rest`, then count.
"""

from collections.abc import Collection, Sequence
from typing import Final, Literal, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.resource.report import Customers
from mogulsync.sync import customerstatus
from mogulsync.sync.keys import Keys

_LOWEST: Final = float("inf")
"""Sorts a missing number behind every other."""


class Match(NamedTuple):
    """A contact and the customer whose data it takes."""

    contact: Contact
    customer: Customer


def precedence(customer: Customer) -> tuple[int, float, float, str]:
    """Return the sort key that puts the customer first whose data a shared contact takes.

    By status, then higher MRR, then later `customer-since`, then smaller uuid; what is missing is lowest.
    """
    return (
        customerstatus.rank(customer.status),
        _LOWEST if customer.mrr is None else -customer.mrr,
        _LOWEST if customer.customer_since is None else -customer.customer_since,
        customer.uuid,
    )


class _Index:
    """The customers, by number, and their numbers by key."""

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self.customers = customers
        self._keys = keys
        self._numbers: dict[str, int | tuple[int, ...]] = {}
        self.unmatchable: set[int] = set()
        for number, customer in enumerate(customers):
            own = keys.of_customer(customer)
            for key in own:
                self._add(key, number)
            if not own:
                self.unmatchable.add(number)

    def _add(self, key: str, number: int) -> None:
        present = self._numbers.get(key)
        if present is None:
            self._numbers[key] = number
        else:
            self._numbers[key] = (*present, number) if isinstance(present, tuple) else (present, number)

    def candidates(self, contact: Contact) -> Collection[int]:
        """Return the numbers of the customers that the contact matches, each once."""
        found = [self._of(key) for key in self._keys.of_contact(contact)]
        return found[0] if len(found) == 1 else {number for numbers in found for number in numbers}

    def _of(self, key: str) -> tuple[int, ...]:
        numbers = self._numbers.get(key, ())
        return (numbers,) if isinstance(numbers, int) else numbers

    def best(self, candidates: Collection[int]) -> int:
        if len(candidates) == 1:
            return next(iter(candidates))
        return min(candidates, key=lambda number: precedence(self.customers[number]))

    def count(self, *, matched: set[int], ambiguous: set[int], contenders: set[int]) -> Customers:
        """Return the counts; each customer in the first group that holds it."""
        conflicts = contenders - matched - ambiguous
        return Customers(
            total=len(self.customers),
            matched=len(matched),
            ambiguous=len(ambiguous),
            unmatched=len(self.customers) - len(matched) - len(ambiguous) - len(conflicts) - len(self.unmatchable),
            unmatchable=len(self.unmatchable),
            conflicts=len(conflicts),
        )


class UpdateAll:
    """Every contact of a customer takes its data: each contact is decided as soon as it is seen."""

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self._index = _Index(customers, keys)
        self._contacts: set[str] = set()
        self._winners: set[int] = set()
        self._contenders: set[int] = set()

    def see(self, contact: Contact) -> Match | None:
        """Return the contact's match; None when no customer matches or the contact was seen before."""
        candidates = self._index.candidates(contact)
        if not candidates or contact.id in self._contacts:
            return None
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
    def contacts(self) -> int:
        """Contacts matched so far."""
        return len(self._contacts)

    def count(self) -> Customers:
        """Return what became of the customers so far."""
        return self._index.count(matched=self._winners, ambiguous=set(), contenders=self._contenders)


class Skip:
    """A customer that matches several contacts takes no part, so nothing is decided before the last contact.

    Only the first contact of each customer is kept, and only while its customer has no other.
    """

    def __init__(self, customers: Sequence[Customer], keys: Keys) -> None:
        self._index = _Index(customers, keys)
        self._first: dict[int, str] = {}
        self._ambiguous: set[int] = set()
        self._waiting: dict[str, tuple[Contact, set[int]]] = {}

    def see(self, contact: Contact) -> Match | None:
        """Take note of the contact; always None."""
        if contact.id in self._waiting:
            return None
        claimants = set()
        for number in self._index.candidates(contact):
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
    def contacts(self) -> int:
        """Contacts matched so far."""
        return len(self._waiting)

    def count(self) -> Customers:
        """Return what became of the customers so far."""
        groups = [claimants for _, claimants in self._waiting.values()]
        return self._index.count(
            matched={self._index.best(claimants) for claimants in groups},
            ambiguous=self._ambiguous,
            contenders=set().union(*groups),
        )


Matcher = UpdateAll | Skip


def matcher_for(ambiguous: Literal["UpdateAll", "Skip"], customers: Sequence[Customer], keys: Keys) -> Matcher:
    """Return the matcher that the spec asks for."""
    return UpdateAll(customers, keys) if ambiguous == "UpdateAll" else Skip(customers, keys)
