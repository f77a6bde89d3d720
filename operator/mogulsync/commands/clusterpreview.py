"""`mogulsync preview NAME`: asks the operator for a dry run, and shows its counts."""

import asyncio
from datetime import UTC, datetime, timedelta

import click

from mogulsync.cluster.access import open_access
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.reach import Reach
from mogulsync.cluster.requests import PREVIEW, Result, follow, send
from mogulsync.commands.clusterarguments import OutputFormat
from mogulsync.commands.output import print_document
from mogulsync.commands.reporttext import report_lines
from mogulsync.commands.requesting import waiting_display
from mogulsync.commands.running import run
from mogulsync.kube.objects import NamespacedName


def preview_there(reach: Reach, name: str, output: OutputFormat | None, *, time_limit: timedelta) -> int:
    """Make a preview in the cluster, print it, and return its exit code."""
    result = run(_follow(reach, name, time_limit), interrupted="stopped waiting; the preview goes on")
    if output is not None:
        print_document(result.report, output)
    else:
        lines = report_lines(result.report, name, datetime.now(UTC))
        click.echo("\n".join([f"Preview of {name}: nothing was written", *lines]))
    return result.exit_code


async def _follow(reach: Reach, name: str, time_limit: timedelta) -> Result:
    async with open_access(reach) as access:
        requested = await send(access, PREVIEW, NamespacedName(access.namespace, name))
        with waiting_display() as show:
            try:
                async with asyncio.timeout(time_limit.total_seconds()):
                    return await follow(access, PREVIEW, requested, show)
            except TimeoutError:
                raise ClusterProblemError(
                    f"the preview of {name} has not ended in time; it goes on, and mogulsync status {name} shows it"
                ) from None
