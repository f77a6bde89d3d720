"""Planning: compares matched contacts with their customers and returns what has to be written to each."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.sync.differences import NO_CHANGES, Changes, clears_plans, differences, with_plans
from mogulsync.sync.fields import NO_PLANS, Facts, Field, PlanTexts
from mogulsync.sync.matching import Match, has_paid_subscription
from mogulsync.sync.reading import Account
from mogulsync.sync.subscriptions import SubscriptionLookup
from mogulsync.transport.errors import ApiError


class Planned(NamedTuple):
    """A matched contact and what has to be written to it."""

    match: Match
    changes: Changes
    error: ApiError | None = None
    """What kept its customer's subscriptions from being read; nothing is written then."""


_NO_ATTRIBUTES: Final[dict[str, Any]] = {}


def without_values(contact: Contact) -> Contact:
    """Return the contact by its id alone, to save memory."""
    return Contact(contact.id, None, None, _NO_ATTRIBUTES)


class Planner:
    """Compares matched contacts with their customers.

    Subscriptions are looked up of customers that have a paid one, and of others where a contact holds a value that
    would be cleared without: ChartMogul counts customers with a free subscription among the leads. What such a look-up
    finds holds for all contacts of the customer, so those that came before it wait until the end.

    Args:
        fields: The fields to compare.
        account: What ChartMogul says of the customers.
        subscriptions: None when no field needs them.
        empty_values: Whether an empty value clears the attribute or leaves it.
        run_start: Unix seconds.
        keep: What is kept of a contact that waits.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        account: Account,
        subscriptions: SubscriptionLookup | None,
        *,
        empty_values: Literal["Clear", "Keep"],
        run_start: int,
        keep: Callable[[Contact], Contact] = without_values,
    ) -> None:
        self._fields = tuple(fields)
        self._net_payments = account.net_payments
        self._account = account
        self._subscriptions = subscriptions
        self._empty_values: Literal["Clear", "Keep"] = empty_values
        self._run_start = run_start
        self._keep = keep
        self._waiting: list[tuple[Match, Changes]] = []

    async def plan(self, matches: Sequence[Match]) -> list[Planned]:
        """Return what has to be written to these contacts; those that wait are left to `rest`.

        Raises:
            ExceptionGroup: of RunError: ChartMogul refused the credentials, or too many requests got no answer.
        """
        if self._subscriptions is None:
            return [Planned(match, self._compare(match)) for match in matches]
        await self._subscriptions.look_up(
            match.customer
            for match in matches
            if has_paid_subscription(match.customer.status)
            or clears_plans(self._fields, match.contact.attributes, empty_values=self._empty_values)
        )
        decided = []
        for match in matches:
            if self._subscriptions.has(match.customer):
                decided.append(self._with_subscriptions(match, self._subscriptions))
                continue
            changes = self._compare(match, NO_PLANS)
            if self._empty_values == "Keep":
                decided.append(Planned(match, changes))
            else:
                self._waiting.append((Match(self._keep(match.contact), match.customer), changes))
        return decided

    def rest(self) -> Iterator[Planned]:
        """Yield what has to be written to the contacts that waited for the last look-up."""
        if self._subscriptions is not None:
            for match, changes in self._waiting:
                yield self._settled(match, changes, self._subscriptions)

    def _with_subscriptions(self, match: Match, subscriptions: SubscriptionLookup) -> Planned:
        error = subscriptions.error(match.customer)
        if error is not None:
            return Planned(match, NO_CHANGES, error)
        return Planned(match, self._compare(match, subscriptions.plans(match.customer)))

    def _settled(self, match: Match, changes: Changes, subscriptions: SubscriptionLookup) -> Planned:
        if not subscriptions.has(match.customer):
            return Planned(match, changes)
        error = subscriptions.error(match.customer)
        if error is not None:
            return Planned(match, NO_CHANGES, error)
        plans = subscriptions.plans(match.customer)
        return Planned(
            match,
            with_plans(changes, self._fields, self._facts(match.customer, plans), run_start=self._run_start),
        )

    def _compare(self, match: Match, plans: PlanTexts | None = None) -> Changes:
        return differences(
            self._fields,
            self._facts(match.customer, plans),
            match.contact.attributes,
            empty_values=self._empty_values,
            run_start=self._run_start,
        )

    def _facts(self, customer: Customer, plans: PlanTexts | None) -> Facts:
        net_payments = self._net_payments.cents(customer) if self._net_payments else None
        return Facts(customer, net_payments, plans, self._account.custom(customer))
