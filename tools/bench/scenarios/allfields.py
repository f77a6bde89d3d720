"""All thirteen fields, plans and payments among them: what ChartMogul is asked."""

import re
from collections import Counter
from http import HTTPStatus
from typing import Final

from bench.accounts import account
from bench.sandbox import Limits, served
from bench.tables import Result, Table
from bench.targets import Target
from bench.worker import manifest, sync
from mogulsync.resource.sources import Source

_PAGE: Final = 200
_KINDS: Final = {
    "customers, 200 a page": r"/customers",
    "plans": r"/plans",
    "invoices, in bulk": r"/invoices",
    "subscriptions of one customer": r"/customers/[^/]+/subscriptions",
}
_REFUSALS: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_MAY_SUBSCRIBE: Final = ("Active", "Past Due")


def measure(customers: int) -> Result:
    """Run a first sync with every field, ChartMogul's limits in force."""
    made = account(customers)
    subscribers = sum(customer["status"] in _MAY_SUBSCRIBE for _, customer in made.customers())
    with served(made, Limits()) as sandbox:
        synced = sync(manifest(sandbox.urls, sources=tuple(Source)))
        arrivals = [each for each in sandbox.arrivals() if each.api == "chartmogul"]
    counts = Counter(_kind(each.path) for each in arrivals)
    refusals = Counter(each.status for each in arrivals if each.status in _REFUSALS)
    table = Table(
        f"ChartMogul's requests, {customers:,} customers, all 13 fields",
        ("requests for", "requests"),
        [
            *((kind, counts[kind]) for kind in _KINDS),
            ("in all", len(arrivals)),
            (
                "asking each customer for both (two requests each, pages besides)",
                2 * customers + -(-customers // _PAGE),
            ),
            *((f"answered {int(status)}", refusals[status]) for status in _REFUSALS),
        ],
        (
            f"{subscribers:,} of the customers are Active or Past Due; only those of them whom a contact matches are "
            f"asked for. The run took {synced.took.seconds:.0f} s, at most 40 requests a second being allowed, and "
            f"{synced.took.peak_mib:.0f} MiB; it updated {synced.updated:,} contacts with "
            f"{synced.intercom_requests:,} requests to Intercom."
        ),
    )
    return Result(
        [table],
        [
            Target("all fields: ChartMogul's refusals", refusals.total(), "<=", 0),
            Target(
                "all fields: subscriptions asked for, to customers who can have one",
                counts["subscriptions of one customer"] / subscribers,
                "<=",
                1,
            ),
        ],
    )


def _kind(path: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if re.fullmatch(pattern, path)), path)
