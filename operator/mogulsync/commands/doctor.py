"""`mogulsync doctor`: whether the cluster is fit, the operator at work, and the person allowed to use it."""

import dataclasses
from typing import TYPE_CHECKING

import click

from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import OutputFormat, ResourceName, output_option, reach_options
from mogulsync.commands.running import run

if TYPE_CHECKING:
    from mogulsync.cluster.diagnosis import Finding


@click.command(
    "doctor",
    epilog="""\b
Examples:
  mogulsync doctor --pre --operator-namespace mogulsync     before helm install
  mogulsync doctor
  mogulsync doctor --operator-namespace mogulsync -n sales""",
)
@click.option("--pre", is_flag=True, help="Before the install: whether it can work, and whether you may.")
@click.option(
    "--operator-namespace",
    type=ResourceName(),
    metavar="NS",
    help="Where the operator is, or is to be. Default: it is looked for by its Deployment's label.",
)
@output_option
@reach_options
def command(
    *,
    pre: bool,
    operator_namespace: str | None,
    output: OutputFormat | None,
    reach: Reach,
) -> None:
    """Find out whether the cluster is fit for mogulsync, and what to do where it is not.

    Looks at the cluster's version, the CustomResourceDefinition, the operator (running, leading, of this version, able
    to read what it serves), your rights in the namespace, destinations that nobody serves, and CronJobs whose
    destination is gone. Exit codes: 0 all is well, 1 anything is wrong, 2 wrong command line.
    """
    found = run(_diagnose(reach, operator_namespace, output, pre=pre))
    if output is not None:
        from mogulsync.commands.output import print_document  # noqa: PLC0415 - not for --help

        checks = [dataclasses.asdict(each) for each in found]
        print_document({"ok": all(each.ok for each in found), "checks": checks}, output)
    raise click.exceptions.Exit(0 if all(each.ok for each in found) else 1)


async def _diagnose(
    reach: Reach, operator_namespace: str | None, output: OutputFormat | None, *, pre: bool
) -> "list[Finding]":
    from mogulsync.cluster.access import open_access  # noqa: PLC0415 - slow to import
    from mogulsync.cluster.diagnosis import diagnose  # noqa: PLC0415 - as above

    found = []
    async with open_access(reach) as access:
        async for finding in diagnose(access, operator_namespace=operator_namespace, pre=pre):
            found.append(finding)
            if output is None:
                _show(finding)
    return found


def _show(finding: "Finding") -> None:
    mark = click.style("ok   ", fg="green") if finding.ok else click.style("WRONG", fg="red", bold=True)
    click.echo(f"{mark}  {finding.check}: {finding.message}", color=_coloured())
    if finding.fix:
        click.echo(f"       fix: {finding.fix}")


def _coloured() -> bool | None:
    """Return False where NO_COLOR is set; None leaves it to click, which colours on a terminal only."""
    import os  # noqa: PLC0415 - beside its only use

    return False if os.environ.get("NO_COLOR") else None
