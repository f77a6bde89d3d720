"""`make bench-operator`: measure the operator and print tables, and which of the project's targets are met."""

import asyncio
import dataclasses
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import click

from bench.report import Report
from bench.tables import Result
from bench_operator import latency, rollout, steady
from bench_operator.destinations import destination_names
from localkube.gobuild import kubernetes_version

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
    packages = {"kopf": "kopf", "kubernetes": "kubernetes"}
    report = Report("bench-operator", packages, {"control plane": kubernetes_version()})
    asyncio.run(run(plan, report))
    sys.exit(report.finish(to_json=to_json, strict=strict))


async def run(plan: Plan, report: Report) -> None:
    """Measure everything that the plan names."""
    for scenario in plan.scenarios:
        async for measured in _measured(scenario, plan, report):
            report.add(measured)


async def _measured(scenario: str, plan: Plan, report: Report) -> AsyncIterator[Result]:
    match scenario:
        case "growth":
            yield await rollout.growth(plan.sizes, report.say)
        case "bare":
            yield await rollout.measure(plan.size, repeats=plan.repeats, say=report.say)
        case _:
            async for result in _standing(plan, report):
                yield result


async def _standing(plan: Plan, report: Report) -> AsyncIterator[Result]:
    """Measure an operator that has made all destinations ready: idle first, then at work."""
    report.say(f"{plan.size:,} destinations are made ready")
    async with rollout.operated(plan.size) as (cluster, operator, _):
        yield await steady.measure(cluster, operator, plan.size, seconds=plan.idle_seconds, say=report.say)
        names = destination_names(plan.size)
        yield await latency.measure(cluster, names, samples=plan.samples, say=report.say)


if __name__ == "__main__":
    main()
