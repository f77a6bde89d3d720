"""`mogulsync version`: of this program and of the operator."""

import asyncio
from typing import Any, Final

import click

from mogulsync import __version__
from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import OutputFormat, ResourceName, output_option, reach_options
from mogulsync.commands.running import run

_SECONDS: Final = 8.0
"""How long the cluster may take to answer."""


@click.command(
    "version",
    epilog="""\b
Examples:
  mogulsync version
  mogulsync version --client
  mogulsync version -o json""",
)
@click.option("--client", is_flag=True, help="Of this program alone; ask no cluster.")
@click.option(
    "--operator-namespace",
    type=ResourceName(),
    metavar="NS",
    help="Where the operator is. Default: by its Deployment's label.",
)
@output_option
@reach_options
def command(
    *,
    client: bool,
    operator_namespace: str | None,
    output: OutputFormat | None,
    reach: Reach,
) -> None:
    """Show the version of this program and, where a cluster is reached, of the operator.

    Exit code: 0, also where no cluster is reached.
    """
    found: dict[str, Any] = {"version": __version__}
    if not client:
        found |= run(_operators(reach, operator_namespace))
    if output is not None:
        from mogulsync.commands.output import print_document  # noqa: PLC0415 - not for --help

        print_document(found, output)
        return
    click.echo(f"mogulsync {__version__}")
    for operator in found.get("operators", ()):
        place = f"deployment {operator['name']} in namespace {operator['namespace']}"
        click.echo(f"operator  {operator['version'] or 'of an unknown version'} ({place})")
    if "problem" in found:
        click.echo(f"operator  not known: {found['problem']}")


async def _operators(reach: Reach, namespace: str | None) -> dict[str, Any]:
    from mogulsync.cluster.access import open_access  # noqa: PLC0415 - slow to import
    from mogulsync.cluster.errors import ClusterProblemError  # noqa: PLC0415 - as above
    from mogulsync.cluster.operators import find_operators  # noqa: PLC0415 - as above

    try:
        async with asyncio.timeout(_SECONDS), open_access(reach) as access:
            found = await find_operators(access, namespace)
    except ClusterProblemError as error:
        hint = "; or give --operator-namespace NAMESPACE" if error.forbidden and namespace is None else ""
        return {"problem": f"{error}{hint}"}
    except TimeoutError:
        return {"problem": "the cluster gives no answer"}
    if not found:
        return {"problem": "there is no Deployment of it in the cluster"}
    return {"operators": [{"namespace": o.namespace, "name": o.name, "version": o.version} for o in found]}
