"""Compares matched contacts with what ChartMogul says of their customers."""

from collections.abc import Sequence
from typing import Literal

from mogulsync.chartmogul.models import Customer
from mogulsync.resource.report import Example
from mogulsync.sync.accounting import Books
from mogulsync.sync.differences import Changes, differences
from mogulsync.sync.failures import record_reason
from mogulsync.sync.fields import Facts, Field
from mogulsync.sync.matching import Match
from mogulsync.sync.netpayments import NetPayments
from mogulsync.sync.reading import PlansOfCustomers


class Comparison:
    """What is known of the customers, and how to compare by it.

    Args:
        fields: The fields to compare.
        net_payments: Of all customers; None when not selected.
        plans: Of customers, read when needed; None when not selected.
        empty_values: Whether an empty value clears the attribute or leaves it.
        run_start: Unix seconds.
        books: Told of contacts that need no write, and of those that cannot be compared.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        *,
        net_payments: NetPayments | None,
        plans: PlansOfCustomers | None,
        empty_values: Literal["Clear", "Keep"],
        run_start: int,
        books: Books,
    ) -> None:
        self.fields = tuple(fields)
        self._net_payments = net_payments
        self._plans = plans
        self._empty_values: Literal["Clear", "Keep"] = empty_values
        self._run_start = run_start
        self._books = books

    async def compare(self, matches: Sequence[Match]) -> list[tuple[str, Changes]]:
        """Return the ids of contacts that need a write, each with its changes; the others are accounted for."""
        if self._plans is not None:
            await self._plans.ensure(match.customer for match in matches)
        changed = []
        for contact, customer in matches:
            if self._is_unreadable(contact.id, customer):
                continue
            changes = differences(
                self.fields,
                self._facts(customer),
                contact.attributes,
                empty_values=self._empty_values,
                run_start=self._run_start,
            )
            if changes:
                changed.append((contact.id, changes))
            else:
                self._books.unchanged += 1
        return changed

    def conclude(self) -> None:
        """Look back when every contact has been compared.

        Raises:
            RunError: Subscriptions were asked for and not one answer came.
        """
        if self._plans is not None:
            self._plans.availability.conclude()

    def _facts(self, customer: Customer) -> Facts:
        return Facts(
            customer,
            net_payments=self._net_payments.cents(customer) if self._net_payments else None,
            plans=self._plans.of(customer) if self._plans else None,
        )

    def _is_unreadable(self, contact_id: str, customer: Customer) -> bool:
        error = self._plans.unreadable.get(customer.uuid) if self._plans else None
        if error is None:
            return False
        self._books.fail(record_reason(error), Example(contact=contact_id, request_id=error.request_id))
        return True
