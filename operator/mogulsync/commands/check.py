"""`mogulsync check`: whether a sync could do its work."""

import click

from mogulsync.commands.arguments import ReportingCommand, destination_option, report_option
from mogulsync.commands.signals import Signals
from mogulsync.resource.reasons import ExitCode


@click.command(
    cls=ReportingCommand,
    name="check",
    epilog="""\b
Examples:
  mogulsync check --destination destination.yaml
  kubectl get icd production -o yaml | mogulsync check --destination - --report report.json""",
)
@destination_option
@report_option
def command(*, destination: str | None, report: str | None) -> None:
    """Check credentials and attributes; write nothing.

    Exit codes: 0 when a sync can do its work, 2 wrong command line, manifest or missing credentials, 4 credentials
    rejected or no attribute usable, 5 no answer.
    """
    signals = Signals()
    from mogulsync.commands.worker import WorkerOptions, WorkerSession, now, run_worker  # noqa: PLC0415 - a signal may come meanwhile
    from mogulsync.resource.report import Report  # noqa: PLC0415 - as above
    from mogulsync.sync.check import SyncCheck  # noqa: PLC0415 - as above

    async def work(session: WorkerSession) -> Report:
        check = SyncCheck(
            session.destination.spec,
            chartmogul=session.chartmogul,
            intercom=session.intercom,
            stats=session.stats,
            now=now,
        )
        return await check.run(session.stop)

    run_worker(work, WorkerOptions(destination, report, int(ExitCode.PARTIALLY_SUCCEEDED), dry_run=False), signals)
