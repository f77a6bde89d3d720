"""Generated ChartMogul customers: names, addresses, trials, tags and custom attributes.

Keys and shapes are those of the answers that ChartMogul's Ruby client has on record (github.com/chartmogul/
chartmogul-ruby, spec/fixtures): a missing email, company, external id or billing system is "", other missing values are
null; `country` and `state` are codes, `address` spells them out; custom attributes are plain values.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from mogulsync.sandbox.billing import DAY, LEADS, BillingGenerator, iso, utc
from mogulsync.sandbox.generated import random_bits
from mogulsync.sandbox.identities import Identity, identity

_ABOUT: Final = 10
_EMAIL: Final = 11
_PROFILE: Final = 14
_CUSTOM: Final = 15
_ODD_EMAILS: Final[dict[int, Callable[[Identity, Identity], str]]] = {
    **dict.fromkeys(range(3), lambda _who, _before: ""),
    **dict.fromkeys(range(3, 6), lambda who, _before: who.email.title()),
    **dict.fromkeys(range(6, 8), lambda who, _before: f" {who.email} "),
    **dict.fromkeys(range(8, 13), lambda who, _before: f"accounts{who.number}@{who.company.lower()}.example.com"),
    **dict.fromkeys(range(13, 16), lambda _who, before: before.email),
}
"""Addresses that are missing, odd, another's or the one of the customer before, each at its places among a hundred."""


class _Place(NamedTuple):
    """A city with its state and country, as codes and spelt out."""

    city: str
    state: str | None
    state_name: str | None
    country: str | None
    country_name: str | None


_PLACES: Final = (
    _Place("Berlin", None, None, "DE", "Germany"),
    _Place("Lyon", None, None, "FR", "France"),
    _Place("Boston", "MA", "Massachusetts", "US", "United States"),
    _Place("Leeds", None, None, "GB", "United Kingdom"),
    _Place("Mountain View", "CA", "California", "US", "United States"),
    _Place("Abidjan", None, None, "CI", "Côte d'Ivoire"),
    _Place("Seoul", None, None, "KR", "Korea, Republic of"),
    _Place("", None, None, None, None),
)
_TAGS: Final = (
    ("vip",),
    ("annual, prepaid", "vip"),
    ("unit loss", "discountable", "engage"),
    (" Beta tester ", "Prio1"),
    ("wurst", "vip", "wurst"),
    ("auto-churned-delinquent-subscription",),
    ("R&D", "Überweisung"),
    ("",),
)
"""Tags as people write them: with commas, blanks around them, twice, blank."""
_CHANNELS: Final = ("Facebook", "social media 1", "Word of mouth, events", " Référence ", "R&D partner")


