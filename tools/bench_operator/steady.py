"""CPU, memory and writes of an operator while nothing happens, and the time that a scrape of its metrics takes."""

import asyncio
from collections.abc import Callable
from typing import Final

from bench.tables import Result, Table
from bench.targets import Target
from bench_operator.cluster import Cluster
from bench_operator.operator import Operator
from bench_operator.rollout import LEASES

MOST_PERCENT: Final = 2.0
"""Most CPU time while idle, in percent of a core."""
MOST_MIB: Final = 200.0

_SETTLING_SECONDS: Final = 15
_SCRAPES: Final = 20


async def measure(
    cluster: Cluster, operator: Operator, count: int, *, seconds: int, say: Callable[[str], None]
) -> Result:
    """Watch the operator do nothing, then ask for its metrics."""
    say(f"{count:,} destinations, idle for {seconds} s")
    await asyncio.sleep(_SETTLING_SECONDS)
    before, written = operator.usage, cluster.audit.writes()
    await asyncio.sleep(seconds)
    after, writes = operator.usage, cluster.audit.writes() - written
    percent = 100 * (after.cpu_seconds - before.cpu_seconds) / seconds
    renewals = writes.pop(LEASES, 0)
    per_minute = writes.total() * 60 / seconds
    length = 0
    for _ in range(_SCRAPES):
        length = await operator.scrape()
    per_scrape = 1000 * (operator.usage.cpu_seconds - after.cpu_seconds) / _SCRAPES
    table = Table(
        f"Nothing to do, with {count:,} destinations, for {seconds} s",
        ("what", "value"),
        [
            ("CPU, percent of a core", percent),
            ("resident memory, MiB", after.resident_mib),
            ("resident memory at its highest so far, MiB", after.peak_mib),
            ("writes a minute", per_minute),
            ("renewals of the Lease a minute", renewals * 60 / seconds),
            ("CPU of one scrape of /metrics, ms", per_scrape),
            ("length of its answer, KiB", length / 1024),
        ],
    )
    return Result(
        [table],
        [
            Target(f"idle, {count:,} destinations: CPU of a core", percent, "<", MOST_PERCENT, " %"),
            Target(f"idle, {count:,} destinations: resident memory", after.resident_mib, "<", MOST_MIB, " MiB"),
            Target(f"idle, {count:,} destinations: writes a minute", per_minute, "<=", 0),
        ],
    )
