"""What customers paid on balance, from a stream of invoices."""

from dataclasses import dataclass

from mogulsync.chartmogul.models import Customer, Invoice


@dataclass(slots=True)
class _Account:
    cents: float = 0.0
    currencies: tuple[str, ...] = ()
    """Of the amounts that count, upper-case."""


class NetPayments:
    """Sums of successful payments minus successful refunds; of each customer it keeps nothing else."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    def add(self, invoice: Invoice) -> None:
        """Count an invoice; one that is disabled does not exist."""
        if invoice.disabled:
            return
        account = self._accounts.get(invoice.customer_uuid)
        if account is None:
            account = self._accounts[invoice.customer_uuid] = _Account()
        for transaction in invoice.transactions:
            if transaction.disabled or not transaction.successful:
                continue
            cents = invoice.total if transaction.amount is None else transaction.amount
            account.cents += -cents if transaction.is_refund else cents
            currency = _code(invoice.currency)
            if currency and currency not in account.currencies:
                account.currencies = (*account.currencies, currency)

    def cents(self, customer: Customer) -> float | None:
        """Return the customer's balance; None without an invoice, or when currencies are mixed."""
        account = self._accounts.get(customer.uuid)
        return None if account is None or _mixed(account, customer) else account.cents

    def mixed(self, customer: Customer) -> bool:
        """Tell whether an amount that would count is in another currency than the customer's."""
        account = self._accounts.get(customer.uuid)
        return account is not None and _mixed(account, customer)


def _mixed(account: _Account, customer: Customer) -> bool:
    """Compare the currencies; where ChartMogul names none for the customer, all must be the same."""
    own = _code(customer.currency)
    return len({*account.currencies, *([own] if own else [])}) > 1


def _code(currency: str | None) -> str:
    return (currency or "").strip().upper()
