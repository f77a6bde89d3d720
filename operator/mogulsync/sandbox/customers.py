"""The made-up ChartMogul customers with their plans, subscriptions and invoices.

Keys, their dashes and underscores, and cents are as ChartMogul's reference shows them (customers, plans,
subscriptions, invoices).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from mogulsync.sandbox.generated import random_bits
from mogulsync.sandbox.identities import Identity, chartmogul_uuid, identity

_ABOUT: Final = 10
_EMAIL: Final = 11
_SUBSCRIPTION: Final = 12
_INVOICE: Final = 13
_FIRST_DAY: Final = 1_577_836_800
"""2020-01-01, in unix seconds: the first customers' start."""
_DAY: Final = 86_400
_LEADS: Final = ("New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead")
_CURRENCIES: Final = (("USD", "$"),) * 7 + (("EUR", "€"),) * 2 + (("GBP", "£"),)
_PAYING: Final = ("Active", "Past Due")
_PRICES: Final = (
    ("Starter", "starter", 1_900),
    ("Team", "team", 4_900),
    ("Business", "business", 14_900),
    ("Équipe Plus", "equipe-plus", 24_900),
)
_ODD_EMAILS: Final[dict[int, Callable[[Identity, Identity], str | None]]] = {
    **dict.fromkeys(range(2), lambda _who, _before: None),
    2: lambda _who, _before: "",
    **dict.fromkeys(range(3, 6), lambda who, _before: who.email.title()),
    **dict.fromkeys(range(6, 8), lambda who, _before: f" {who.email} "),
    **dict.fromkeys(range(8, 13), lambda who, _before: f"accounts{who.number}@{who.company.lower()}.example.com"),
    **dict.fromkeys(range(13, 16), lambda _who, before: before.email),
}
"""Addresses that are missing, odd, another's or the one of the customer before, each at its places among a hundred."""
_SYSTEMS: Final = ("Stripe", "Chargebee", "Custom")


@dataclass(frozen=True, slots=True)
class DataSource:
    """One of the account's data sources."""

    uuid: str
    system: str

    def external_id(self, number: int) -> str:
        """Return a person's id in this billing system."""
        match self.system:
            case "Stripe":
                return f"cus_{number}"
            case "Chargebee":
                return f"CB-{number}"
            case _:
                return str(number)


@dataclass(frozen=True, slots=True)
class BillingPlan:
    """One of the account's plans."""

    uuid: str
    source: DataSource
    name: str
    external_id: str
    interval_unit: str
    price: int
    """Cents an interval."""

    @property
    def mrr(self) -> int:
        """Cents a month."""
        return self.price if self.interval_unit == "month" else self.price // 12

    def to_json(self) -> dict[str, Any]:
        """Return it as the API tells it."""
        return {
            "name": self.name,
            "interval_count": 1,
            "interval_unit": self.interval_unit,
            "external_id": self.external_id,
            "data_source_uuid": self.source.uuid,
            "uuid": self.uuid,
        }


