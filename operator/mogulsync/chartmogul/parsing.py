"""Parses ChartMogul's JSON into the models.

Its answers mix keys with dashes and underscores, and numbers with text, and differ between the pages that
describe them (dev.chartmogul.com/reference), so either spelling is taken and an odd value is an absent one:
it never costs the record. Only a record without a uuid is left out, and counted.
"""

import math
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from mogulsync.chartmogul.models import Customer, Invoice, Plan, Subscription, Transaction

Entry = dict[str, Any]


def customer(entry: Entry) -> Customer | None:
    """Read an entry of `/customers`; None when it has no uuid."""
    uuid = text(entry.get("uuid"))
    if uuid is None:
        return None
    external_id = text(entry.get("external_id"))
    return Customer(
        uuid=uuid,
        external_id=external_id,
        external_ids=_distinct(external_id, _texts(_pick(entry, "external_ids"))),
        data_source_uuids=_distinct(
            text(_pick(entry, "data_source_uuid")), _texts(_pick(entry, "data_source_uuids")), shared=True
        ),
        email=text(entry.get("email")),
        status=_shared(entry.get("status")),
        mrr=number(entry.get("mrr")),
        arr=number(entry.get("arr")),
        customer_since=moment(_pick(entry, "customer-since")),
        updated_at=moment(_pick(entry, "updated_at")),
        currency=_shared(entry.get("currency")),
        currency_sign=_shared(_pick(entry, "currency-sign")),
        url=text(_pick(entry, "chartmogul-url")),
    )


def plan(entry: Entry) -> Plan | None:
    """Read an entry of `/plans`; None when it has no uuid."""
    uuid = text(entry.get("uuid"))
    if uuid is None:
        return None
    return Plan(
        uuid=uuid,
        name=text(entry.get("name")),
        external_id=text(_pick(entry, "external_id")),
        data_source_uuid=text(_pick(entry, "data_source_uuid")),
        interval_unit=text(_pick(entry, "interval_unit")),
        interval_count=_whole(_pick(entry, "interval_count")),
    )


def subscription(entry: Entry) -> Subscription:
    """Read an entry of `/customers/{uuid}/subscriptions`."""
    status = text(entry.get("status"))
    return Subscription(
        plan=text(entry.get("plan")),
        active=status is not None and status.casefold() == "active",
        billing_cycle=text(_pick(entry, "billing-cycle")),
        billing_cycle_count=_whole(_pick(entry, "billing-cycle-count")),
        data_source_uuid=text(_pick(entry, "data_source_uuid")),
    )


def invoice(entry: Entry) -> Invoice | None:
    """Read an entry of `/invoices`; None when it names no customer."""
    customer_uuid = text(_pick(entry, "customer_uuid"))
    if customer_uuid is None:
        return None
    lines = (number(_pick(line, "amount_in_cents")) for line in _entries(_pick(entry, "line_items")))
    return Invoice(
        customer_uuid=customer_uuid,
        currency=_shared(entry.get("currency")),
        disabled=entry.get("disabled") is True,
        total=math.fsum(amount for amount in lines if amount is not None),
        transactions=tuple(_transaction(each) for each in _entries(entry.get("transactions"))),
    )


def _transaction(entry: Entry) -> Transaction:
    kind = (text(entry.get("type")) or "").casefold()
    result = (text(entry.get("result")) or "").casefold()
    return Transaction(
        is_refund=kind == "refund",
        successful=result == "successful" and kind in {"payment", "refund"},
        disabled=entry.get("disabled") is True,
        amount=number(_pick(entry, "amount_in_cents")),
    )


def text(value: Any) -> str | None:
    """Return trimmed text, a whole number as its digits; None for blank text and anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def number(value: Any) -> float | None:
    """Return a number, also one written as text; None for anything else, infinities included."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def moment(value: Any) -> int | None:
    """Return unix seconds from ISO 8601 text (UTC where it names no zone) or from unix seconds; None otherwise."""
    seconds = number(value)
    if seconds is not None:
        return int(seconds)
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value.strip())
        return math.floor((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def _whole(value: Any) -> int | None:
    read = number(value)
    return int(read) if read is not None and read.is_integer() else None


def _pick(entry: Entry, key: str) -> Any:
    """Return the value under `key`, whichever of dashes and underscores it is written with."""
    for spelling in (key, key.replace("-", "_"), key.replace("_", "-")):
        value = entry.get(spelling)
        if value is not None:
            return value
    return None


def _shared(value: Any) -> str | None:
    """Return text that many records have in common as one object."""
    read = text(value)
    return None if read is None else sys.intern(read)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (read for each in value if (read := text(each)) is not None)


def _distinct(first: str | None, others: Iterable[str], *, shared: bool = False) -> tuple[str, ...]:
    found = dict.fromkeys((first, *others) if first is not None else others)
    return tuple(sys.intern(each) if shared else each for each in found)


def _entries(value: Any) -> Iterator[Entry]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))
