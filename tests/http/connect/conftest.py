from collections.abc import Iterator

import pytest

from mogulsync.sandbox import Sandbox, SandboxAccount, SandboxOptions, Urls, serve_in_thread


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(SandboxAccount(customers=3, contacts=3), SandboxOptions(intercom_limit=None, chartmogul_limit=None))


@pytest.fixture
def urls(sandbox: Sandbox) -> Iterator[Urls]:
    with serve_in_thread(sandbox) as urls:
        yield urls
