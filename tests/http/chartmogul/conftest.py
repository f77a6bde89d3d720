from collections.abc import AsyncIterator

import pytest

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.sandbox import API_KEY, Sandbox, SandboxAccount, SandboxOptions, Urls, serve
from mogulsync.transport.settings import RequestSettings
from mogulsync.transport.stats import RequestStats

QUICK = RequestSettings(attempt_timeout=5.0, backoff_first=0.001, backoff_max=0.002)


@pytest.fixture
def account() -> SandboxAccount:
    return SandboxAccount(seed=5, customers=450, contacts=0)


@pytest.fixture
def sandbox(account: SandboxAccount) -> Sandbox:
    return Sandbox(account, SandboxOptions())


@pytest.fixture
async def urls(sandbox: Sandbox) -> AsyncIterator[Urls]:
    async with serve(sandbox) as urls:
        yield urls


@pytest.fixture
def stats() -> RequestStats:
    return RequestStats()


@pytest.fixture
async def chartmogul(urls: Urls, stats: RequestStats) -> AsyncIterator[ChartMogulClient]:
    async with ChartMogulClient(url=urls.chartmogul, api_key=f"{API_KEY}\n", stats=stats, settings=QUICK) as client:
        yield client
