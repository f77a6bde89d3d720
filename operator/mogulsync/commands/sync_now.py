"""`mogulsync sync-now`: start a run."""

from datetime import timedelta

import click

from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import Duration, reach_options, selection_options
from mogulsync.commands.running import run


@click.command(
    "sync-now",
    epilog="""\b
Examples:
  mogulsync sync-now production
  mogulsync sync-now production --wait --timeout 30m
  mogulsync sync-now -A -l team=sales --wait""",
)
@selection_options
@click.option("--wait", is_flag=True, help="Follow the runs, and exit with the worst outcome's code.")
@click.option("--timeout", type=Duration(), default="1h", show_default=True, help="Longest time to --wait.")
@reach_options
def command(
    *,
    chosen: Selection,
    wait: bool,
    timeout: timedelta,
    reach: Reach,
) -> None:
    """Start a run now, at once or after the one in progress, also while suspended.

    Sets the annotation mogulsync.dev/sync-requested-at. Exit codes: 0 requested, 1 not requested, or not ended in
    time (the run goes on), 2 wrong command line; with --wait the worst of the runs' own: 0 succeeded, 3 partially
    succeeded, 4 failed for good, 5 failed and worth a retry.
    """
    from mogulsync.cluster.requests import RUN  # noqa: PLC0415 - slow to import
    from mogulsync.commands.requesting import request_all  # noqa: PLC0415 - as above

    work = request_all(reach, chosen, RUN, wait=wait, time_limit=timeout)
    raise click.exceptions.Exit(run(work, interrupted="stopped waiting; what was requested goes on"))
