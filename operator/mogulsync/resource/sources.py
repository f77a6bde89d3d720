"""The thirteen data elements that ChartMogul's Intercom destination knows, with their Intercom side."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

DataType = Literal["string", "float", "date"]
"""The Intercom data types that sources need (Intercom's OpenAPI description, data_attribute)."""


class Source(StrEnum):
    """A data element of a ChartMogul customer, named as the resource names it."""

    MRR = "MRR"
    ARR = "ARR"
    NET_PAYMENTS = "NetPayments"
    SUBSCRIBER_SINCE = "SubscriberSince"
    CUSTOMER_STATUS = "CustomerStatus"
    PLAN = "Plan"
    PLAN_EXTERNAL_ID = "PlanExternalID"
    EXTERNAL_ID = "ExternalID"
    EMAIL = "Email"
    CURRENCY_CODE = "CurrencyCode"
    CURRENCY_SYMBOL = "CurrencySymbol"
    LAST_UPDATED = "LastUpdated"
    CUSTOMER_RECORD_LINK = "CustomerRecordLink"

    __hash__ = str.__hash__
    """An enum's own is Python code, and a sync looks sources up for every contact."""


class SourceInfo(NamedTuple):
    """What Intercom needs to know of a source."""

    attribute: str
    """Name of the custom attribute when the resource names none."""
    data_type: DataType
    description: str
    """Given to Intercom when the attribute is created, and shown by `mogulsync fields`."""


SOURCES: Final[dict[Source, SourceInfo]] = {
    Source.MRR: SourceInfo(
        "chartmogul_mrr", "float", "ChartMogul: monthly recurring revenue, in the customer's currency"
    ),
    Source.ARR: SourceInfo("chartmogul_arr", "float", "ChartMogul: annual run rate, in the customer's currency"),
    Source.NET_PAYMENTS: SourceInfo(
        "chartmogul_net_payments",
        "float",
        "ChartMogul: successful payments minus refunds, in the customer's currency",
    ),
    Source.SUBSCRIBER_SINCE: SourceInfo(
        "chartmogul_subscriber_since", "date", "ChartMogul: when the customer became an active subscriber"
    ),
    Source.CUSTOMER_STATUS: SourceInfo(
        "chartmogul_status", "string", "ChartMogul: customer status, for example Active or Past Due"
    ),
    Source.PLAN: SourceInfo("chartmogul_plan", "string", "ChartMogul: names of the plans subscribed to"),
    Source.PLAN_EXTERNAL_ID: SourceInfo(
        "chartmogul_plan_external_id",
        "string",
        "ChartMogul: the billing system's ids of the plans subscribed to",
    ),
    Source.EXTERNAL_ID: SourceInfo(
        "chartmogul_external_id", "string", "ChartMogul: the billing system's id of the customer"
    ),
    Source.EMAIL: SourceInfo("chartmogul_email", "string", "ChartMogul: the customer's email address"),
    Source.CURRENCY_CODE: SourceInfo(
        "chartmogul_currency_code", "string", "ChartMogul: ISO code of the billing currency, for example USD"
    ),
    Source.CURRENCY_SYMBOL: SourceInfo(
        "chartmogul_currency_symbol", "string", "ChartMogul: sign of the billing currency, for example $"
    ),
    Source.LAST_UPDATED: SourceInfo(
        "chartmogul_last_updated", "date", "ChartMogul: when the customer's data last changed"
    ),
    Source.CUSTOMER_RECORD_LINK: SourceInfo(
        "chartmogul_customer_link", "string", "ChartMogul: link to the customer's record"
    ),
}
"""Default attribute, data type and description of each source."""
