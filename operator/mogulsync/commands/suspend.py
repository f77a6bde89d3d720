"""`mogulsync suspend`: stop the schedule."""

import click

from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import reach_options, selection_options
from mogulsync.commands.running import run


@click.command(
    "suspend",
    epilog="""\b
Examples:
  mogulsync suspend production
  mogulsync suspend --all -n sales
  mogulsync suspend -A -l team=sales""",
)
@selection_options
@reach_options
def command(
    *,
    chosen: Selection,
    reach: Reach,
) -> None:
    """Stop the schedule: no run starts by itself until it is resumed.

    Sets spec.suspend, and says what that means where Flux, Argo CD or Helm apply the destination. Exit codes: 0 done,
    1 not done, 2 wrong command line.
    """
    from mogulsync.commands.suspending import set_suspend  # noqa: PLC0415 - slow to import

    raise click.exceptions.Exit(run(set_suspend(reach, chosen, suspend=True)))
