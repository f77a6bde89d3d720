"""A fault of our own ends a run with a report, too."""

import asyncio

import pytest

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Workspace
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY
from mogulsync.sync.progress import Progress
from mogulsync.sync.run import Sync
from mogulsync.transport.stats import RequestStats
from tests.support.sandbox_world import START, World


class Broken(IntercomClient):
    """A client with a bug."""

    async def me(self) -> Workspace:
        raise KeyError("ann@example.com")


async def test_a_bug_is_an_internal_error_worth_a_retry_and_shows_no_data(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    spec, stats = world.spec(), RequestStats()
    async with (
        ChartMogulClient(url=spec.chartmogul.url, api_key=API_KEY, stats=stats) as chartmogul,
        Broken(url=spec.intercom.base_url, token=ACCESS_TOKEN, rate_limit_percent=80, stats=stats) as intercom,
    ):
        sync = Sync(
            spec,
            chartmogul=chartmogul,
            intercom=intercom,
            stats=stats,
            dry_run=False,
            now=lambda: START,
            progress=Progress(),
        )
        report = await sync.run(asyncio.Event())
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.INTERNAL_ERROR, 5)
    assert "KeyError" in report.message
    assert "ann@example.com" not in report.to_json()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["unexpected error"]
