"""A fault of our own ends a run with a report, too."""

import asyncio

import pytest

from mogulsync.chartmogul.client import ChartMogul
from mogulsync.intercom.client import Intercom
from mogulsync.intercom.records import Workspace
from mogulsync.resource.reasons import Outcome, RunReason
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY
from mogulsync.sync.progress import Progress
from mogulsync.sync.run import Sync
from mogulsync.transport.meter import Meter
from tests.support.sandbox_world import START, World


class Broken(Intercom):
    """A client with a bug."""

    async def me(self) -> Workspace:
        raise KeyError("ann@example.com")


async def test_a_bug_is_an_internal_error_worth_a_retry_and_tells_no_data(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    spec, meter = world.spec(), Meter()
    async with (
        ChartMogul(url=spec.chartmogul.url, api_key=API_KEY, meter=meter) as chartmogul,
        Broken(url=spec.intercom.base_url, token=ACCESS_TOKEN, rate_limit_percent=80, meter=meter) as intercom,
    ):
        sync = Sync(
            spec,
            chartmogul=chartmogul,
            intercom=intercom,
            meter=meter,
            dry_run=False,
            now=lambda: START,
            progress=Progress(),
        )
        report = await sync.run(asyncio.Event())
    assert (report.outcome, report.reason, report.exit_code) == (Outcome.FAILED, RunReason.INTERNAL_ERROR, 5)
    assert "KeyError" in report.message
    assert "ann@example.com" not in report.to_json()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["unexpected error"]
