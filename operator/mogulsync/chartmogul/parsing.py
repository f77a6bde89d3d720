"""Parses ChartMogul's JSON into the models.

Its answers mix keys with dashes and underscores, and numbers with text, and differ between the pages that
describe them (dev.chartmogul.com/reference), so either spelling is taken and an odd value is an absent one:
it never costs the record. Only a record without a uuid is left out, and counted; and a subscription of which nothing
right could be said, since a plan that a contact holds would be cleared without it.
"""

import math
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from mogulsync.chartmogul.models import (
    NO_DETAILS,
    Customer,
    CustomerDetails,
    CustomValue,
    Detail,
    Invoice,
    Plan,
    SelectedDetails,
    Subscription,
    Transaction,
)
from mogulsync.transport.json_values import number, trimmed, unix_seconds, whole

Entry = dict[str, Any]

_NO_DETAILS_SELECTED: Final = SelectedDetails()


def customer(entry: Entry, selected: SelectedDetails = _NO_DETAILS_SELECTED) -> Customer | None:
    """Read an entry of `/customers`; None when it has no uuid.

    Args:
        entry: The JSON value.
        selected: The details to read; all others are left empty.
    """
    uuid = trimmed(entry.get("uuid"))
    if uuid is None:
        return None
    external_id = trimmed(entry.get("external_id"))
    return Customer(
        uuid=uuid,
        external_id=external_id,
        external_ids=_distinct(external_id, _texts(_pick(entry, "external_ids"))),
        data_source_uuids=_same(
            _distinct(trimmed(_pick(entry, "data_source_uuid")), _texts(_pick(entry, "data_source_uuids")))
        ),
        email=trimmed(entry.get("email")),
        status=_shared(entry.get("status")),
        mrr=number(entry.get("mrr")),
        arr=number(entry.get("arr")),
        customer_since=unix_seconds(_pick(entry, "customer-since")),
        updated_at=unix_seconds(_pick(entry, "updated_at")),
        currency=_shared(entry.get("currency")),
        currency_sign=_shared(_pick(entry, "currency-sign")),
        url=trimmed(_pick(entry, "chartmogul-url")),
        details=_details(entry, selected) if selected else NO_DETAILS,
    )


def has_unreadable_key(entry: Entry) -> bool:
    """Return whether an entry of `/customers` has an email or external id of a type that no key has.

    Such a customer reads like one without that key, and yet a contact may be theirs.
    """
    ids = _pick(entry, "external_ids")
    if ids is not None and not isinstance(ids, list):
        return True
    return any(map(_is_odd, (entry.get("email"), entry.get("external_id"), *(ids or ()))))


def _is_odd(value: Any) -> bool:
    """Return whether a value is there, but neither text nor a number."""
    return isinstance(value, bool) or not isinstance(value, str | int | float | None)


def _details(entry: Entry, selected: SelectedDetails) -> CustomerDetails:
    attributes = _object(entry.get("attributes"))
    custom = _object(attributes.get("custom"))

    def when(detail: Detail, value: Any) -> Any:
        return value if detail in selected.details else None

    return CustomerDetails(
        company=trimmed(when(Detail.COMPANY, entry.get("company"))),
        country=_shared(when(Detail.COUNTRY, _country(entry))),
        billing_system=_shared(when(Detail.BILLING_SYSTEM, _pick(entry, "billing-system-type"))),
        lead_created_at=unix_seconds(when(Detail.LEAD_CREATED_AT, _pick(entry, "lead_created_at"))),
        free_trial_started_at=unix_seconds(when(Detail.FREE_TRIAL_STARTED_AT, _pick(entry, "free_trial_started_at"))),
        tags=_tags(when(Detail.TAGS, attributes.get("tags"))),
        custom=tuple(_custom_value(custom.get(name)) for name in selected.custom),
    )


def _country(entry: Entry) -> str | None:
    return trimmed(_object(entry.get("address")).get("country")) or trimmed(entry.get("country"))


