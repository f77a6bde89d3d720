"""`mogulsync check-now`: start a check of credentials and attributes."""

from datetime import timedelta

import click

from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import Duration, reach_options, selection_options
from mogulsync.commands.running import run


@click.command(
    "check-now",
    epilog="""\b
Examples:
  mogulsync check-now production --wait
  mogulsync check-now --all --wait --timeout 5m""",
)
@selection_options
@click.option("--wait", is_flag=True, help="Follow the checks, and exit with the worst outcome's code.")
@click.option("--timeout", type=Duration(), default="15m", show_default=True, help="Longest time to --wait.")
@reach_options
def command(
    *,
    chosen: Selection,
    wait: bool,
    timeout: timedelta,
    reach: Reach,
) -> None:
    """Start a check of credentials and attributes now; nothing is written to Intercom.

    Sets the annotation mogulsync.dev/check-requested-at. Exit codes: 0 requested, 1 not requested, or not ended in
    time (the check goes on), 2 wrong command line; with --wait the worst of the checks' own: 0 passed, 4 credentials
    rejected or no attribute usable, 5 no answer.
    """
    from mogulsync.cluster.requests import CHECK  # noqa: PLC0415 - slow to import
    from mogulsync.commands.requesting import request_all  # noqa: PLC0415 - as above

    work = request_all(reach, chosen, CHECK, wait=wait, time_limit=timeout)
    raise click.exceptions.Exit(run(work, interrupted="stopped waiting; what was requested goes on"))
