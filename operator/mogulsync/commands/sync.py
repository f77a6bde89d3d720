"""`mogulsync sync`: one sync, as a Job's Pod runs it."""

from typing import TYPE_CHECKING

import click

from mogulsync.commands.arguments import ReportingCommand, destination_option, report_option
from mogulsync.commands.signals import Signals
from mogulsync.resource.reasons import ExitCode

if TYPE_CHECKING:
    from mogulsync.commands.progress import Style


@click.command(
    cls=ReportingCommand,
    name="sync",
    epilog="""\b
Examples:
  mogulsync sync --destination destination.yaml --dry-run
  mogulsync sync --destination destination.yaml --report report.json --progress plain
  kubectl get icd production -o yaml | mogulsync sync --destination -""",
)
@destination_option
@click.option("--dry-run", is_flag=True, help="Read and compare, but write nothing.")
@report_option
@click.option(
    "--progress",
    type=click.Choice(["auto", "plain", "json", "off"]),
    default="auto",
    show_default=True,
    help="How to show progress on standard error; auto: on a terminal only.",
)
@click.option(
    "--partial-exit-code",
    type=click.IntRange(0, 255),
    default=int(ExitCode.PARTIALLY_SUCCEEDED),
    show_default=True,
    metavar="N",
    help="Exit code when some records or fields failed.",
)
def command(
    *, destination: str | None, dry_run: bool, report: str | None, progress: "Style", partial_exit_code: int
) -> None:
    """Send ChartMogul's customer data to Intercom once.

    Credentials come from the variables CHARTMOGUL_API_KEY and INTERCOM_ACCESS_TOKEN. Exit codes: 0 succeeded, 2 wrong
    command line, manifest or missing credentials, 3 partially succeeded, 4 failed for good, 5 failed and worth a retry.
    """
    signals = Signals()
    from mogulsync.commands.progress import shown  # noqa: PLC0415 - imports take long enough for a signal to come
    from mogulsync.commands.worker import WorkerOptions, WorkerSession, now, run_worker  # noqa: PLC0415 - as above
    from mogulsync.resource.report import Report  # noqa: PLC0415 - as above
    from mogulsync.sync.progress import Progress  # noqa: PLC0415 - as above
    from mogulsync.sync.run import Sync  # noqa: PLC0415 - as above

    async def work(session: WorkerSession) -> Report:
        state = Progress()
        sync = Sync(
            session.destination.spec,
            chartmogul=session.chartmogul,
            intercom=session.intercom,
            stats=session.stats,
            dry_run=dry_run,
            now=now,
            progress=state,
        )
        async with shown(state, progress):
            return await sync.run(session.stop)

    run_worker(work, WorkerOptions(destination, report, partial_exit_code, dry_run=dry_run), signals)
