"""The worker against a bare loop that sends the same requests, in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.accounts import change
from bench.replay import Replayed, replay
from bench.sandbox import Arrival, Limits, Sent, served
from bench.scenarios.growth import CHANGED_PERCENT
from bench.tables import Result, Table
from bench.targets import Target
from bench.worker import Synced, manifest, sync
from mogulsync.sandbox import SandboxAccount

_UNLIMITED: Final = Limits(chartmogul=False)
_FEWEST_AT_ONCE: Final = 8
"""A daily run writes so little that it often has a single request under way; the bare loop need not wait so."""
_COLUMNS: Final = (
    "customers", "run", "requests", "at once", "worker, requests/s", "bare loop, requests/s", "ratio",
    "ratios of single pairs", "worker CPU s", "bare CPU s", "whole command s", "bare loop, all requests s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Pair:
    """The worker's run and the bare loop's, one after the other."""

    worker_seconds: float
    """From the first request for contacts to the last answer."""
    worker: Synced
    bare: Replayed

    @property
    def ratio(self) -> float:
        """The worker's rate to the bare loop's."""
        return self.bare.seconds / self.worker_seconds


def measure(made: SandboxAccount, synced: SandboxAccount, *, repeats: int, say: Callable[[str], None]) -> Result:
    """Compare for a first run, from the account as made, and for a daily run, from the account as synced."""
    table = Table(
        "Worker against a bare loop of the same requests (no limits, no latency)",
        _COLUMNS,
        note=(
            "Requests are Intercom's from the first page of contacts on, which is where the work is; they are timed "
            "by the server. Medians of pairs run in turns, each on a fresh account. Both sides have at most as many "
            f"requests at once as the worker was seen to have, the bare loop {_FEWEST_AT_ONCE} at least. CPU seconds "
            "are of the whole run: the worker's start included, the bare loop's not."
        ),
    )
    change(synced, CHANGED_PERCENT)
    targets = []
    for run, account in (("first", made), ("daily", synced)):
        say(f"bare loop, {run} run")
        requests, at_once = _recorded(account)
        start = next(at for at, each in enumerate(requests) if _is_page(each))
        before = [*requests[:start], *(each for each in requests[start:] if each.api == "chartmogul")]
        rest = [each for each in requests[start:] if each.api == "intercom"]
        pairs = [_pair(account, before, rest, at_once) for _ in range(repeats)]
        ratio = median(pair.ratio for pair in pairs)
        table.rows.append(
            (
                account.customer_count,
                run,
                len(rest),
                at_once,
                len(rest) / median(pair.worker_seconds for pair in pairs),
                len(rest) / median(pair.bare.seconds for pair in pairs),
                ratio,
                " ".join(f"{pair.ratio:.2f}" for pair in pairs),
                median(pair.worker.took.cpu_seconds for pair in pairs),
                median(pair.bare.cpu_seconds for pair in pairs),
                median(pair.worker.took.seconds for pair in pairs),
                median(pair.bare.before_seconds + pair.bare.seconds for pair in pairs),
            )
        )
        targets.append(Target(f"{run} run: rate to the bare loop's, unthrottled", ratio, ">=", 0.8))
    return Result([table], targets)


def contact_seconds(arrivals: Sequence[Arrival]) -> float:
    """Return the seconds from the first request for contacts to Intercom's last answer."""
    began = min(each.began for each in arrivals if _is_page(each))
    return max(each.ended for each in arrivals if each.api == "intercom") - began


def _recorded(account: SandboxAccount) -> tuple[list[Sent], int]:
    """Return a run's requests in the order they were answered, and how many the bare loop sends at once."""
    with served(account, _UNLIMITED, record=True) as sandbox:
        sync(manifest(sandbox.urls))
        seen = max(each.in_flight for each in sandbox.arrivals() if each.api == "intercom")
        return sandbox.sent(), max(seen, _FEWEST_AT_ONCE)


def _pair(account: SandboxAccount, before: Sequence[Sent], rest: Sequence[Sent], at_once: int) -> _Pair:
    with served(account, _UNLIMITED) as sandbox:
        synced = sync(manifest(sandbox.urls))
        seconds = contact_seconds(sandbox.arrivals())
    with served(account, _UNLIMITED) as sandbox:
        bare = replay(before, rest, sandbox.urls, concurrency=at_once)
    return _Pair(seconds, synced, bare)


def _is_page(request: Arrival | Sent) -> bool:
    return request.api == "intercom" and request.path.partition("?")[0] in {"/contacts", "/contacts/search"}
