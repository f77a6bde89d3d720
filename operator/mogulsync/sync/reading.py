"""Reads ChartMogul: customers, plans and payments at the start, subscriptions of a customer when asked for."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Customer
from mogulsync.resource.sources import Source
from mogulsync.sync import customerstatus
from mogulsync.sync.availability import Availability
from mogulsync.sync.failures import failure_of
from mogulsync.sync.fields import Field, PlanTexts
from mogulsync.sync.netpayments import NetPayments
from mogulsync.sync.plans import PlanBook
from mogulsync.sync.progress import Phase, Progress
from mogulsync.transport.errors import CredentialsRejectedError, GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)
_NOTHING: Final = PlanTexts(None, None)


async def read_customers(
    chartmogul: ChartMogulClient, *, data_sources: frozenset[str], progress: Progress
) -> list[Customer]:
    """Return every customer."""
    counter = progress.of(Phase.CUSTOMERS)
    customers: list[Customer] = []
    async for page in chartmogul.customers(data_sources=data_sources):
        customers.extend(page)
        counter.done = len(customers)
    counter.total, counter.finished = counter.done, True
    _log.info("read ChartMogul's customers", extra={"customers": len(customers)})
    return customers


async def read_net_payments(chartmogul: ChartMogulClient, *, progress: Progress) -> NetPayments:
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


async def read_plans(chartmogul: ChartMogulClient) -> PlanBook:
    """Return the account's plans."""
    plans = [plan async for page in chartmogul.plans() for plan in page]
    _log.info("read ChartMogul's plans", extra={"plans": len(plans)})
    return PlanBook(plans)


class PlansOfCustomers:
    """What customers are subscribed to, asked for once each and only for those who can be subscribed at all."""

    def __init__(self, chartmogul: ChartMogulClient, book: PlanBook, *, progress: Progress) -> None:
        self._chartmogul = chartmogul
        self._book = book
        self._counter = progress.of(Phase.SUBSCRIPTIONS)
        self._known: dict[str, PlanTexts | None] = {}
        self.unreadable: dict[str, UnavailableError | RejectedError] = {}
        """Customers whose subscriptions could not be read, by uuid."""
        self.availability = Availability("ChartMogul")

    async def ensure(self, customers: Iterable[Customer]) -> None:
        """Read what is not known yet of these customers, all at once; the client paces the requests.

        Raises:
            ExceptionGroup: of RunError: ChartMogul refused the credentials, or too many requests failed in a row.
        """
        asked = {
            customer.uuid: customer
            for customer in customers
            if customer.uuid not in self._known
            and customer.uuid not in self.unreadable
            and customerstatus.may_subscribe(customer.status)
        }
        async with asyncio.TaskGroup() as group:
            for customer in asked.values():
                group.create_task(self._read(customer))

    def of(self, customer: Customer) -> PlanTexts | None:
        """Return the plans of a customer who has been asked for; None when they are not known."""
        return self._known.get(customer.uuid, _NOTHING)

    async def _read(self, customer: Customer) -> None:
        try:
            subscriptions = await self._chartmogul.subscriptions(customer.uuid)
        except GoneError:
            # Deleted or merged since the customers were listed: nothing is known, so nothing is cleared.
            self._known[customer.uuid] = None
        except CredentialsRejectedError as error:
            raise failure_of(error) from None
        except (UnavailableError, RejectedError) as error:
            _log.warning("subscriptions could not be read", extra={"customer": customer.uuid, "error": str(error)})
            self.unreadable[customer.uuid] = error
            self.availability.failed(error)
        else:
            self._known[customer.uuid] = self._book.texts(customer, subscriptions)
            self.availability.succeeded()
        self._counter.done += 1


def wants(fields: Iterable[Field], source: Source) -> bool:
    """Tell whether a source is selected."""
    return any(field.source is source for field in fields)
