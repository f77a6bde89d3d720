from collections.abc import AsyncIterator

import pytest

from mogulsync.intercom.client import IntercomClient
from mogulsync.sandbox import ACCESS_TOKEN, Sandbox, SandboxAccount, SandboxOptions, Urls, serve
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

QUICK = RequestSettings(attempt_timeout=5.0, backoff_first=0.001, backoff_max=0.002)


@pytest.fixture
def account() -> SandboxAccount:
    return SandboxAccount(seed=5, customers=300, contacts=400, region="EU", name="Acme")


@pytest.fixture
def options() -> SandboxOptions:
    return SandboxOptions()


@pytest.fixture
def sandbox(account: SandboxAccount, options: SandboxOptions) -> Sandbox:
    return Sandbox(account, options)


@pytest.fixture
async def urls(sandbox: Sandbox) -> AsyncIterator[Urls]:
    async with serve(sandbox) as urls:
        yield urls


@pytest.fixture
def stats() -> RequestStats:
    return RequestStats()


@pytest.fixture
async def intercom(urls: Urls, stats: RequestStats) -> AsyncIterator[IntercomClient]:
    async with IntercomClient(
        url=urls.intercom, token=f"{ACCESS_TOKEN}\n", rate_limit_percent=80, stats=stats, settings=QUICK
    ) as client:
        yield client
