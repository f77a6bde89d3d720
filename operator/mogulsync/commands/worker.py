"""What `sync` and `check` have in common: manifest, credentials, signals, the report and the exit."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import click

from mogulsync import __version__, logs
from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.commands.signals import Signals, StoppedError
from mogulsync.commands.summary import summary
from mogulsync.intercom.client import IntercomClient
from mogulsync.resource.manifest import Destination, InvalidDestinationError, parse_destination
from mogulsync.resource.names import ENV_CHARTMOGUL_API_KEY, ENV_DESTINATION, ENV_INTERCOM_ACCESS_TOKEN
from mogulsync.resource.reasons import ExitCode, Outcome, RunReason
from mogulsync.resource.report import Report
from mogulsync.resource.syncspec import SyncSpec
from mogulsync.resource.times import timestamp
from mogulsync.sync.failures import RunError, run_error_of
from mogulsync.transport.stats import RequestStats

_log: Final = logging.getLogger(__name__)
_STANDARD_INPUT: Final = "-"


class WorkerOptions(NamedTuple):
    """The options of the command line."""

    destination: str | None
    report: str | None
    partial_exit_code: int
    dry_run: bool


class WorkerSession(NamedTuple):
    """What a run works with: its destination, the clients of both APIs, and the event that stops it."""

    destination: Destination
    chartmogul: ChartMogulClient
    intercom: IntercomClient
    stats: RequestStats
    stop: asyncio.Event


WorkerTask = Callable[[WorkerSession], Awaitable[Report]]


class Credentials(NamedTuple):
    """The API key of ChartMogul and the access token of Intercom."""

    api_key: str
    token: str


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_clients(
    spec: SyncSpec, credentials: Credentials, stats: RequestStats
) -> AsyncIterator[tuple[ChartMogulClient, IntercomClient]]:
    """Yield the clients of both APIs, which count their requests in `stats`."""
    async with (
        ChartMogulClient(url=spec.chartmogul.url, api_key=credentials.api_key, stats=stats) as chartmogul,
        IntercomClient(
            url=spec.intercom.base_url,
            token=credentials.token,
            rate_limit_percent=spec.rate_limit_percent,
            stats=stats,
        ) as intercom,
    ):
        yield chartmogul, intercom


def run_worker(work: WorkerTask, options: WorkerOptions, signals: Signals) -> NoReturn:
    """Run the work with what the command line and the environment say, report, and exit with the outcome's code."""
    logs.configure()
    start = now()
    try:
        _clear(options.report)
        destination = _destination(options.destination, os.environ, signals)
        credentials = credentials_in(os.environ)
    except Exception as error:  # noqa: BLE001 - whatever happens, a run ends with a report
        report = failed(run_error_of(error), start=start, dry_run=options.dry_run)
        _log.error("not started", extra={"reason": report.reason, "error": report.message})
        publish(report, options.report)
    else:
        report = asyncio.run(_run(work, destination, credentials, signals, options))
    sys.exit(_exit_code(report, options))


async def _run(
    work: WorkerTask, destination: Destination, credentials: Credentials, signals: Signals, options: WorkerOptions
) -> Report:
    stop = asyncio.Event()
    signals.pass_on_to(stop)
    start = now()
    spec = destination.spec
    stats = RequestStats()
    report: Report | None = None
    try:
        async with open_clients(spec, credentials, stats) as (chartmogul, intercom):
            report = await work(WorkerSession(destination, chartmogul, intercom, stats, stop))
            publish(report, options.report)
            if report.reason == RunReason.INTERRUPTED:
                _leave(_exit_code(report, options))
    except Exception as error:  # noqa: BLE001 - whatever happens, a run ends with a report
        failure = run_error_of(error)
        if report is None:
            report = failed(failure, start=start, dry_run=options.dry_run)
            publish(report, options.report)
    return report


