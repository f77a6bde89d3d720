"""ChartMogul's customers, plans, subscriptions and invoices, with the values that a sync uses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. Text is trimmed, blank text is None; a run holds all of them, so they are compact."""

    uuid: str
    external_id: str | None
    external_ids: tuple[str, ...]
    """Every external id, the first one included, without repeats."""
    data_source_uuids: tuple[str, ...]
    email: str | None
    status: str | None
    """As ChartMogul words it, for example `Past Due`."""
    mrr: float | None
    """Cents."""
    arr: float | None
    """Cents."""
    customer_since: int | None
    """Unix seconds."""
    updated_at: int | None
    """Unix seconds; None where ChartMogul does not send it."""
    currency: str | None
    currency_sign: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of the account."""

    uuid: str
    name: str | None
    external_id: str | None
    data_source_uuid: str | None
    interval_unit: str | None
    """day, month or year."""
    interval_count: int | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of one customer; it names its plan by name only."""

    plan: str | None
    active: bool
    billing_cycle: str | None
    """day, month or year."""
    billing_cycle_count: int | None
    data_source_uuid: str | None
    """None where ChartMogul does not send it."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment or refund on an invoice."""

    is_refund: bool
    successful: bool
    disabled: bool
    amount: float | None
    """Cents, positive for refunds too; None: the whole invoice."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice with its transactions."""

    customer_uuid: str
    currency: str | None
    disabled: bool
    total: float
    """Cents: the sum of its line items' amount_in_cents."""
    transactions: tuple[Transaction, ...]