class CustomerGenerator:
    """Generates the customers whose billing data `billing` generates."""

    def __init__(self, billing: BillingGenerator) -> None:
        self._billing = billing
        self._seed = billing.seed

    def customer(self, index: int) -> dict[str, Any]:
        """Return the JSON that the API gives for the customer at this index."""
        billing = self._billing
        about = random_bits(self._seed, index, _ABOUT)
        profile = random_bits(self._seed, index, _PROFILE)
        who = identity(self._seed, index)
        sources = billing.sources_of(index)
        external_ids = [source.external_id(who.number) for source in sources]
        uuids = [source.uuid for source in sources]
        if profile % 20 == 0:  # two customers of one data source were merged
            external_ids.append(f"old-{external_ids[0]}")
            uuids.append(uuids[0])
        since = billing.since(index)
        is_lead = billing.status(index) in LEADS
        mrr = billing.mrr(index)
        place = _PLACES[(about >> 36) % 4] if profile >> 8 & 3 else _PLACES[(profile >> 10) % len(_PLACES)]
        company = "" if (profile >> 16) % 12 == 0 else who.company
        number = 25_000_000 + index
        return {
            "id": number,
            "uuid": billing.uuid(index),
            "external_id": external_ids[0],
            "external_ids": external_ids,
            "data_source_uuid": uuids[0],
            "data_source_uuids": uuids,
            "name": f"{who.company} {who.number}",
            "company": company,
            "email": self._email(index, who),
            "status": billing.status(index),
            "customer-since": None if is_lead else iso(since, offset_hours=(0, 0, 2, -5)[(about >> 40) % 4]),
            "lead_created_at": utc(since - 9 * DAY) if is_lead or profile >> 20 & 1 else None,
            "free_trial_started_at": _trial(since - 7 * DAY, profile >> 24),
            "city": place.city,
            "state": place.state,
            "country": place.country,
            "zip": None,
            "address": {
                "address_zip": None,
                "city": place.city,
                "state": place.state_name,
                "country": None if profile >> 32 & 15 == 0 else place.country_name,
            },
            "attributes": {
                "tags": self._tags(index, merged=len(external_ids) > 1),
                "stripe": {"uid": who.number, "coupon": True}
                if sources[0].system == "Stripe" and about >> 50 & 1
                else {},
                "clearbit": {},
                "custom": self._custom(index, who),
            },
            "mrr": mrr,
            "arr": mrr * 12,
            "billing-system-url": None,
            "billing-system-type": "" if is_lead and profile >> 40 & 3 == 0 else sources[0].system,
            "chartmogul-url": f"https://app.chartmogul.com/#/customers/{number}-{company}",
            "currency": billing.currency,
            "currency-sign": billing.currency_sign,
            "owner": None,
            "website_url": None,
        }

    def _email(self, index: int, who: Identity) -> str:
        """Return an email address: mostly the person's, at times missing, in odd case or another's."""
        odd = _ODD_EMAILS.get(random_bits(self._seed, index, _EMAIL) % 100)
        return odd(who, identity(self._seed, max(0, index - 1))) if odd else who.email

    def _tags(self, index: int, *, merged: bool) -> list[str]:
        bits = random_bits(self._seed, index, _PROFILE) >> 44
        tags = list(_TAGS[(bits >> 2) % len(_TAGS)]) if bits & 3 == 0 else []
        return [*tags, "merged-customer"] if merged else tags

    def _custom(self, index: int, who: Identity) -> dict[str, Any]:
        """Return custom attributes of each type, each on some of the customers.

        Integers and decimal numbers share `health_score`, as ChartMogul allows. A few values are of another type than
        the others of their name, or in the form `{"value": …, "source": …}`.
        """
        bits = random_bits(self._seed, index, _CUSTOM)
        made: dict[str, Any] = {}
        if bits % 10:
            made["crm_id"] = f" CRM-{who.number} " if bits % 37 == 1 else f"CRM-{who.number}"
        if bits >> 8 & 3:
            score = (bits >> 12) % 1001
            made["health_score"] = score // 10 if bits >> 10 & 1 else score / 10
        if bits >> 22 & 1:
            seats = 1 + (bits >> 24) % 250
            made["seats"] = str(seats) if (bits >> 32) % 29 == 0 else seats
        if bits >> 36 & 1:
            made["beta_tester"] = bool(bits >> 37 & 1)
        if bits >> 38 & 3 == 0:
            renewal = self._billing.since(index) + 365 * DAY
            made["renewal_at"] = utc(renewal) if bits >> 40 & 3 else utc(renewal)[:10] + " 00:00:00"
        if bits >> 42 & 3 == 0:
            made["channel"] = _CHANNELS[(bits >> 44) % len(_CHANNELS)]
        if "health_score" in made and bits >> 50 & 15 == 0:
            made["health_score"] = {"value": made["health_score"], "source": "Chargebee"}
        return made


def _trial(start: int, bits: int) -> str | None:
    """Return when a trial began: for one in three customers, at times with an offset."""
    if bits % 3:
        return None
    return iso(start, offset_hours=-4) if bits >> 2 & 7 == 0 else utc(start)