def _tags(value: Any) -> tuple[str, ...]:
    return _same(tuple(sys.intern(tag) for tag in sorted(set(_texts(value)))))


def _custom_value(value: Any) -> CustomValue:
    """Read a custom attribute's value, plain or as `{"value": …}`."""
    if isinstance(value, dict):
        value = value.get("value", ())
    if isinstance(value, str):
        return value.strip() or None
    return value if value is None or isinstance(value, bool | int | float) else ()


def plan(entry: Entry) -> Plan | None:
    """Read an entry of `/plans`; None when it has no uuid."""
    uuid = trimmed(entry.get("uuid"))
    if uuid is None:
        return None
    return Plan(
        uuid=uuid,
        name=trimmed(entry.get("name")),
        external_id=trimmed(_pick(entry, "external_id")),
        data_source_uuid=trimmed(_pick(entry, "data_source_uuid")),
        interval_unit=trimmed(_pick(entry, "interval_unit")),
        interval_count=whole(_pick(entry, "interval_count")),
    )


def subscription(entry: Entry) -> Subscription | None:
    """Read an entry of `/customers/{uuid}/subscriptions`; None when it does not say whether it is active, or of what.

    One that says nothing of either is no subscription; a missing status alone is not active.
    """
    status = entry.get("status")
    if not isinstance(status, str | None) or (status is None and entry.get("plan") is None):
        return None
    active = status is not None and status.strip().casefold() == "active"
    count = _pick(entry, "billing-cycle-count")
    odd_cycle = _is_odd(_pick(entry, "billing-cycle")) or (count is not None and whole(count) is None)
    if active and (_is_odd(entry.get("plan")) or odd_cycle):
        return None
    return Subscription(
        plan=trimmed(entry.get("plan")),
        active=active,
        billing_cycle=trimmed(_pick(entry, "billing-cycle")),
        billing_cycle_count=whole(count),
        data_source_uuid=trimmed(_pick(entry, "data_source_uuid")),
    )


def invoice(entry: Entry) -> Invoice | None:
    """Read an entry of `/invoices`; None when it names no customer."""
    customer_uuid = trimmed(_pick(entry, "customer_uuid"))
    if customer_uuid is None:
        return None
    return Invoice(
        customer_uuid=customer_uuid,
        currency=_shared(entry.get("currency")),
        disabled=entry.get("disabled") is True,
        total=_total(entry),
        transactions=tuple(_transaction(each) for each in _entries(entry.get("transactions"))),
    )


def _total(entry: Entry) -> float:
    """Return the sum of the line items, infinite where it is too large for a float."""
    amounts = (number(_pick(line, "amount_in_cents")) for line in _entries(_pick(entry, "line_items")))
    try:
        return math.fsum(amount for amount in amounts if amount is not None)
    except OverflowError:
        return math.inf


def _transaction(entry: Entry) -> Transaction:
    kind = (trimmed(entry.get("type")) or "").casefold()
    result = (trimmed(entry.get("result")) or "").casefold()
    return Transaction(
        is_refund=kind == "refund",
        successful=result == "successful" and kind in {"payment", "refund"},
        disabled=entry.get("disabled") is True,
        amount=number(_pick(entry, "amount_in_cents")),
    )


def _pick(entry: Entry, key: str) -> Any:
    """Return the value under `key`, whichever of dashes and underscores it is written with."""
    for spelling in (key, key.replace("-", "_"), key.replace("_", "-")):
        value = entry.get(spelling)
        if value is not None:
            return value
    return None


def _shared(value: Any) -> str | None:
    """Return text that many records have in common as one object."""
    read = trimmed(value)
    return None if read is None else sys.intern(read)


def _object(value: Any) -> Entry:
    return value if isinstance(value, dict) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (read for each in value if (read := trimmed(each)) is not None)


def _distinct(first: str | None, others: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((first, *others) if first is not None else others))


@lru_cache(maxsize=4096)
def _same(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return texts that many records have in common as one object."""
    return texts


def _entries(value: Any) -> Iterator[Entry]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
