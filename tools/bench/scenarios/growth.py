"""A first run and a daily run, at each size: requests, time and memory."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from bench.accounts import account, change
from bench.sandbox import Limits, served
from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench.worker import Synced, manifest, sync
from mogulsync.sandbox import SandboxAccount

CHANGED_PERCENT: Final = 2

_PAGE: Final = 150
"""Contacts on a page."""
_BATCH: Final = 50
"""Keys that one search asks for."""
_BESIDES: Final = 3
_COLUMNS: Final = (
    "customers", "contacts", "run", "read by", "contacts changed", "requests", "ideal", "ratio", "seconds", "peak MiB",
)  # fmt: skip
_SEARCHED: Final = (1_000, 100_000)
"""Customers and contacts of an account where searching needs fewer requests than reading all contacts."""


def measure(sizes: Sequence[int], say: Callable[[str], None]) -> tuple[Result, dict[int, SandboxAccount]]:
    """Return what was measured, and each size's account after its runs."""
    table = Table(
        f"First run, and daily run with {CHANGED_PERCENT} % of customers changed",
        _COLUMNS,
        note=(
            "Requests are Intercom's. Ideal: pages of contacts to read, contacts changed, and 3; with a search, 50 "
            "keys take a page's place. Seconds are the whole command's."
        ),
    )
    targets: list[Target] = []
    accounts: dict[int, SandboxAccount] = {}
    for size in sizes:
        made = account(size)
        pages = math.ceil(made.contact_count / _PAGE)
        say(f"first run, {size:,} customers")
        first, after = _run(made)
        table.rows.append(_row(made, "first", first, pages))
        change(after, CHANGED_PERCENT)
        say(f"daily run, {size:,} customers")
        daily, accounts[size] = _run(after)
        table.rows.append(_row(after, "daily", daily, pages))
        targets.append(_target(f"daily run, {size:,} customers: requests to the ideal", daily, pages))
    say("daily run by search")
    targets.append(_searched(table))
    return Result([table], targets), accounts


def synced(size: int) -> SandboxAccount:
    """Return an account of this size after a first run."""
    return _run(account(size))[1]


def _searched(table: Table) -> Target:
    """Measure a workspace that has far more contacts than the account has customers."""
    made = account(*_SEARCHED)
    keys = {each for _, customer in made.customers() for each in customer["external_ids"]}
    lowered = keys | {key.lower() for key in keys}
    _, after = _run(made, external_id=True)
    change(after, CHANGED_PERCENT)
    pages = math.ceil(len(lowered) / _BATCH)
    daily, _ = _run(after, external_id=True)
    table.rows.append(_row(after, "daily", daily, pages, read_by="search"))
    return _target(f"daily run, {_SEARCHED[0]:,} customers by search: requests to the ideal", daily, pages)


def _run(made: SandboxAccount, *, external_id: bool = False) -> tuple[Synced, SandboxAccount]:
    """Sync an account and return the run and the account as it is then."""
    with served(made, Limits()) as sandbox:
        synced = sync(manifest(sandbox.urls, external_id=external_id))
        return synced, sandbox.account()


def _ideal(run: Synced, pages: int) -> int:
    return pages + run.updated + _BESIDES


def _target(name: str, run: Synced, pages: int) -> Target:
    return Target(name, run.intercom_requests / _ideal(run, pages), "<=", 1.02)


def _row(made: SandboxAccount, name: str, run: Synced, pages: int, *, read_by: str = "scan") -> tuple[Cell, ...]:
    ideal = _ideal(run, pages)
    return (
        made.customer_count,
        made.contact_count,
        name,
        read_by,
        run.updated,
        run.intercom_requests,
        ideal,
        run.intercom_requests / ideal,
        run.took.seconds,
        run.took.peak_mib,
    )
