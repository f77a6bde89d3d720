"""Looks up what single customers are subscribed to: one request a customer, once, and only when asked for."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import Customer, Subscription
from mogulsync.sync.circuit_breaker import CircuitBreaker
from mogulsync.sync.failures import failure_of
from mogulsync.sync.fields import PlanTexts
from mogulsync.sync.plans import PlanCatalog
from mogulsync.sync.progress import Phase, Progress
from mogulsync.transport.errors import CredentialsRejectedError, GoneError, RejectedError, UnavailableError

_log: Final = logging.getLogger(__name__)


class SubscriptionLookup:
    """The plans of customers, as far as they were looked up.

    Args:
        chartmogul: Where from.
        catalog: The account's plans, by which subscriptions get external ids.
        progress: Counts the customers looked up.
    """

    def __init__(self, chartmogul: ChartMogulClient, catalog: PlanCatalog, *, progress: Progress) -> None:
        self._chartmogul = chartmogul
        self._catalog = catalog
        self._counter = progress.of(Phase.SUBSCRIPTIONS)
        self._found: dict[str, PlanTexts | None] = {}
        self._same: dict[PlanTexts, PlanTexts] = {}
        self._errors: dict[str, UnavailableError | RejectedError] = {}
        self._breaker = CircuitBreaker("ChartMogul")

    async def look_up(self, customers: Iterable[Customer]) -> None:
        """Look up those of the customers that were not yet, all at once; the client paces the requests.

        Raises:
            ExceptionGroup: of RunError: ChartMogul refused the credentials, or too many requests got no answer.
        """
        wanted = {customer.uuid: customer for customer in customers if not self.has(customer)}
        async with asyncio.TaskGroup() as group:
            for customer in wanted.values():
                group.create_task(self._read(customer))

    def has(self, customer: Customer) -> bool:
        """Return whether the customer was looked up, with or without success."""
        return customer.uuid in self._found or customer.uuid in self._errors

    def plans(self, customer: Customer) -> PlanTexts | None:
        """Return the plans of a customer who was looked up; None where they are not known.

        So it is of one who was deleted meanwhile, or who has a subscription that cannot be read.
        """
        return self._found[customer.uuid]

    def error(self, customer: Customer) -> UnavailableError | RejectedError | None:
        """Return what kept the customer's subscriptions from being read."""
        return self._errors.get(customer.uuid)

    def conclude(self) -> None:
        """Check that the run may succeed, once every contact has been compared.

        Raises:
            RunError: Subscriptions were asked for and not one answer came.
        """
        self._breaker.conclude()

    async def _read(self, customer: Customer) -> None:
        uuid = customer.uuid
        try:
            subscriptions = await self._chartmogul.subscriptions(uuid)
        except GoneError:
            # Deleted or merged since the customers were listed: nothing is known, so nothing is cleared.
            self._found[uuid] = None
            self._breaker.record_answer()
        except CredentialsRejectedError as error:
            raise failure_of(error) from None
        except RejectedError as error:
            self._fail(uuid, error)
            self._breaker.record_answer()
        except UnavailableError as error:
            self._fail(uuid, error)
            self._breaker.record_outage(error)
        else:
            self._found[uuid] = self._texts(customer, subscriptions) if subscriptions is not None else None
            self._breaker.record_answer()
        self._counter.done += 1

    def _texts(self, customer: Customer, subscriptions: Sequence[Subscription]) -> PlanTexts:
        plans = self._catalog.texts(customer, subscriptions)
        # Customers are subscribed to the same few plans, so that one more costs no text of its own.
        return self._same.setdefault(plans, plans)

    def _fail(self, uuid: str, error: UnavailableError | RejectedError) -> None:
        _log.warning("subscriptions could not be read", extra={"customer": uuid, "error": str(error)})
        self._errors[uuid] = error
