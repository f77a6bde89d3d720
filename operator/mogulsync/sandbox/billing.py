"""Generated billing data of ChartMogul: data sources, plans, subscriptions and invoices.

Keys, their dashes and underscores, and amounts in cents are those of ChartMogul's reference and of the answers that its
Ruby client has on record (github.com/chartmogul/chartmogul-ruby, spec/fixtures).
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from mogulsync.sandbox.generated import random_bits
from mogulsync.sandbox.identities import chartmogul_index, chartmogul_uuid, identity

DAY: Final = 86_400
LEADS: Final = ("New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead")
"""The statuses of leads."""
CURRENCY_SIGNS: Final = {"USD": "$", "EUR": "€", "GBP": "£", "CHF": "CHF", "JPY": "¥", "CAD": "C$", "AUD": "A$"}
"""Currencies that an account may have, each with its sign."""

_ABOUT: Final = 10
_SUBSCRIPTION: Final = 12
_INVOICE: Final = 13
_FIRST_DAY: Final = 1_577_836_800
"""2020-01-01, in unix seconds: the earliest start of a customer."""
_INVOICE_CURRENCIES: Final = ("USD",) * 7 + ("EUR",) * 2 + ("GBP",)
"""The currency of a customer's invoices, which may differ from the account's."""
_PAYING: Final = ("Active", "Past Due")
_PRICES: Final = (
    ("Starter", "starter", 1_900),
    ("Team", "team", 4_900),
    ("Business", "business", 14_900),
    ("Équipe Plus", "equipe-plus", 24_900),
)
_SYSTEMS: Final = ("Stripe", "Chargebee", "Custom")


@dataclass(frozen=True, slots=True)
class Interval:
    """A billing interval."""

    code: str
    unit: str
    count: int
    months: int
    factor: int
    """Of the monthly price."""


_INTERVALS: Final = (Interval("month", "month", 1, 1, 1), Interval("year", "year", 1, 12, 10))
_QUARTER: Final = Interval("quarter", "month", 3, 3, 3)


@dataclass(frozen=True, slots=True)
class DataSource:
    """One of the account's data sources."""

    uuid: str
    system: str

    def external_id(self, number: int) -> str:
        """Return the id that this billing system gives the person with this number."""
        match self.system:
            case "Stripe":
                return f"cus_{number}"
            case "Chargebee":
                return f"CB-{number}"
            case _:
                return str(number)

    def to_json(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return {
            "uuid": self.uuid,
            "name": f"{self.system} account",
            "system": self.system,
            "created_at": "2019-12-01T09:30:00.000Z",
            "status": "idle",
        }


@dataclass(frozen=True, slots=True)
class BillingPlan:
    """One of the account's plans."""

    uuid: str
    source: DataSource
    name: str
    external_id: str
    interval: Interval
    price: int
    """Cents an interval."""

    @property
    def mrr(self) -> int:
        """Cents a month."""
        return self.price // self.interval.months

    def to_json(self) -> dict[str, Any]:
        """Return it as the API gives it."""
        return {
            "name": self.name,
            "interval_count": self.interval.count,
            "interval_unit": self.interval.unit,
            "external_id": self.external_id,
            "data_source_uuid": self.source.uuid,
            "uuid": self.uuid,
        }


class BillingGenerator:
    """Generates the billing data of one seed; every method returns the JSON that the API gives.

    Args:
        seed: The account's.
        currency: The account's currency, which `mrr` and `arr` are in, whatever the invoices are in.
    """

    def __init__(self, seed: int, currency: str = "USD") -> None:
        self.seed = seed
        self.currency = currency
        self.currency_sign = CURRENCY_SIGNS[currency]
        self.sources = [DataSource(chartmogul_uuid("ds", seed, place), system) for place, system in enumerate(_SYSTEMS)]
        self._offered = {source.uuid: list(self._priced(place, source)) for place, source in enumerate(self.sources)}
        self._free = {source.uuid: self._plan(place, source, 50, "Free") for place, source in enumerate(self.sources)}
        self._quarterly = {
            source.uuid: self._plan(place, source, 60, "Team", price=12_900, interval=_QUARTER)
            for place, source in enumerate(self.sources)
        }
        self.plans = [
            plan
            for source in self.sources
            for plan in (*self._offered[source.uuid], self._free[source.uuid], self._quarterly[source.uuid])
        ]

    def uuid(self, index: int) -> str:
        """Return the uuid of the customer at this index."""
        return chartmogul_uuid("cus", self.seed, index)

    def source_of(self, index: int) -> DataSource:
        """Return the first data source of the customer at this index."""
        return self.sources[(0, 0, 0, 1, 1, 2)[random_bits(self.seed, index, _ABOUT) % 6]]

    def sources_of(self, index: int) -> list[DataSource]:
        """Return one data source, or two for a customer that was merged from two."""
        first = self.source_of(index)
        if (random_bits(self.seed, index, _ABOUT) >> 8) % 12:
            return [first]
        return [first, next(source for source in self.sources if source != first)]

    def status(self, index: int) -> str:
        """Return the status of the customer at this index."""
        bits = (random_bits(self.seed, index, _ABOUT) >> 28) % 100
        if bits < 68:  # noqa: PLR2004 - shares of a hundred, used only here
            return "Active"
        if bits < 74:  # noqa: PLR2004 - as above
            return "Past Due"
        if bits < 90:  # noqa: PLR2004 - as above
            return "Cancelled"
        return LEADS[bits % len(LEADS)]

    def since(self, index: int) -> int:
        """Return when the customer at this index subscribed, or for a lead would have, in unix seconds."""
        return _FIRST_DAY + random_bits(self.seed, index, _ABOUT) % (2200 * DAY)

    def subscriptions(self, index: int) -> list[dict[str, Any]]:
        """Return the subscriptions of the customer at this index: several for some, at most a free one for leads.

        ChartMogul counts a customer with only a free subscription among the leads or the cancelled.
        """
        return [
            self._subscription(index, place, plan, active=active) for place, plan, active in self._subscribed(index)
        ]

    def mrr(self, index: int) -> int:
        """Return the MRR of the customer at this index, in cents: the sum of its active subscriptions."""
        return sum(plan.mrr * self._quantity(index, place) for place, plan, active in self._subscribed(index) if active)

    def _subscribed(self, index: int) -> list[tuple[int, BillingPlan, bool]]:
        """Return a customer's subscriptions as their number, plan and whether they are active."""
        status = self.status(index)
        bits = random_bits(self.seed, index, _SUBSCRIPTION)
        source = self.source_of(index).uuid
        free = (3, self._free[source], True)
        if status in LEADS:
            return [free] if bits >> 32 & 3 == 0 else []
        offered, active = self._offered[source], status in _PAYING
        found = [(0, offered[bits % len(offered)], active)]
        if bits >> 10 & 7 == 0:
            second = self._quarterly[source] if bits >> 15 & 1 else offered[(bits >> 16) % len(offered)]
            found.append((1, second, active))
        if bits >> 13 & 7 == 0:
            found.append((2, offered[(bits >> 24) % len(offered)], False))
        return [*found, free] if not active and bits >> 32 & 7 == 0 else found

    def _quantity(self, index: int, place: int) -> int:
        return 1 + random_bits(self.seed, 8 * index + place, _SUBSCRIPTION) % 4

    def invoices(self, index: int) -> list[dict[str, Any]]:
        """Return the invoices of the customer at this index, disabled ones included: none for leads."""
        if self.status(index) in LEADS:
            return []
        return [self._invoice(index, place) for place in range(1 + random_bits(self.seed, index, _INVOICE) % 3)]

    def invoice_customer(self, uuid: str) -> int | None:
        """Return the index of the customer that a generated invoice's uuid carries, or None where it is none."""
        carried = chartmogul_index("inv", self.seed, uuid)
        return None if carried is None else carried // 8

    def _priced(self, place: int, source: DataSource) -> Iterator[BillingPlan]:
        for tier, (name, code, price) in enumerate(_PRICES):
            for at, interval in enumerate(_INTERVALS):
                yield self._plan(
                    place, source, 10 * tier + at, name, code=code, price=price * interval.factor, interval=interval
                )

    def _plan(
        self,
        place: int,
        source: DataSource,
        number: int,
        name: str,
        *,
        code: str = "",
        price: int = 0,
        interval: Interval = _INTERVALS[0],
    ) -> BillingPlan:
        return BillingPlan(
            uuid=chartmogul_uuid("pl", self.seed, 100 * place + number),
            source=source,
            name=name,
            external_id=f"{source.system.lower()}-{code or name.lower()}-{interval.code}",
            interval=interval,
            price=price,
        )

    def _subscription(self, index: int, place: int, plan: BillingPlan, *, active: bool) -> dict[str, Any]:
        """Return a subscription; one that ended keeps the MRR that it had."""
        since = self.since(index)
        number = identity(self.seed, index).number
        quantity = self._quantity(index, place)
        mrr = plan.mrr * quantity
        return {
            "id": 8 * index + place + 1,
            "uuid": chartmogul_uuid("sub", self.seed, 8 * index + place),
            "external_id": f"sub_{number}_{place + 1}",
            "plan": plan.name,
            "quantity": quantity,
            "mrr": mrr,
            "arr": mrr * 12,
            "status": "active" if active else "inactive",
            "billing-cycle": plan.interval.unit,
            "billing-cycle-count": plan.interval.count,
            "start-date": iso(since),
            "end-date": iso(since + 365 * DAY),
            "currency": self.currency,
            "currency-sign": self.currency_sign,
        }

    def _invoice(self, index: int, place: int) -> dict[str, Any]:
        bits = random_bits(self.seed, 8 * index + place, _INVOICE)
        number = identity(self.seed, index).number
        source = self.source_of(index)
        offered = self._offered[source.uuid]
        plan = offered[bits % len(offered)]
        date = self.since(index) + place * 30 * DAY
        own = _INVOICE_CURRENCIES[(random_bits(self.seed, index, _ABOUT) >> 20) % len(_INVOICE_CURRENCIES)]
        disabled = (bits >> 16) % 31 == 0
        items = [self._line_item(index, place, 0, plan, plan.price)]
        if (bits >> 20) % 9 == 0:
            items.append(self._line_item(index, place, 1, None, 2_500))
        total = sum(item["amount_in_cents"] for item in items)
        return {
            "uuid": chartmogul_uuid("inv", self.seed, 8 * index + place),
            "customer_uuid": self.uuid(index),
            "data_source_uuid": source.uuid,
            "customer_external_id": source.external_id(number),
            "external_id": f"in_{number}_{place + 1}",
            "date": utc(date),
            "due_date": utc(date + 14 * DAY),
            "currency": "CHF" if (bits >> 8) % 97 == 0 else own,
            "collection_method": "automatic",
            "disabled": disabled,
            "disabled_at": utc(date + DAY) if disabled else None,
            "user_created": False,
            "errors": {},
            "line_items": items,
            "transactions": self._transactions(index, place, total, date),
        }

    def _line_item(self, index: int, place: int, item: int, plan: BillingPlan | None, cents: int) -> dict[str, Any]:
        number = identity(self.seed, index).number
        return {
            "uuid": chartmogul_uuid("li", self.seed, 32 * index + 4 * place + item),
            "external_id": None,
            "type": "subscription" if plan else "one_time",
            "subscription_uuid": chartmogul_uuid("sub", self.seed, 8 * index) if plan else None,
            "subscription_external_id": f"sub_{number}_1" if plan else None,
            "plan_uuid": plan.uuid if plan else None,
            "prorated": False,
            "quantity": 1,
            "amount_in_cents": cents,
            "discount_code": "",
            "discount_amount_in_cents": 0,
            "tax_amount_in_cents": 0,
            "transaction_fees_in_cents": 0,
            "account_code": "",
        }

    def _transactions(self, index: int, place: int, total: int, date: int) -> list[dict[str, Any]]:
        """Return the payments and refunds: failed first tries, refunds in part, missing amounts, disabled ones."""
        bits = random_bits(self.seed, 8 * index + place, _INVOICE) >> 24
        if bits % 19 == 0:
            return []
        kinds: list[tuple[str, str, int | None, bool]] = []
        if bits % 11 == 0:
            kinds.append(("payment", "failed", total, False))
        kinds.append(("payment", "successful", None if bits % 5 == 0 else total, False))
        if bits % 13 == 0:
            kinds.append(("payment", "successful", total, True))
        if bits % 8 == 0:
            kinds.append(("refund", "successful", total // 2, False))
        return [
            {
                "uuid": chartmogul_uuid("tr", self.seed, 32 * index + 4 * place + order),
                "external_id": None,
                "type": kind,
                "date": utc(date + order * DAY),
                "result": result,
                "amount_in_cents": cents,
                "transaction_fees_in_cents": None,
                "disabled": disabled,
            }
            for order, (kind, result, cents, disabled) in enumerate(kinds)
        ]


def utc(seconds: int) -> str:
    """Return unix seconds as ChartMogul writes most times: `2016-01-31T00:00:00.000Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def iso(seconds: int, *, offset_hours: int = 0) -> str:
    """Return unix seconds as ChartMogul writes `customer-since`: `2016-01-31T00:00:00+00:00`."""
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds + offset_hours * 3600))
    return f"{local}{offset_hours:+03d}:00"
