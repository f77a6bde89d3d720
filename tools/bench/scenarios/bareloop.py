"""The worker against a bare loop that sends the same requests, in turns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.accounts import change
from bench.replay import Replayed, is_page, replay
from bench.sandbox import Arrival, Limits, Sent, served
from bench.scenarios.growth import CHANGED_PERCENT
from bench.tables import Result, Table
from bench.targets import Target
from bench.worker import manifest, sync
from mogulsync.sandbox import SandboxAccount

LEAST_RATIO: Final = 0.8

_UNLIMITED: Final = Limits(chartmogul=False)
_FEWEST_AT_ONCE: Final = 8
"""A daily run writes so little that it often has a single request under way; the bare loop need not wait so."""
_COLUMNS: Final = (
    "customers", "run", "requests", "worker, requests/s", "loop, requests/s", "ratio",
    "loop with pages in turn, requests/s", "ratio",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Round:
    """The worker's run and the bare loops', one after the other."""

    worker_seconds: float
    """From the first request for contacts to the last answer."""
    loop: Replayed
    """In any order."""
    loop_in_turn: Replayed
    """Each page of contacts after the one before."""

    @property
    def ratio(self) -> float:
        """The worker's rate to the bare loop's."""
        return self.loop.seconds / self.worker_seconds

    @property
    def ratio_in_turn(self) -> float:
        """The worker's rate to that of the bare loop that asks for pages in turn."""
        return self.loop_in_turn.seconds / self.worker_seconds


def measure(
    made: SandboxAccount, synced: Sequence[SandboxAccount], *, repeats: int, say: Callable[[str], None]
) -> Result:
    """Compare for a first run, from the account as made, and for daily runs, from the accounts as synced."""
    table = Table(
        "Worker against a bare loop of the same requests (no limits, no latency)",
        _COLUMNS,
        note=(
            "Requests are Intercom's from the first page of contacts on. Medians of rounds, each on fresh accounts. "
            "The first loop knows every page's cursor beforehand, which no client can; the second asks for a page when "
            "the page before is there."
        ),
    )
    first = _rounds("first", made, table, repeats, say)
    targets = [
        _target(
            f"first run, {made.customer_count:,} customers: rate to the bare loop's", [each.ratio for each in first]
        )
    ]
    for account in synced:
        change(account, CHANGED_PERCENT)
        daily = _rounds("daily", account, table, repeats, say)
        what = f"daily run, {account.customer_count:,} customers: rate to that of the bare loop with pages in turn"
        targets.append(_target(what, [each.ratio_in_turn for each in daily]))
    return Result([table], targets)


def _target(what: str, ratios: Sequence[float]) -> Target:
    return Target(f"{what}, unthrottled", median(ratios), ">=", LEAST_RATIO)


def _rounds(run: str, account: SandboxAccount, table: Table, repeats: int, say: Callable[[str], None]) -> list[_Round]:
    """Measure one kind of run, add its row, and return the rounds."""
    say(f"bare loop, {run} run, {account.customer_count:,} customers")
    requests, at_once = _recorded(account)
    start = next(at for at, each in enumerate(requests) if is_page(each))
    before = [*requests[:start], *(each for each in requests[start:] if each.api == "chartmogul")]
    rest = [each for each in requests[start:] if each.api == "intercom"]
    rounds = [_round(account, before, rest, at_once) for _ in range(repeats)]
    table.rows.append(
        (
            account.customer_count,
            run,
            len(rest),
            len(rest) / median(each.worker_seconds for each in rounds),
            len(rest) / median(each.loop.seconds for each in rounds),
            median(each.ratio for each in rounds),
            len(rest) / median(each.loop_in_turn.seconds for each in rounds),
            median(each.ratio_in_turn for each in rounds),
        )
    )
    return rounds


def contact_seconds(arrivals: Sequence[Arrival]) -> float:
    """Return the seconds from the first request for contacts to Intercom's last answer."""
    began = min(each.began for each in arrivals if is_page(each))
    return max(each.ended for each in arrivals if each.api == "intercom") - began


def _recorded(account: SandboxAccount) -> tuple[list[Sent], int]:
    """Return a run's requests in the order they were answered, and how many the bare loop sends at once."""
    with served(account, _UNLIMITED, record=True) as sandbox:
        sync(manifest(sandbox.urls))
        seen = max(each.in_flight for each in sandbox.arrivals() if each.api == "intercom")
        return sandbox.sent(), max(seen, _FEWEST_AT_ONCE)


def _round(account: SandboxAccount, before: Sequence[Sent], rest: Sequence[Sent], at_once: int) -> _Round:
    with served(account, _UNLIMITED) as sandbox:
        sync(manifest(sandbox.urls))
        seconds = contact_seconds(sandbox.arrivals())
    loops = []
    for pages_in_turn in (False, True):
        with served(account, _UNLIMITED) as sandbox:
            loops.append(replay(before, rest, sandbox.urls, concurrency=at_once, pages_in_turn=pages_in_turn))
    return _Round(seconds, *loops)
