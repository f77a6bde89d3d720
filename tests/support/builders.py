"""Records with what a test does not care about filled in."""

from typing import Any

from mogulsync.chartmogul.models import Customer, Invoice, Plan, Subscription, Transaction
from mogulsync.intercom.models import Contact, DataAttribute
from mogulsync.resource.sources import SOURCES, Source
from mogulsync.sync.fields import Field


def customer(uuid: str = "cus_1", **known: Any) -> Customer:
    blank: dict[str, Any] = {
        "external_id": None,
        "external_ids": (),
        "data_source_uuids": ("ds_1",),
        "email": None,
        "status": "Active",
        "mrr": None,
        "arr": None,
        "customer_since": None,
        "updated_at": None,
        "currency": "USD",
        "currency_sign": "$",
        "url": None,
    }
    return Customer(uuid=uuid, **(blank | known))


def contact(
    contact_id: str = "c1", *, email: str | None = None, external_id: str | None = None, **attributes: Any
) -> Contact:
    return Contact(id=contact_id, email=email, external_id=external_id, attributes=attributes)


def attribute(name: str, data_type: str = "string", **known: Any) -> DataAttribute:
    usual: dict[str, Any] = {
        "custom": True,
        "archived": False,
        "api_writable": True,
        "has_options": False,
        "model": "contact",
    }
    return DataAttribute(name=name, data_type=data_type, **(usual | known))


def field(source: Source) -> Field:
    return Field(source, SOURCES[source].attribute, SOURCES[source].data_type)


def fields(*sources: Source) -> tuple[Field, ...]:
    return tuple(field(source) for source in sources)


def payment(amount: float | None, **known: Any) -> Transaction:
    usual: dict[str, Any] = {"is_refund": False, "successful": True, "disabled": False}
    return Transaction(amount=amount, **(usual | known))


def refund(amount: float | None, **known: Any) -> Transaction:
    return payment(amount, is_refund=True, **known)


def invoice(*transactions: Transaction, **known: Any) -> Invoice:
    usual: dict[str, Any] = {"customer_uuid": "cus_1", "currency": "USD", "disabled": False, "total": 0.0}
    return Invoice(transactions=transactions, **(usual | known))


def plan(name: str, external_id: str | None, **known: Any) -> Plan:
    usual: dict[str, Any] = {
        "uuid": f"pl_{name}_{external_id}",
        "data_source_uuid": "ds_1",
        "interval_unit": "month",
        "interval_count": 1,
    }
    return Plan(name=name, external_id=external_id, **(usual | known))


def subscription(name: str | None, **known: Any) -> Subscription:
    usual: dict[str, Any] = {
        "active": True,
        "billing_cycle": "month",
        "billing_cycle_count": 1,
        "data_source_uuid": None,
    }
    return Subscription(plan=name, **(usual | known))
