"""Reads ChartMogul's account at the start of a run: customers, and invoices and plans where a field needs them."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Customer, CustomValue, SelectedDetails
from mogulsync.resource.sources import Source
from mogulsync.resource.syncspec import SyncSpec
from mogulsync.sync.fields import NO_CUSTOM, PLAN_SOURCES, Field, selects
from mogulsync.sync.keys import Keys
from mogulsync.sync.netpayments import NetPayments
from mogulsync.sync.plans import PlanCatalog
from mogulsync.sync.progress import Phase, Progress

_log: Final = logging.getLogger(__name__)


class Account(NamedTuple):
    """What a run reads of ChartMogul before it reads Intercom's contacts."""

    customers: Sequence[Customer]
    """Those of the chosen data sources."""
    custom_attributes: tuple[str, ...] = ()
    """Names of the custom attributes in their details, in that order."""
    other_keys: AbstractSet[str] = frozenset()
    """Keys of the customers that are not chosen, where a run needs to know that contacts are theirs."""
    net_payments: NetPayments | None = None
    """None when no field needs it."""
    plans: PlanCatalog | None = None
    """None when no field needs subscriptions."""

    def custom(self, customer: Customer) -> Mapping[str, CustomValue]:
        """Return the customer's custom attributes that the run needs, by name."""
        if not self.custom_attributes:
            return NO_CUSTOM
        return dict(zip(self.custom_attributes, customer.details.custom, strict=True))


async def read_account(
    chartmogul: ChartMogulClient,
    fields: Sequence[Field],
    selected: SelectedDetails,
    *,
    spec: SyncSpec,
    keys: Keys,
    progress: Progress,
) -> Account:
    """Return the account, as much of it as the fields need.

    Args:
        chartmogul: Where from.
        fields: The fields that will be written.
        selected: What to read of each customer.
        spec: What to read of it.
        keys: How customers are matched.
        progress: Counts customers and invoices.

    Raises:
        ExceptionGroup: of ApiError.
    """
    async with asyncio.TaskGroup() as group:
        customers = group.create_task(_read_customers(chartmogul, selected, spec=spec, keys=keys, progress=progress))
        payments = plans = None
        if selects(fields, {Source.NET_PAYMENTS}):
            rates = spec.chartmogul.exchange_rates
            payments = group.create_task(_read_net_payments(chartmogul, exchange_rates=rates, progress=progress))
        if selects(fields, {Source.PLAN_EXTERNAL_ID}):
            plans = group.create_task(_read_plans(chartmogul))
    catalog = plans.result() if plans is not None else PlanCatalog()
    return customers.result()._replace(
        net_payments=payments.result().of(customers.result().customers) if payments is not None else None,
        plans=catalog if selects(fields, PLAN_SOURCES) else None,
    )


def unknown_data_sources(data_sources: Iterable[str], customers: Iterable[Customer]) -> int:
    """Return how many of the data sources no customer has."""
    return len(set(data_sources).difference(*(customer.data_source_uuids for customer in customers)))


async def _read_customers(
    chartmogul: ChartMogulClient, selected: SelectedDetails, *, spec: SyncSpec, keys: Keys, progress: Progress
) -> Account:
    counter = progress.of(Phase.CUSTOMERS)
    chosen = frozenset(spec.chartmogul.data_sources)
    customers: list[Customer] = []
    other_keys: set[str] = set()
    async for page in chartmogul.customers(selected=selected):
        for customer in page:
            if not chosen or not chosen.isdisjoint(customer.data_source_uuids):
                customers.append(customer)
            elif spec.unmatched_contacts == "Clear":
                other_keys.update(keys.of_customer(customer))
        counter.done = len(customers)
    counter.total, counter.finished = counter.done, True
    _log.info("read ChartMogul's customers", extra={"customers": len(customers)})
    return Account(customers, selected.custom, other_keys)


async def _read_net_payments(
    chartmogul: ChartMogulClient, *, exchange_rates: Mapping[str, str], progress: Progress
) -> NetPayments:
    """Return the sums of every customer's payments; invoices stream past and are not kept."""
    counter = progress.of(Phase.INVOICES)
    payments = NetPayments(exchange_rates)
    async for page in chartmogul.invoices():
        for invoice in page:
            payments.add(invoice)
        counter.done += len(page)
    counter.total, counter.finished = counter.done, True
    _log.info("read ChartMogul's invoices", extra={"invoices": counter.done})
    return payments


async def _read_plans(chartmogul: ChartMogulClient) -> PlanCatalog:
    plans = [plan async for page in chartmogul.plans() for plan in page]
    _log.info("read ChartMogul's plans", extra={"plans": len(plans)})
    return PlanCatalog(plans)
