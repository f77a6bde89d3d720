"""A sandbox and what syncs of it need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.resource.report import Report
from mogulsync.resource.spec import Spec
from mogulsync.sandbox import (
    ACCESS_TOKEN,
    API_KEY,
    Sandbox,
    SandboxAccount,
    SandboxContact,
    SandboxOptions,
    Urls,
    serve,
)
from mogulsync.sync.check import SyncCheck
from mogulsync.sync.observing import PlanObserver
from mogulsync.sync.progress import Progress
from mogulsync.sync.run import Sync
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

QUICK: Final = RequestSettings(
    throttled_timeout=60.0, attempt_timeout=5.0, backoff_first=0.002, backoff_max=0.01, retry_after_max=0.01
)
"""Retries that do not wait."""
UNLIMITED: Final = SandboxOptions(intercom_limit=None, chartmogul_limit=None)
START: Final = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)

WRITES: Final = r"/contacts/[0-9a-f]+"
"""Path of an update of a contact."""


class World:
    """A served sandbox, at first without customers and contacts."""

    def __init__(self, sandbox: Sandbox, urls: Urls) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self.faults = sandbox.faults
        self.requests = sandbox.requests
        self.urls = urls

    def spec(self, **changes: Any) -> Spec:
        """Return a spec that sends MRR and status by email, with changes keyed as in the manifest."""
        manifest: dict[str, Any] = {
            "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}, "url": self.urls.chartmogul},
            "intercom": {"oauthSecretRef": {"name": "intercom"}, "url": self.urls.intercom},
            "matching": {"chartmogulField": "Email"},
            "fields": [{"source": "MRR"}, {"source": "CustomerStatus"}],
        }
        for key, value in changes.items():
            nested = isinstance(value, dict) and isinstance(manifest.get(key), dict)
            manifest[key] = {**manifest[key], **value} if nested else value
        return Spec.model_validate(manifest)

    async def sync(
        self,
        *,
        dry_run: bool = False,
        stop: asyncio.Event | None = None,
        start: datetime = START,
        now: Callable[[], datetime] | None = None,
        observer: PlanObserver | None = None,
        **changes: Any,
    ) -> Report:
        """Run a sync and return its report, whose counts must add up."""
        spec = self.spec(**changes)
        async with self._clients(spec) as (chartmogul, intercom, stats):
            sync = Sync(
                spec,
                chartmogul=chartmogul,
                intercom=intercom,
                stats=stats,
                dry_run=dry_run,
                now=now or (lambda: start),
                progress=Progress(),
                observer=observer,
            )
            report = await sync.run(stop or asyncio.Event())
        assert_adds_up(report)
        return report

    async def check(self, *, stop: asyncio.Event | None = None, **changes: Any) -> Report:
        """Run a check and return its report."""
        spec = self.spec(**changes)
        async with self._clients(spec) as (chartmogul, intercom, stats):
            check = SyncCheck(spec, chartmogul=chartmogul, intercom=intercom, stats=stats, now=lambda: START)
            return await check.run(stop or asyncio.Event())

    @asynccontextmanager
    async def _clients(self, spec: Spec) -> AsyncIterator[tuple[ChartMogulClient, IntercomClient, RequestStats]]:
        stats = RequestStats()
        async with (
            ChartMogulClient(url=spec.chartmogul.url, api_key=API_KEY, stats=stats, settings=QUICK) as chartmogul,
            IntercomClient(
                url=spec.intercom.base_url,
                token=ACCESS_TOKEN,
                rate_limit_percent=spec.rate_limit_percent,
                stats=stats,
                settings=QUICK,
            ) as intercom,
        ):
            yield chartmogul, intercom, stats

    def uuids(self) -> list[str]:
        """Return the uuids of all customers."""
        return [customer["uuid"] for _, customer in self.account.customers()]

    def pairs(self, count: int) -> list[SandboxContact]:
        """Add so many customers, each with a contact of the same email, and return the contacts."""
        contacts = []
        for number in range(count):
            email = f"person{number}@example.com"
            self.account.add_customer({"email": email, "mrr": 1000 + number})
            contacts.append(self.account.add_contact(email=email))
        return contacts

    def stored(self, contact: SandboxContact) -> dict[str, Any]:
        """Return the contact's custom attributes as Intercom has them now."""
        found = self.account.contact(contact.id)
        return dict(found.custom_attributes) if found else {}

    def every_contact(self) -> dict[str, dict[str, Any]]:
        """Return the custom attributes of all contacts, by id."""
        return {contact.id: dict(contact.custom_attributes) for _, contact in self.account.contacts()}

    def writes(self) -> int:
        """Return how many updates of contacts were asked for."""
        return self.requests.count(api="intercom", method="PUT", path=WRITES)


@asynccontextmanager
async def world(account: SandboxAccount | None = None, options: SandboxOptions = UNLIMITED) -> AsyncIterator[World]:
    """Serve a sandbox until the block ends."""
    sandbox = Sandbox(account or SandboxAccount(customers=0, contacts=0), options)
    async with serve(sandbox) as urls:
        yield World(sandbox, urls)


def assert_adds_up(report: Report) -> None:
    """Assert the report's identities, and that the report fits and holds no address."""
    customers, contacts = report.customers, report.contacts
    assert customers.total == (
        customers.matched + customers.ambiguous + customers.unmatched + customers.unmatchable + customers.conflicts
    )
    assert contacts.matched == contacts.updated + contacts.unchanged + contacts.failed + contacts.vanished
    assert contacts.failed == sum(error.count for error in report.errors if error.reason != "ClearFailed")
    encoded = report.to_json()
    assert len(encoded.encode()) <= 4096
    assert "@" not in encoded
