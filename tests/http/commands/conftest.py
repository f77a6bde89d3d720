from collections.abc import Iterator
from pathlib import Path

import pytest

from mogulsync.sandbox import Sandbox, SandboxAccount, SandboxOptions, serve_in_thread
from tests.support.worker_process import Worker


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A worker and its sandbox of a few customers."""
    account = SandboxAccount(customers=40, contacts=60)
    sandbox = Sandbox(account, SandboxOptions(intercom_limit=None, chartmogul_limit=None))
    with serve_in_thread(sandbox) as urls:
        yield Worker(tmp_path, urls, sandbox)
