"""The sources: data elements of a ChartMogul customer, each with the Intercom attribute that it goes to."""

from enum import StrEnum
from typing import Final, Literal, NamedTuple

DataType = Literal["string", "integer", "float", "boolean", "date"]
"""The Intercom data types that fields may have (Intercom's OpenAPI description, data_attribute)."""


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
    EXTERNAL_IDS = "ExternalIDs"
    CUSTOMER_UUID = "CustomerUUID"
    COMPANY_NAME = "CompanyName"
    COUNTRY = "Country"
    BILLING_SYSTEM = "BillingSystem"
    BILLING_CYCLE = "BillingCycle"
    LEAD_CREATED = "LeadCreated"
    TRIAL_STARTED = "TrialStarted"
    TAGS = "Tags"
    CUSTOM_ATTRIBUTE = "CustomAttribute"

    __hash__ = str.__hash__
    """An enum's own is Python code, and a sync looks sources up for every contact."""


class SourceInfo(NamedTuple):
    """The Intercom attribute of a source: its default name, its type and its description."""

    attribute: str
    """Name of the custom attribute when the resource names none."""
    data_type: DataType
    description: str
    """Given to Intercom when the attribute is created, and shown by `mogulsync fields`."""


SOURCES: Final[dict[Source, SourceInfo]] = {
    Source.MRR: SourceInfo(
        "chartmogul_mrr", "float", "ChartMogul: monthly recurring revenue, in the account's currency"
    ),
    Source.ARR: SourceInfo("chartmogul_arr", "float", "ChartMogul: annual run rate, in the account's currency"),
    Source.NET_PAYMENTS: SourceInfo(
        "chartmogul_net_payments",
        "float",
        "ChartMogul: successful payments minus refunds, in the account's currency",
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
        "chartmogul_currency_code", "string", "ChartMogul: ISO code of the account's currency, for example USD"
    ),
    Source.CURRENCY_SYMBOL: SourceInfo(
        "chartmogul_currency_symbol", "string", "ChartMogul: sign of the account's currency, for example $"
    ),
    Source.LAST_UPDATED: SourceInfo(
        "chartmogul_last_updated", "date", "ChartMogul: when the customer's data last changed"
    ),
    Source.CUSTOMER_RECORD_LINK: SourceInfo(
        "chartmogul_customer_link", "string", "ChartMogul: link to the customer's record"
    ),
    Source.EXTERNAL_IDS: SourceInfo(
        "chartmogul_external_ids", "string", "ChartMogul: all of the billing systems' ids of the customer"
    ),
    Source.CUSTOMER_UUID: SourceInfo("chartmogul_uuid", "string", "ChartMogul: uuid of the customer"),
    Source.COMPANY_NAME: SourceInfo("chartmogul_company", "string", "ChartMogul: the customer's company"),
    Source.COUNTRY: SourceInfo("chartmogul_country", "string", "ChartMogul: country of the customer's address"),
    Source.BILLING_SYSTEM: SourceInfo(
        "chartmogul_billing_system", "string", "ChartMogul: billing system that the customer comes from"
    ),
    Source.BILLING_CYCLE: SourceInfo(
        "chartmogul_billing_cycle", "string", "ChartMogul: billing cycles of the active subscriptions, such as month"
    ),
    Source.LEAD_CREATED: SourceInfo("chartmogul_lead_created", "date", "ChartMogul: when the customer became a lead"),
    Source.TRIAL_STARTED: SourceInfo("chartmogul_trial_started", "date", "ChartMogul: when the free trial started"),
    Source.TAGS: SourceInfo("chartmogul_tags", "string", "ChartMogul: the customer's tags"),
}
"""Default attribute, data type and description of each source but CustomAttribute, which has none of its own."""


CUSTOM_ATTRIBUTE: Final = "ChartMogul: custom attribute {key}"
"""Description of a CustomAttribute."""


def description_of(source: Source, key: str | None) -> str:
    """Return the description that a created attribute gets; `key` is that of a CustomAttribute, else None."""
    return SOURCES[source].description if key is None else CUSTOM_ATTRIBUTE.format(key=key)
