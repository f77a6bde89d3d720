from collections.abc import AsyncIterator

import httpx2
import pytest

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, SandboxAccount, SandboxOptions, Urls, serve


@pytest.fixture
def account() -> SandboxAccount:
    return SandboxAccount(seed=3, customers=120, contacts=170)


@pytest.fixture
def options() -> SandboxOptions:
    return SandboxOptions(intercom_limit=None, chartmogul_limit=None)


@pytest.fixture
def sandbox(account: SandboxAccount, options: SandboxOptions) -> Sandbox:
    return Sandbox(account, options)


@pytest.fixture
async def urls(sandbox: Sandbox) -> AsyncIterator[Urls]:
    async with serve(sandbox) as urls:
        yield urls


@pytest.fixture
async def intercom(urls: Urls) -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": f"Bearer {ACCESS_TOKEN}", "Intercom-Version": "2.16"}
    async with httpx2.AsyncClient(base_url=urls.intercom, headers=headers) as client:
        yield client


@pytest.fixture
async def chartmogul(urls: Urls) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=urls.chartmogul, auth=(API_KEY, "")) as client:
        yield client