class BillingGenerator:
    """What the customers of one seed are made of. Every function returns the JSON that the API tells."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.sources = [DataSource(chartmogul_uuid("ds", seed, place), system) for place, system in enumerate(_SYSTEMS)]
        self.plans = [
            BillingPlan(
                uuid=chartmogul_uuid("pl", seed, 100 * place + 10 * tier + yearly),
                source=source,
                name=name,
                external_id=f"{source.system.lower()}-{code}-{'year' if yearly else 'month'}",
                interval_unit="year" if yearly else "month",
                price=price * 10 if yearly else price,
            )
            for place, source in enumerate(self.sources)
            for tier, (name, code, price) in enumerate(_PRICES)
            for yearly in (0, 1)
        ]

        self._offered = {source.uuid: [plan for plan in self.plans if plan.source is source] for source in self.sources}

    def uuid(self, index: int) -> str:
        """Return the uuid of the customer at this index."""
        return chartmogul_uuid("cus", self.seed, index)

    def source_of(self, index: int) -> DataSource:
        """Return the first data source of the customer at this index."""
        return self.sources[(0, 0, 0, 1, 1, 2)[random_bits(self.seed, index, _ABOUT) % 6]]

    def customer(self, index: int) -> dict[str, Any]:
        """Return the customer at this index."""
        chance = random_bits(self.seed, index, _ABOUT)
        who = identity(self.seed, index)
        sources = self._sources_of(index)
        external_ids = [source.external_id(who.number) for source in sources]
        status = self._status(index)
        currency, sign = _CURRENCIES[(chance >> 20) % len(_CURRENCIES)]
        mrr = sum(each["mrr"] for each in self.subscriptions(index) if each["status"] == "active")
        is_lead = status in _LEADS
        since = self._since(index)
        city, country = (("Berlin", "DE"), ("Lyon", "FR"), ("Boston", "US"), ("Leeds", "GB"))[(chance >> 36) % 4]
        return {
            "id": 25_000_000 + index,
            "uuid": self.uuid(index),
            "external_id": external_ids[0],
            "external_ids": external_ids,
            "data_source_uuid": sources[0].uuid,
            "data_source_uuids": [source.uuid for source in sources],
            "name": f"{who.company} {who.number}",
            "company": who.company,
            "email": self._email(index, who),
            "status": status,
            "customer-since": None if is_lead else _iso(since, offset_hours=(0, 0, 2, -5)[(chance >> 40) % 4]),
            "lead_created_at": _utc(since - 9 * _DAY) if is_lead else None,
            "free_trial_started_at": None,
            "city": city,
            "state": "",
            "country": country,
            "zip": "",
            "address": {"address_zip": "", "city": city, "state": "", "country": country},
            "attributes": {
                "tags": ["vip"] if chance >> 44 & 7 == 0 else [],
                "stripe": {},
                "clearbit": {},
                "custom": {},
            },
            "mrr": mrr,
            "arr": mrr * 12,
            "billing-system-url": None,
            "billing-system-type": sources[0].system,
            "chartmogul-url": f"https://app.chartmogul.com/#/customers/{25_000_000 + index}-{who.company}",
            "currency": currency,
            "currency-sign": sign,
            "owner": None,
            "website_url": None,
        }

    def subscriptions(self, index: int) -> list[dict[str, Any]]:
        """Return the subscriptions of the customer at this index: several for some, none for leads."""
        status = self._status(index)
        if status in _LEADS:
            return []
        chance = random_bits(self.seed, index, _SUBSCRIPTION)
        offered = self._offered[self.source_of(index).uuid]
        first = self._subscription(index, 0, offered[chance % len(offered)], active=status in _PAYING)
        more = [first]
        if chance >> 10 & 7 == 0:
            more.append(self._subscription(index, 1, offered[(chance >> 16) % len(offered)], active=status in _PAYING))
        if chance >> 13 & 7 == 0:
            more.append(self._subscription(index, 2, offered[(chance >> 24) % len(offered)], active=False))
        return more

    def invoices(self, index: int) -> list[dict[str, Any]]:
        """Return the invoices of the customer at this index, disabled ones included: none for leads."""
        if self._status(index) in _LEADS:
            return []
        return [self._invoice(index, place) for place in range(1 + random_bits(self.seed, index, _INVOICE) % 3)]

    def _sources_of(self, index: int) -> list[DataSource]:
        """Return one data source, or two for a customer that was merged from two."""
        first = self.source_of(index)
        if (random_bits(self.seed, index, _ABOUT) >> 8) % 12:
            return [first]
        return [first, next(source for source in self.sources if source != first)]

    def _status(self, index: int) -> str:
        chance = (random_bits(self.seed, index, _ABOUT) >> 28) % 100
        if chance < 68:  # noqa: PLR2004 - shares of a hundred, told apart right here
            return "Active"
        if chance < 74:  # noqa: PLR2004 - as above
            return "Past Due"
        if chance < 90:  # noqa: PLR2004 - as above
            return "Cancelled"
        return _LEADS[chance % len(_LEADS)]

    def _since(self, index: int) -> int:
        return _FIRST_DAY + random_bits(self.seed, index, _ABOUT) % (2200 * _DAY)

    def _email(self, index: int, who: Identity) -> str | None:
        """Return an address as people leave it: mostly right, at times missing, odd, or another's."""
        odd = _ODD_EMAILS.get(random_bits(self.seed, index, _EMAIL) % 100)
        return odd(who, identity(self.seed, max(0, index - 1))) if odd else who.email

    def _subscription(self, index: int, place: int, plan: BillingPlan, *, active: bool) -> dict[str, Any]:
        since = self._since(index)
        number = identity(self.seed, index).number
        quantity = 1 + random_bits(self.seed, 8 * index + place, _SUBSCRIPTION) % 4
        mrr = plan.mrr * quantity if active else 0
        currency, sign = _CURRENCIES[(random_bits(self.seed, index, _ABOUT) >> 20) % len(_CURRENCIES)]
        return {
            "id": 8 * index + place + 1,
            "uuid": chartmogul_uuid("sub", self.seed, 8 * index + place),
            "external_id": f"sub_{number}_{place + 1}",
            "plan": plan.name,
            "quantity": quantity,
            "mrr": mrr,
            "arr": mrr * 12,
            "status": "active" if active else "inactive",
            "billing-cycle": plan.interval_unit,
            "billing-cycle-count": 1,
            "start-date": _iso(since, offset_hours=0),
            "end-date": _iso(since + 365 * _DAY, offset_hours=0),
            "currency": currency,
            "currency-sign": sign,
        }

    def _invoice(self, index: int, place: int) -> dict[str, Any]:
        chance = random_bits(self.seed, 8 * index + place, _INVOICE)
        number = identity(self.seed, index).number
        source = self.source_of(index)
        offered = self._offered[source.uuid]
        plan = offered[chance % len(offered)]
        date = self._since(index) + place * 30 * _DAY
        currency = _CURRENCIES[(random_bits(self.seed, index, _ABOUT) >> 20) % len(_CURRENCIES)][0]
        if (chance >> 8) % 97 == 0:
            currency = "CHF"
        disabled = (chance >> 16) % 31 == 0
        items = [self._line_item(index, place, 0, plan, plan.price)]
        if (chance >> 20) % 9 == 0:
            items.append(self._line_item(index, place, 1, None, 2_500))
        total = sum(item["amount_in_cents"] for item in items)
        return {
            "uuid": chartmogul_uuid("inv", self.seed, 8 * index + place),
            "customer_uuid": self.uuid(index),
            "data_source_uuid": source.uuid,
            "customer_external_id": source.external_id(number),
            "external_id": f"in_{number}_{place + 1}",
            "date": _utc(date),
            "due_date": _utc(date + 14 * _DAY),
            "currency": currency,
            "collection_method": "automatic",
            "disabled": disabled,
            "disabled_at": _utc(date + _DAY) if disabled else None,
            "user_created": False,
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
            "discount_code": None,
            "discount_amount_in_cents": 0,
            "tax_amount_in_cents": 0,
            "account_code": None,
        }

    def _transactions(self, index: int, place: int, total: int, date: int) -> list[dict[str, Any]]:
        """Return the payments and refunds: failed first tries, refunds in part, missing amounts, disabled ones."""
        chance = random_bits(self.seed, 8 * index + place, _INVOICE) >> 24
        if chance % 19 == 0:
            return []
        kinds: list[tuple[str, str, int | None, bool]] = []
        if chance % 11 == 0:
            kinds.append(("payment", "failed", total, False))
        kinds.append(("payment", "successful", None if chance % 5 == 0 else total, False))
        if chance % 13 == 0:
            kinds.append(("payment", "successful", total, True))
        if chance % 8 == 0:
            kinds.append(("refund", "successful", total // 2, False))
        return [
            {
                "uuid": chartmogul_uuid("tr", self.seed, 32 * index + 4 * place + order),
                "external_id": None,
                "type": kind,
                "date": _utc(date + order * _DAY),
                "result": result,
                "amount_in_cents": cents,
                "transaction_fees_in_cents": None,
                "disabled": disabled,
            }
            for order, (kind, result, cents, disabled) in enumerate(kinds)
        ]


def _utc(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def _iso(seconds: int, *, offset_hours: int) -> str:
    local = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds + offset_hours * 3600))
    return f"{local}{offset_hours:+03d}:00"
