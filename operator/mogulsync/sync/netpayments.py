"""Net payments: what customers paid on balance, from a stream of invoices."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mogulsync.chartmogul.models import Customer, Invoice


@dataclass(slots=True)
class _Balance:
    """One customer's sums, by currency; there is one nearly always, which costs no dictionary."""

    currency: str | None = None
    """Of the first amount, upper-case, blank where the invoice names none; None before the first amount."""
    cents: float = 0.0
    others: dict[str, float] | None = None
    """Cents in further currencies."""

    def add(self, currency: str, cents: float) -> None:
        if self.currency in (None, currency):
            self.currency = currency
            self.cents += cents
            return
        if self.others is None:
            self.others = {}
        self.others[currency] = self.others.get(currency, 0.0) + cents

    def sums(self) -> Iterator[tuple[str, float]]:
        """Yield each currency with its cents."""
        yield self.currency or "", self.cents
        if self.others is not None:
            yield from self.others.items()


class NetPayments:
    """Sums of successful payments minus successful refunds; of each customer it keeps nothing else.

    Args:
        exchange_rates: Worth of one unit of each currency in the account's currency, as decimal text. A customer's own
            currency is the account's, as ChartMogul gives it, and never converted.
        balances: What was counted before, by the customers' uuids.
    """

    def __init__(
        self, exchange_rates: Mapping[str, str] | None = None, balances: dict[str, _Balance] | None = None
    ) -> None:
        self._exchange_rates = exchange_rates or {}
        self._rates = {_code(currency): Decimal(rate) for currency, rate in self._exchange_rates.items()}
        self._balances = balances if balances is not None else {}

    def of(self, customers: Iterable[Customer]) -> "NetPayments":
        """Return the sums of these customers alone, by the customers' own uuids, so that each is in memory once."""
        uuids = (customer.uuid for customer in customers)
        balances = {uuid: balance for uuid in uuids if (balance := self._balances.get(uuid)) is not None}
        return NetPayments(self._exchange_rates, balances)

    def add(self, invoice: Invoice) -> None:
        """Count an invoice; one that is disabled does not exist."""
        if invoice.disabled:
            return
        balance = self._balances.get(invoice.customer_uuid)
        if balance is None:
            balance = self._balances[invoice.customer_uuid] = _Balance()
        for transaction in invoice.transactions:
            if transaction.disabled or not transaction.successful:
                continue
            cents = invoice.total if transaction.amount is None else transaction.amount
            balance.add(_code(invoice.currency), -cents if transaction.is_refund else cents)

    def cents(self, customer: Customer) -> float | None:
        """Return the customer's balance; None without an invoice, or when it is in currencies that do not add up."""
        balance = self._balances.get(customer.uuid)
        if balance is None:
            return None
        if balance.others is None and balance.currency in (None, "", _code(customer.currency)):
            return balance.cents  # nearly always
        return self._converted(balance, _code(customer.currency))

    def is_mixed(self, customer: Customer) -> bool:
        """Return whether an amount that would count is in a currency that cannot be converted to the customer's."""
        return customer.uuid in self._balances and self.cents(customer) is None

    def _converted(self, balance: _Balance, own: str) -> float | None:
        """Return the sum in the customer's own currency, rounded once, to the cent.

        Where ChartMogul names no currency for the customer, all amounts must be in the same.
        """
        foreign = {currency: cents for currency, cents in balance.sums() if currency not in ("", own)}
        same = sum(cents for currency, cents in balance.sums() if currency not in foreign)
        if not own and len(foreign) == 1:
            return same + sum(foreign.values())
        if not own or not self._rates.keys() >= foreign.keys():
            return None
        if not all(map(math.isfinite, (same, *foreign.values()))):
            return math.nan
        total = Decimal(same) + sum(Decimal(cents) * self._rates[currency] for currency, cents in foreign.items())
        return float(total.to_integral_value(ROUND_HALF_UP))


def _code(currency: str | None) -> str:
    return (currency or "").strip().upper()
