from collections.abc import AsyncIterator

import pytest

from mogulsync.chartmogul.client import ChartMogul
from mogulsync.sandbox import API_KEY, Options, Sandbox, SandboxAccount, Urls, serve
from mogulsync.transport.meter import Meter
from mogulsync.transport.settings import Settings

QUICK = Settings(attempt_timeout=5.0, backoff_first=0.001, backoff_max=0.002)


@pytest.fixture
def account() -> SandboxAccount:
    return SandboxAccount(seed=5, customers=450, contacts=0)


@pytest.fixture
def sandbox(account: SandboxAccount) -> Sandbox:
    return Sandbox(account, Options())


@pytest.fixture
async def urls(sandbox: Sandbox) -> AsyncIterator[Urls]:
    async with serve(sandbox) as urls:
        yield urls


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
async def chartmogul(urls: Urls, meter: Meter) -> AsyncIterator[ChartMogul]:
    async with ChartMogul(url=urls.chartmogul, api_key=f"{API_KEY}\n", meter=meter, settings=QUICK) as client:
        yield client
