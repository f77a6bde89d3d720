"""`mogulsync status`: destinations, their runs and what needs attention."""

import click

from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import (
    OutputFormat,
    ResourceName,
    complete_names,
    filter_options,
    output_option,
    reach_options,
)
from mogulsync.commands.running import run


@click.command(
    "status",
    epilog="""\b
Examples:
  mogulsync status -A
  mogulsync status production -n sales
  mogulsync status -A --exit-code || echo "somebody should look"
  mogulsync status --watch""",
)
@click.argument("name", required=False, type=ResourceName(), metavar="[NAME]", shell_complete=complete_names)
@click.option("--watch", "-w", is_flag=True, help="Go on showing it, until Ctrl-C.")
@click.option("--exit-code", is_flag=True, help="Exit with 3 when any destination needs attention.")
@filter_options
@output_option
@reach_options
def command(
    *,
    name: str | None,
    watch: bool,
    exit_code: bool,
    all_namespaces: bool,
    selector: str,
    output: OutputFormat | None,
    reach: Reach,
) -> None:
    """Show destinations with their last and next run, those that need attention first.

    With a NAME: its conditions with what to do, the last run's report, and its history. A destination needs attention
    while Ready or Synced is False, or Overdue or Stalled True. Exit codes: 0, with --exit-code 3 when any needs
    attention, 1 not found or not reached, 2 wrong command line.
    """
    if name is not None and (all_namespaces or selector):
        raise click.UsageError("give either a NAME, or -A or -l, but not both")
    if watch and output is not None:
        raise click.UsageError("--watch shows tables only; leave -o out")
    chosen = Selection((name,) if name else (), all_namespaces, selector)
    from mogulsync.commands.statusview import once, watched  # noqa: PLC0415 - slow to import

    code = watched(reach, chosen) if watch else run(once(reach, chosen, output))
    raise click.exceptions.Exit(code if exit_code else 0)
