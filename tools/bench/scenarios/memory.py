"""The worker's peak memory when the workspace grows and the customers stay."""

from collections.abc import Callable, Sequence
from typing import Final

from bench.accounts import change, with_more_contacts
from bench.sandbox import served
from bench.scenarios.growth import CHANGED_PERCENT
from bench.tables import Result, Table
from bench.targets import Target
from bench.worker import manifest, sync
from mogulsync.sandbox import SandboxAccount

_MOST_MIB: Final = 160
_FLAT: Final = 1.1


def measure(synced: SandboxAccount, contacts: Sequence[int], say: Callable[[str], None]) -> Result:
    """Run daily syncs of the same customers against workspaces of these sizes."""
    table = Table(
        f"Peak memory of a daily run, {synced.customer_count:,} customers",
        ("contacts", "contacts changed", "seconds", "CPU seconds", "peak MiB"),
    )
    change(synced, CHANGED_PERCENT)
    peaks = []
    sizes = sorted(contacts)
    for size in sizes:
        say(f"memory, {size:,} contacts")
        with served(with_more_contacts(synced, size)) as sandbox:
            run = sync(manifest(sandbox.urls))
        peaks.append(run.took.peak_mib)
        table.rows.append(
            (
                size,
                run.updated,
                run.took.seconds,
                run.took.cpu_seconds,
                run.took.peak_mib,
            )
        )
    largest = f"{synced.customer_count:,} customers, {sizes[-1]:,} contacts"
    return Result(
        [table],
        [
            Target(f"{largest}: peak memory", peaks[-1], "<=", _MOST_MIB, " MiB"),
            Target(f"{largest}: peak to that of {sizes[0]:,} contacts", peaks[-1] / peaks[0], "<=", _FLAT),
        ],
    )
