"""How much of the rate that Intercom allows is used, at several latencies."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from bench.accounts import account
from bench.sandbox import Limits, served
from bench.scenarios.bareloop import contact_seconds
from bench.tables import Result, Table
from bench.targets import Target
from bench.worker import manifest, sync

_PRIVATE_APP: Final = 1_666
"""Requests in 10 seconds that a private app gets (10,000 a minute)."""
_OLDEST: Final = 166
"""Requests in 10 seconds that the oldest workspaces get (1,000 a minute)."""
_WINDOW: Final = 10
_CASES: Final = (
    (_PRIVATE_APP, 5_000, 0.0),
    (_PRIVATE_APP, 5_000, 0.05),
    (_PRIVATE_APP, 5_000, 0.5),
    (_OLDEST, 500, 0.05),
)
"""Limit, customers, latency in seconds."""


def measure(say: Callable[[str], None]) -> Result:
    """Run first syncs, which have work enough for several windows, with rateLimitPercent 100."""
    table = Table(
        "Throttled, rateLimitPercent 100",
        ("limit in 10 s", "latency ms", "customers", "requests", "seconds", "used of the allowed rate", "429"),
        note="Requests and seconds from the first request for contacts to the last answer, as the server saw them.",
    )
    targets = []
    for limit, customers, latency in _CASES:
        say(f"throttled at {limit} in 10 s, {latency * 1000:.0f} ms")
        with served(account(customers), Limits(intercom=limit, latency=latency)) as sandbox:
            sync(manifest(sandbox.urls))
            arrivals = [each for each in sandbox.arrivals() if each.api == "intercom"]
        seconds = contact_seconds(arrivals)
        used = len(arrivals) / seconds * _WINDOW / limit
        refused = sum(each.status == HTTPStatus.TOO_MANY_REQUESTS for each in arrivals)
        table.rows.append((limit, round(latency * 1000), customers, len(arrivals), seconds, used, refused))
        case = f"{limit:,} in 10 s, {latency * 1000:.0f} ms"
        targets.append(Target(f"{case}: used of the allowed rate", used, ">=", 0.9))
        targets.append(Target(f"{case}: answers 429", refused, "<=", 0))
    return Result([table], targets)
