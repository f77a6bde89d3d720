"""ChartMogul's customers, plans, subscriptions and invoices, with the values that a sync uses."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CustomValue = str | int | float | bool | tuple[()] | None
"""The value of a custom attribute: text is trimmed, None where it is missing, null or blank, `()` where it is an object
or a list, which no attribute of ChartMogul's should be."""


class Detail(StrEnum):
    """A value of a customer that is read only where it is selected, since a run holds all customers."""

    COMPANY = "company"
    COUNTRY = "country"
    BILLING_SYSTEM = "billing-system-type"
    LEAD_CREATED_AT = "lead_created_at"
    FREE_TRIAL_STARTED_AT = "free_trial_started_at"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class SelectedDetails:
    """Which details are read; false when none is."""

    details: frozenset[Detail] = frozenset()
    custom: tuple[str, ...] = ()
    """Names of custom attributes."""

    def __bool__(self) -> bool:
        return bool(self.details or self.custom)


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """The selected details of a customer; what is not selected is None or empty."""

    company: str | None = None
    country: str | None = None
    """As ChartMogul words it."""
    billing_system: str | None = None
    lead_created_at: int | None = None
    """Unix seconds."""
    free_trial_started_at: int | None = None
    """Unix seconds."""
    tags: tuple[str, ...] = ()
    """Distinct, sorted by code point."""
    custom: tuple[CustomValue, ...] = ()
    """In the order of `SelectedDetails.custom`."""


NO_DETAILS: Final = CustomerDetails()


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
    details: CustomerDetails = NO_DETAILS


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
