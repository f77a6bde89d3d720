"""`make bench`: measure the worker and print tables, and which of the project's targets are met."""

import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from bench.accounts import account
from bench.report import Report
from bench.scenarios import allfields, bareloop, growth, memory, peers, several, start, throttled
from bench.tables import Result
from mogulsync.sandbox import SandboxAccount

SCENARIOS: Final = ("start", "growth", "bareloop", "throttled", "memory", "allfields", "several", "peers")


class _Numbers(click.ParamType[tuple[int, ...]]):
    """Whole numbers with commas between them."""

    name = "N,N,…"

    def convert(
        self, value: str | tuple[int, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        numbers = value.replace("_", "").split(",")
        if not all(number.isdecimal() and int(number) for number in numbers):
            self.fail(f"{value!r} is not a list like 1000,10000", param, ctx)
        return tuple(int(number) for number in numbers)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    scenarios: tuple[str, ...]
    sizes: tuple[int, ...]
    contacts: tuple[int, ...]
    bare_sizes: tuple[int, ...]
    repeats: int
    peer_contacts: int
    all_fields: int
    all_contacts: int | None
    several: tuple[int, ...]
    several_customers: int


@click.command()
@click.option(
    "--scenarios",
    default=",".join(SCENARIOS),
    show_default=True,
    help="What to measure, with commas between.",
)
@click.option("--sizes", type=_Numbers(), default="1000,10000,100000", show_default=True, help="Customers.")
@click.option(
    "--contacts",
    type=_Numbers(),
    default="200000,1000000",
    show_default=True,
    help="Contacts that the largest size's customers are set against, for the memory that takes.",
)
@click.option(
    "--bare-sizes",
    type=_Numbers(),
    default="10000,100000",
    show_default=True,
    help="Customers, against the bare loop: a first run of the fewest, daily runs of all.",
)
@click.option("--repeats", default=5, show_default=True, help="Rounds of runs against the bare loop.")
@click.option("--peer-contacts", default=200, show_default=True, help="Contacts that the peers update.")
@click.option("--all-fields", default=10_000, show_default=True, help="Customers, with all sources selected.")
@click.option("--all-contacts", type=int, help="Contacts beside them; a quarter more than customers where not given.")
@click.option("--several", type=_Numbers(), default="1,3,10", show_default=True, help="Runs at once with one key.")
@click.option("--several-customers", default=3_000, show_default=True, help="Customers that each of them reads.")
@click.option("--json", "to_json", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here too.")
@click.option("--strict", is_flag=True, help="End with 1 when a target is missed.")
def main(*, scenarios: str, to_json: Path | None, strict: bool, **options: Any) -> None:
    """Measure the worker against the sandbox on this machine."""
    chosen = tuple(scenarios.split(","))
    unknown = set(chosen) - set(SCENARIOS)
    if unknown:
        raise click.BadParameter(f"no such scenario: {', '.join(sorted(unknown))}", param_hint="--scenarios")
    report = Report("bench", {"httpx2": "httpx2", "uvicorn": "uvicorn, serving the sandbox"})
    Suite(Plan(scenarios=chosen, **options), report).run()
    sys.exit(report.finish(to_json=to_json, strict=strict))


class Suite:
    """Measures one scenario after the other, and keeps accounts that several of them need.

    Args:
        plan: What to measure.
        report: Gets what each scenario measured.
    """

    def __init__(self, plan: Plan, report: Report) -> None:
        self._plan = plan
        self._report = report
        self._say = report.say
        self._synced: dict[int, SandboxAccount] = {}

    def run(self) -> None:
        """Measure everything that the plan names."""
        measures: dict[str, Callable[[], Result]] = {
            "start": start.measure,
            "growth": self._growth,
            "bareloop": self._bare_loop,
            "throttled": lambda: throttled.measure(self._say),
            "memory": self._memory,
            "allfields": lambda: allfields.measure(self._plan.all_fields, self._plan.all_contacts, self._say),
            "several": lambda: several.measure(self._plan.several, self._plan.several_customers, self._say),
            "peers": lambda: peers.measure(self._plan.peer_contacts, self._say),
        }
        for scenario in self._plan.scenarios:
            self._say(f"{scenario}, load {os.getloadavg()[0]:.1f}")
            self._report.add(measures[scenario]())

    def _growth(self) -> Result:
        result, accounts = growth.measure(self._plan.sizes, self._say)
        self._synced.update(accounts)
        return result

    def _bare_loop(self) -> Result:
        sizes = sorted(self._plan.bare_sizes)
        synced = [self._account(size) for size in sizes]
        return bareloop.measure(account(sizes[0]), synced, repeats=self._plan.repeats, say=self._say)

    def _memory(self) -> Result:
        return memory.measure(self._account(max(self._plan.sizes)), self._plan.contacts, self._say)

    def _account(self, size: int) -> SandboxAccount:
        """Return an account of this size after a run."""
        if size not in self._synced:
            self._synced[size] = growth.synced(size)
        return self._synced[size]


if __name__ == "__main__":
    main()
