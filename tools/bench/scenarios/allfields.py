"""The first thirteen sources, and all of them: what ChartMogul is asked, and the memory it takes."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus
from itertools import takewhile
from typing import Final

from bench.accounts import account
from bench.sandbox import Limits, served
from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench.worker import manifest, sync
from mogulsync.resource.sources import Source
from mogulsync.sandbox import SandboxAccount

_THIRTEEN: Final = tuple(takewhile(lambda source: source is not Source.EXTERNAL_IDS, Source))
_SUBSCRIPTIONS: Final = r"/customers/[^/]+/subscriptions"
_REFUSALS: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_MAY_SUBSCRIBE: Final = ("Active", "Past Due")
_MOST_MIB: Final = 250


def measure(customers: int, contacts: int | None, say: Callable[[str], None]) -> Result:
    """Run first syncs with the first thirteen sources and with all, ChartMogul's limits in force."""
    made = account(customers, contacts)
    subscribers = sum(customer["status"] in _MAY_SUBSCRIBE for _, customer in made.customers())
    table = Table(
        f"All sources, {customers:,} customers, {made.contact_count:,} contacts",
        (
            "fields",
            "ChartMogul requests",
            "of these for subscriptions",
            "refused",
            "contacts written",
            "seconds",
            "peak MiB",
        ),
        note=(
            f"{subscribers:,} of the customers are Active or Past Due; only those of them whom a contact matches are "
            "asked for their subscriptions, at 40 requests a second at most."
        ),
    )
    for sources, name in ((_THIRTEEN, "thirteen"), (tuple(Source), "all, custom attributes among them")):
        say(f"{name}, {customers:,} customers")
        table.rows.append((name, *_run(made, sources)))
    refused = sum(int(row[3] or 0) for row in table.rows)
    asked = max(int(row[2] or 0) for row in table.rows)
    peak = float(table.rows[-1][-1] or 0)
    return Result(
        [table],
        [
            Target("all sources: ChartMogul's refusals", refused, "<=", 0),
            Target("all sources: subscriptions asked for, to customers who can have one", asked / subscribers, "<=", 1),
            Target(f"all sources, {customers:,} customers: peak memory", peak, "<=", _MOST_MIB, " MiB"),
        ],
    )


def _run(made: SandboxAccount, sources: Sequence[Source]) -> tuple[Cell, ...]:
    with served(made, Limits()) as sandbox:
        synced = sync(manifest(sandbox.urls, sources=sources))
        arrivals = [each for each in sandbox.arrivals() if each.api == "chartmogul"]
    subscriptions = sum(re.fullmatch(_SUBSCRIPTIONS, each.path) is not None for each in arrivals)
    refusals = Counter(each.status for each in arrivals if each.status in _REFUSALS)
    return len(arrivals), subscriptions, refusals.total(), synced.updated, synced.took.seconds, synced.took.peak_mib
