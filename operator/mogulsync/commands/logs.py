"""`mogulsync logs`: the logs of a run."""

import sys

import click

from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import ResourceName, complete_names, reach_options
from mogulsync.commands.running import run


@click.command(
    "logs",
    epilog="""\b
Examples:
  mogulsync logs production
  mogulsync logs production -f
  mogulsync logs production --job production-29400480""",
)
@click.argument("name", type=ResourceName(), metavar="NAME", shell_complete=complete_names)
@click.option("-f", "--follow", is_flag=True, help="Go on until the Pod ends; wait for its start.")
@click.option("--job", metavar="JOB", help="That Job's Pod, a check's or a preview's too. Default: the newest run's.")
@reach_options
def command(*, name: str, follow: bool, job: str | None, reach: Reach) -> None:
    """Show the logs of the newest run's Pod, as JSON lines.

    They hold ids of records and never their data. Needs the rights to list pods and to get pods/log. Exit codes: 0,
    1 no such Pod or not reached, 2 wrong command line.
    """
    run(_print(reach, name, job, follow=follow))


async def _print(reach: Reach, name: str, job: str | None, *, follow: bool) -> None:
    from mogulsync.cluster.access import open_access  # noqa: PLC0415 - slow to import
    from mogulsync.cluster.podlogs import followed_log_of, log_of, pod_of  # noqa: PLC0415 - as above

    async with open_access(reach) as access:
        pod = await pod_of(access, name, job)
        pieces = (
            followed_log_of(access, pod, lambda line: click.echo(line, err=True)) if follow else log_of(access, pod)
        )
        async for piece in pieces:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
