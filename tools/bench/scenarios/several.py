"""Several runs at once with one ChartMogul key: how evenly they share its limits, and what is refused."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

from bench.accounts import account
from bench.sandbox import Arrival, Limits, served
from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench.worker import PARTIALLY_SUCCEEDED, Synced, manifest, sync
from mogulsync.resource.sources import Source

_SOURCES: Final = (Source.PLAN, Source.NET_PAYMENTS)
_INTERCOM_LIMIT: Final = 1_666
_MOST_SPREAD: Final = 1.25
_LEAST_RATE: Final = 30.0
"""Requests in a second, of the 40 that ChartMogul allows; reading contacts and the runs' ends take their time, too."""


def measure(counts: Sequence[int], customers: int, say: Callable[[str], None]) -> Result:
    """Run as many first syncs at once as each of the counts says."""
    table = Table(
        f"Several runs at once with one ChartMogul key, {customers:,} customers, Plan and NetPayments",
        (
            "runs",
            "ChartMogul requests answered",
            "a second",
            "429",
            "503",
            "Intercom 429",
            "first end s",
            "last end s",
            "last to first",
            "failed contacts",
        ),
        note=(
            "Ends are counted from the first start; requests a second from the first one to the last. The sandbox "
            "allows 40 requests in a second and 20 at once."
        ),
    )
    targets: list[Target] = []
    for count in counts:
        say(f"{count} at once, {customers:,} customers")
        table.rows.append(_row(count, customers, targets))
    return Result([table], targets)


def _row(count: int, customers: int, targets: list[Target]) -> tuple[Cell, ...]:
    with served(account(customers), Limits(intercom=_INTERCOM_LIMIT)) as sandbox, ThreadPoolExecutor(count) as pool:
        destination = manifest(sandbox.urls, sources=_SOURCES, percent=80)
        runs = list(pool.map(_sync, [destination] * count))
        arrivals = sandbox.arrivals()
    ends = _ends(runs)
    spread = max(ends) / min(ends)
    asked = [each for each in arrivals if each.api == "chartmogul"]
    answered = _count(asked, HTTPStatus.OK)
    rate = answered / (max(each.ended for each in asked) - min(each.began for each in asked))
    failed = sum(int(run.report["contacts"]["failed"]) for run in runs)
    targets += [
        Target(f"{count} at once: last end to first", spread, "<=", _MOST_SPREAD),
        Target(f"{count} at once: failed contacts", failed, "<=", 0),
        Target(f"{count} at once: ChartMogul requests answered a second", rate, ">=", _LEAST_RATE),
    ]
    return (
        count,
        answered,
        rate,
        _count(asked, HTTPStatus.TOO_MANY_REQUESTS),
        _count(asked, HTTPStatus.SERVICE_UNAVAILABLE),
        _count([each for each in arrivals if each.api == "intercom"], HTTPStatus.TOO_MANY_REQUESTS),
        min(ends),
        max(ends),
        spread,
        failed,
    )


def _sync(destination: str) -> Synced:
    return sync(destination, may_exit=(0, PARTIALLY_SUCCEEDED))


def _ends(runs: Sequence[Synced]) -> list[float]:
    first = min(run.took.began for run in runs)
    return [run.took.began + run.took.seconds - first for run in runs]


def _count(arrivals: Sequence[Arrival], status: HTTPStatus) -> int:
    return sum(each.status == status for each in arrivals)
