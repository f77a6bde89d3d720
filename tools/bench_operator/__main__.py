"""`make bench-operator`: measure the operator and print tables, and which of the project's targets are met."""

import asyncio
import dataclasses
import json
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from bench.tables import Result, Table, show, shown, targets_table
from bench_operator import latency, rollout, steady
from bench_operator.destinations import destination_names
from localkube.gobuild import kubernetes_version
from mogulsync import __version__

SCENARIOS: Final = ("growth", "bare", "standing")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure."""

    scenarios: tuple[str, ...]
    sizes: tuple[int, ...]
    size: int
    repeats: int
    samples: int
    idle_seconds: int


@click.command()
@click.option(
    "--scenarios",
    default=",".join(SCENARIOS),
    show_default=True,
    help="What to measure, with commas between: growth by size, the bare client, and many destinations standing.",
)
@click.option(
    "--sizes", default="100,300,1000", show_default=True, help="Destinations, for growth. 3000 takes a while."
)
@click.option("--size", default=1000, show_default=True, help="Destinations, for everything else.")
@click.option("--repeats", default=5, show_default=True, help="Turns of operator and bare client.")
@click.option("--samples", default=200, show_default=True, help="Changes and runs whose delay is measured.")
@click.option("--idle-seconds", default=60, show_default=True, help="How long to watch it do nothing.")
@click.option("--json", "to_json", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here too.")
@click.option("--strict", is_flag=True, help="End with 1 when a target is missed.")
def main(*, scenarios: str, sizes: str, to_json: Path | None, strict: bool, **options: Any) -> None:
    """Measure the operator on a control plane of real parts on this machine."""
    chosen = tuple(scenarios.split(","))
    if unknown := set(chosen) - set(SCENARIOS):
        raise click.BadParameter(f"no such scenario: {', '.join(sorted(unknown))}", param_hint="--scenarios")
    if not all(size.isdecimal() and int(size) for size in sizes.split(",")):
        raise click.BadParameter(f"{sizes!r} is not a list like 100,300", param_hint="--sizes")
    plan = Plan(scenarios=chosen, sizes=tuple(int(size) for size in sizes.split(",")), **options)
    console = Console()
    began = time.monotonic()
    machine = _machine()
    show(machine, console)
    result = asyncio.run(run(plan, lambda table: show(table, console)))
    show(targets_table(result.targets), console)
    _say(f"took {(time.monotonic() - began) / 60:.1f} minutes")
    if to_json is not None:
        told = {
            "tables": [dataclasses.asdict(table) for table in (machine, *result.tables)],
            "targets": [{**dataclasses.asdict(target), "met": target.met} for target in result.targets],
        }
        to_json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if strict and not all(target.met for target in result.targets):
        sys.exit(1)


async def run(plan: Plan, tell: Callable[[Table], None]) -> Result:
    """Measure everything that the plan names; tell of each table as soon as it is there."""
    result = Result([])
    for scenario in plan.scenarios:
        async for measured in _measured(scenario, plan):
            result.tables.extend(measured.tables)
            result.targets.extend(measured.targets)
            for table in measured.tables:
                tell(table)
    return result


async def _measured(scenario: str, plan: Plan) -> AsyncIterator[Result]:
    match scenario:
        case "growth":
            yield await rollout.growth(plan.sizes, _say)
        case "bare":
            yield await rollout.measure(plan.size, repeats=plan.repeats, say=_say)
        case _:
            async for result in _standing(plan):
                yield result


async def _standing(plan: Plan) -> AsyncIterator[Result]:
    """Measure an operator that has made all destinations ready: idle first, then at work."""
    _say(f"{plan.size:,} destinations are made ready")
    async with rollout.operated(plan.size) as (cluster, operator, _):
        yield await steady.measure(cluster, operator, plan.size, seconds=plan.idle_seconds, say=_say)
        names = destination_names(plan.size)
        yield await latency.measure(cluster, names, samples=plan.samples, say=_say)


def _machine() -> Table:
    """Return what the figures depend on besides the code."""
    return Table(
        "Machine",
        ("what", "value"),
        [
            ("cores", os.cpu_count()),
            ("load of the minute before", shown(os.getloadavg()[0])),
            ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
            ("Python", platform.python_version()),
            ("mogulsync", __version__),
            ("kopf", version("kopf")),
            ("kubernetes", version("kubernetes")),
            ("control plane", kubernetes_version()),
        ],
    )


def _say(what: str) -> None:
    print(f"bench-operator: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
