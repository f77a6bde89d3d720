"""`mogulsync preview`: what a sync would do, here from a file or in the cluster by name."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import (
    Duration,
    OutputFormat,
    ResourceName,
    complete_names,
    output_option,
    reach_options,
)
from mogulsync.commands.signals import Signals

_STANDARD_INPUT: Final = "-"
_ENDINGS: Final = (".yaml", ".yml", ".json")


def is_file(target: str) -> bool:
    """Return whether the argument is a FILE and not a destination's NAME."""
    return target == _STANDARD_INPUT or "/" in target or target.endswith(_ENDINGS) or Path(target).exists()


@click.command(
    "preview",
    epilog="""\b
Examples:
  mogulsync preview destination.yaml --html preview.html      here, with samples and the list
  mogulsync preview destination.yaml --csv list.csv --force
  mogulsync preview production -n sales                       in the cluster, counts only
  mogulsync preview production --local --html preview.html    the spec from there, the credentials from here

\b
An argument that exists, has a / or ends in .yaml, .yml or .json is a FILE (- is standard input); any other is the NAME
of a destination.""",
)
@click.argument("target", metavar="FILE|NAME", shell_complete=complete_names)
@click.option("--local", is_flag=True, help="With a NAME: take the spec from the cluster, and run here.")
@click.option("--sample", type=click.IntRange(min=0), metavar="N", help="Contacts shown for each field.  [default: 5]")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the full list there. It holds personal data.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page to look at there. It holds personal data.")
@click.option("--force", is_flag=True, help="Put new files in the place of those that are there.")
@click.option(
    "--timeout", type=Duration(), default="30m", show_default=True, help="Longest time to wait for the cluster's."
)
@output_option
@reach_options
def command(
    *,
    target: str,
    local: bool,
    sample: int | None,
    csv_file: str | None,
    html_file: str | None,
    force: bool,
    timeout: timedelta,
    output: OutputFormat | None,
    reach: Reach,
) -> None:
    """Show what a sync would do, by a dry run; nothing is written.

    With a FILE the dry run is made here, with the credentials from CHARTMOGUL_API_KEY and INTERCOM_ACCESS_TOKEN: who
    matches, and for each field how many contacts would change, with a sample. With a NAME it is made in the cluster,
    which the credentials and the personal data never leave, and shows counts. Exit codes as for sync: 0 succeeded, 2
    wrong command line, manifest or missing credentials, 3 partially succeeded, 4 failed for good, 5 failed and worth a
    retry; 1 the cluster or the destination is not reached, or not ended in time.
    """
    here = is_file(target) or local
    if not here and any(each is not None for each in (csv_file, html_file, sample)):
        raise click.UsageError(
            "--csv, --html and --sample need --local with a NAME: no personal data leaves the cluster"
        )
    if local and is_file(target):
        raise click.UsageError("--local is for a NAME; a FILE is previewed here in any case")
    if not is_file(target):
        ResourceName()(target)
    if not here:
        from mogulsync.commands.clusterpreview import preview_there  # noqa: PLC0415 - slow to import

        code = preview_there(reach, target, output, time_limit=timeout)
    else:
        signals = Signals()
        from mogulsync.commands.localpreview import Wanted, destination_in, destination_named, preview_here  # noqa: PLC0415 - slow to import

        wanted = Wanted.checked(csv_file, html_file, sample=sample, replace=force, output=output)
        destination = destination_named(reach, target) if local else destination_in(target, signals)
        code = preview_here(destination, wanted, signals)
    raise click.exceptions.Exit(code)
