"""`mogulsync resume`: start the schedule again."""

import click

from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import reach_options, selection_options
from mogulsync.commands.running import run


@click.command(
    "resume",
    epilog="""\b
Examples:
  mogulsync resume production
  mogulsync resume --all -n sales
  mogulsync resume -A -l team=sales""",
)
@selection_options
@reach_options
def command(
    *,
    chosen: Selection,
    reach: Reach,
) -> None:
    """Start the schedule again.

    Sets spec.suspend, and says what that means where Flux, Argo CD or Helm apply the destination. Exit codes: 0 done,
    1 not done, 2 wrong command line.
    """
    from mogulsync.commands.suspending import set_suspend  # noqa: PLC0415 - slow to import

    raise click.exceptions.Exit(run(set_suspend(reach, chosen, suspend=False)))
