"""Reads ChartMogul's account at the start of a run: customers, and invoices and plans where a field needs them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Customer
from mogulsync.resource.sources import Source
from mogulsync.sync.fields import PLAN_SOURCES, Field, selects
from mogulsync.sync.netpayments import NetPayments
from mogulsync.sync.plans import PlanCatalog
from mogulsync.sync.progress import Phase, Progress

_log: Final = logging.getLogger(__name__)


class Account(NamedTuple):
    """What a run reads of ChartMogul before it reads Intercom's contacts."""

    customers: Sequence[Customer]
    net_payments: NetPayments | None
    """None when no field needs it."""
    plans: PlanCatalog | None
    """None when no field needs subscriptions."""


async def read_account(
    chartmogul: ChartMogulClient, fields: Sequence[Field], *, data_sources: frozenset[str], progress: Progress
) -> Account:
    """Return the account, as much of it as the fields need.

    Args:
        chartmogul: Where from.
        fields: The fields that will be written.
        data_sources: Only customers of any of these data source uuids; empty: all.
        progress: Counts customers and invoices.

    Raises:
        ExceptionGroup: of ApiError.
    """
    async with asyncio.TaskGroup() as group:
        customers = group.create_task(_read_customers(chartmogul, data_sources=data_sources, progress=progress))
        payments = plans = None
        if selects(fields, {Source.NET_PAYMENTS}):
            payments = group.create_task(_read_net_payments(chartmogul, progress=progress))
        if selects(fields, {Source.PLAN_EXTERNAL_ID}):
            plans = group.create_task(_read_plans(chartmogul))
    catalog = plans.result() if plans is not None else PlanCatalog()
    return Account(
        customers.result(),
        net_payments=payments.result() if payments is not None else None,
        plans=catalog if selects(fields, PLAN_SOURCES) else None,
    )


async def _read_customers(
    chartmogul: ChartMogulClient, *, data_sources: frozenset[str], progress: Progress
) -> list[Customer]:
    counter = progress.of(Phase.CUSTOMERS)
    customers: list[Customer] = []
    async for page in chartmogul.customers(data_sources=data_sources):
        customers.extend(page)
        counter.done = len(customers)
    counter.total, counter.finished = counter.done, True
    _log.info("read ChartMogul's customers", extra={"customers": len(customers)})
    return customers


async def _read_net_payments(chartmogul: ChartMogulClient, *, progress: Progress) -> NetPayments:
    """Return the sums of every customer's payments; invoices stream past and are not kept."""
    counter = progress.of(Phase.INVOICES)
    payments = NetPayments()
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