def _leave(code: int) -> NoReturn:
    """Exit at once: closing connections, or a thread that looks up a name, could take longer than a stopped run may."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def report_usage(problem: str, path: str, *, dry_run: bool) -> None:
    """Write the report of a command line that could not be understood."""
    publish(failed(RunError(RunReason.INVALID_DESTINATION, problem), start=now(), dry_run=dry_run), path)


def failed(failure: RunError, *, start: datetime, dry_run: bool = False) -> Report:
    """Return the report of a run that ended before it counted anything."""
    return Report(
        outcome=Outcome.FAILED,
        reason=failure.reason,
        message=failure.message,
        dry_run=dry_run,
        start_time=timestamp(start),
        completion_time=timestamp(now()),
    )


def _exit_code(report: Report, options: WorkerOptions) -> int:
    code = report.exit_code
    return options.partial_exit_code if code is ExitCode.PARTIALLY_SUCCEEDED else int(code)


def _destination(source: str | None, environment: Mapping[str, str], signals: Signals) -> Destination:
    try:
        with signals.raised():
            text = _manifest(source, environment)
        return parse_destination(text)
    except StoppedError:
        raise RunError(RunReason.INTERRUPTED, "stopped before it began; the next run does what is left") from None
    except InvalidDestinationError as error:
        # The operator passes the manifest by the variable, and only what its own version of the resource allows.
        older = _older(error.unknown) if source is None and error.unknown else ""
        raise RunError(RunReason.INVALID_DESTINATION, f"{older}{error}") from None


def _older(unknown: Sequence[str]) -> str:
    return (
        f"mogulsync {__version__} does not know {', '.join(unknown)}: the worker's image is older than the operator's; "
        "remove spec.job.image, or set it to the operator's version; "
    )


def _manifest(source: str | None, environment: Mapping[str, str]) -> str:
    if source is None:
        inline = environment.get(ENV_DESTINATION, "")
        if not inline.strip():
            raise RunError(
                RunReason.INVALID_DESTINATION, f"no destination: give --destination FILE, or set {ENV_DESTINATION}"
            )
        return inline
    try:
        return sys.stdin.read() if source == _STANDARD_INPUT else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise RunError(
            RunReason.INVALID_DESTINATION, f"--destination: {source} cannot be read ({error.strerror}); check its path"
        ) from None
    except UnicodeDecodeError:
        raise RunError(
            RunReason.INVALID_DESTINATION, f"--destination: {source} is not text in UTF-8; save it as that"
        ) from None


def credentials_in(environment: Mapping[str, str]) -> Credentials:
    """Return the credentials that the environment's variables hold.

    Raises:
        RunError: One is not set or empty.
    """
    names = (ENV_CHARTMOGUL_API_KEY, ENV_INTERCOM_ACCESS_TOKEN)
    values = [environment.get(name, "").strip() for name in names]
    missing = [name for name, value in zip(names, values, strict=True) if not value]
    if missing:
        raise RunError(
            RunReason.MISSING_CREDENTIALS,
            f"not set or empty: {', '.join(missing)}; set it, since credentials come from nowhere else",
        )
    return Credentials(*values)


def _clear(path: str | None) -> None:
    """Empty the report's file, so that it holds no older report should this run be killed."""
    if path is None:
        return
    try:
        Path(path).write_text("", encoding="utf-8")
    except OSError as error:
        raise RunError(
            RunReason.INVALID_DESTINATION,
            f"--report: {path} cannot be written ({error.strerror}); name a file in a folder that can",
        ) from None


def publish(report: Report, path: str | None) -> None:
    """Write the report in place, because a container's termination log cannot be replaced, and print the summary."""
    if path is not None:
        try:
            Path(path).write_text(report.to_json() + "\n", encoding="utf-8")
        except OSError as error:
            _log.error("the report cannot be written", extra={"file": path, "error": error.strerror})
    with suppress(OSError):  # nobody reads any more
        click.echo(summary(report))
