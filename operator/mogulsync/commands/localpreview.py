"""`mogulsync preview FILE`: a dry run here, its shares and samples, and the files with the full list."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import click

from mogulsync.cluster.reach import Reach
from mogulsync.commands.clusterarguments import OutputFormat
from mogulsync.commands.output import on_terminal, print_document, wrapped
from mogulsync.commands.progress import shown as progress_shown
from mogulsync.commands.reporttext import INDENT, report_lines
from mogulsync.commands.running import run
from mogulsync.commands.signals import Signals, StoppedError
from mogulsync.commands.worker import Credentials, credentials_in, failed, now, open_clients
from mogulsync.preview.files import FileRefusedError, assert_writable, write_private
from mogulsync.preview.page import page
from mogulsync.preview.rows import Cell, PlannedRows, changes_of
from mogulsync.preview.table import write_table
from mogulsync.resource.manifest import Destination, InvalidDestinationError, destination_from, parse_destination
from mogulsync.resource.reasons import ExitCode, Outcome, RunReason
from mogulsync.resource.report import Report
from mogulsync.sync.failures import RunError, run_error_of
from mogulsync.sync.progress import Progress
from mogulsync.sync.run import Sync
from mogulsync.transport.stats import RequestStats

_SAMPLES: Final = 5
_BAR: Final = 40
_BESIDE_BAR: Final = 33
"""Characters of a line before its bar."""
_STANDARD_INPUT: Final = "-"
_VALUE_MAX_LENGTH: Final = 60


class WrongInputError(click.ClickException):
    """A manifest, file or credential that is not usable."""

    exit_code = int(ExitCode.USAGE)


class Wanted(NamedTuple):
    """What is to be shown and written."""

    csv: Path | None
    html: Path | None
    samples: int
    replace: bool
    output: OutputFormat | None

    @classmethod
    def checked(
        cls, csv: str | None, html: str | None, *, sample: int | None, replace: bool, output: OutputFormat | None
    ) -> "Wanted":
        """Return what is wanted, once it is known that the files can be written."""
        if "" in {csv, html}:
            raise click.UsageError("--csv and --html need the name of a file; an empty one was given")
        wanted = cls(_path(csv), _path(html), _SAMPLES if sample is None else sample, replace, output)
        if wanted.csv is not None and wanted.csv == wanted.html:
            raise click.UsageError("--csv and --html name the same file; give each its own")
        for path in (wanted.csv, wanted.html):
            if path is not None:
                try:
                    assert_writable(path, replace=replace)
                except FileRefusedError as error:
                    raise click.UsageError(str(error)) from None
        return wanted


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def destination_in(file: str, signals: Signals) -> Destination:
    """Return the destination of a manifest's file, or of standard input; a signal ends the program meanwhile."""
    try:
        with signals.raised():
            text = sys.stdin.read() if file == _STANDARD_INPUT else Path(file).read_text(encoding="utf-8")
        return parse_destination(text)
    except StoppedError:
        click.echo("Error: stopped before the manifest was read", err=True)
        raise click.exceptions.Exit(ExitCode.RETRYABLE) from None
    except OSError as error:
        raise WrongInputError(f"{file} cannot be read ({error.strerror}); check its path") from None
    except UnicodeDecodeError:
        raise WrongInputError(f"{file} is not text in UTF-8; save it as that") from None
    except InvalidDestinationError as error:
        raise WrongInputError(f"{file}: {error}") from None


def destination_named(reach: Reach, name: str) -> Destination:
    """Return a destination of the cluster."""
    from mogulsync.cluster.access import DESTINATIONS, open_access  # noqa: PLC0415 - not for a FILE

    async def read() -> dict[str, object]:
        async with open_access(reach) as access:
            return await access.read(DESTINATIONS, access.namespace, name)

    stored = run(read())
    try:
        return destination_from({key: stored[key] for key in ("apiVersion", "kind", "metadata", "spec")})
    except InvalidDestinationError as error:
        raise WrongInputError(f"{name}: {error}") from None


def preview_here(destination: Destination, wanted: Wanted, signals: Signals) -> int:
    """Make the dry run, print and write what is wanted, and return the exit code."""
    try:
        credentials = credentials_in(os.environ)
    except RunError as error:
        raise WrongInputError(error.message) from None
    planned = PlannedRows()
    report = run(_dry_run(destination, credentials, planned, signals))
    if wanted.output is not None:
        print_document(json.loads(report.to_json()), wanted.output)
    else:
        lines = _lines(destination, report, planned, wanted.samples)
        if on_terminal():
            lines = wrapped(lines, width=shutil.get_terminal_size().columns, indent=INDENT)
        click.echo("\n".join(lines))
    _write_files(destination, report, planned, wanted)
    return int(report.exit_code)


async def _dry_run(
    destination: Destination, credentials: Credentials, planned: PlannedRows, signals: Signals
) -> Report:
    stop = asyncio.Event()
    signals.pass_on_to(stop)
    start, spec, stats, state = now(), destination.spec, RequestStats(), Progress()
    try:
        async with (
            open_clients(spec, credentials, stats) as (chartmogul, intercom),
            progress_shown(state, "auto"),
        ):
            sync = Sync(
                spec,
                chartmogul=chartmogul,
                intercom=intercom,
                stats=stats,
                dry_run=True,
                now=now,
                progress=state,
                observer=planned,
            )
            return await sync.run(stop)
    except Exception as error:  # noqa: BLE001 - whatever happens, a dry run ends with a report
        return failed(run_error_of(error), start=start, dry_run=True)


def _is_whole(report: Report) -> bool:
    """Return whether the dry run got to see everything."""
    return report.outcome is not Outcome.FAILED or report.reason == RunReason.GUARD_TRIPPED


def _write_files(destination: Destination, report: Report, planned: PlannedRows, wanted: Wanted) -> None:
    files = [path for path in (wanted.csv, wanted.html) if path is not None]
    if files and not _is_whole(report):
        click.echo(f"Not written, because the dry run did not get to the end: {', '.join(map(str, files))}", err=True)
        return
    try:
        if wanted.csv is not None:
            write_private(wanted.csv, lambda stream: write_table(planned, stream), replace=wanted.replace)
        if wanted.html is not None:
            matched_by = destination.spec.matching.chartmogul_field
            text = page(planned, report, destination=destination.name, matched_by=str(matched_by))
            write_private(wanted.html, lambda stream: _fill(stream, text), replace=wanted.replace)
    except FileRefusedError as error:
        raise click.ClickException(str(error)) from None
    if files:
        click.echo(
            f"Written: {', '.join(map(str, files))}. They hold personal data: keep them as you keep your customers' "
            "data, and delete them when you are done.",
            err=True,
        )


def _fill(stream: TextIO, text: str) -> None:
    stream.write(text)


# --- what is printed ---


def _lines(destination: Destination, report: Report, planned: PlannedRows, samples: int) -> list[str]:
    whole = json.loads(report.to_json())
    lines = [f"Preview of {destination.name}: nothing was written", *report_lines(whole, destination.name, now())]
    if not _is_whole(report):
        return lines
    customers, contacts = report.customers, report.contacts
    lines += ["", "Customers"]
    lines += _shares(
        [
            ("matched", customers.matched),
            ("ambiguous", customers.ambiguous),
            ("unmatched", customers.unmatched),
            ("unmatchable", customers.unmatchable),
            ("conflicts", customers.conflicts),
        ]
    )
    lines += ["", "Contacts"]
    lines += _shares(
        [
            ("to update", contacts.updated),
            ("unchanged", contacts.unchanged),
            ("failed", contacts.failed),
            ("to clear", contacts.cleared),
        ]
    )
    for each in changes_of(planned, samples=samples):
        source = each.field.source + (f" {each.field.key}" if each.field.key else "")
        lines += ["", f"{each.field.attribute} ({source}): {each.contacts} contacts would change"]
        place = planned.fields.index(each.field)
        width = max((len(row.contact_id) for row in each.samples), default=0)
        lines += [
            f"  {row.contact_id:<{width}}  {_value(row.now[place])} -> {_value(row.then[place])}"
            for row in each.samples
        ]
        if each.contacts > len(each.samples) > 0:
            lines.append(f"  … and {each.contacts - len(each.samples)} more")
    return lines


def _shares(parts: Sequence[tuple[str, int]]) -> list[str]:
    total = sum(count for _, count in parts)
    room = max(0, min(_BAR, shutil.get_terminal_size().columns - _BESIDE_BAR))
    lines = []
    for name, count in parts:
        share = count / total if total else 0.0
        bar = "█" * round(room * share) if on_terminal() else ""
        lines.append(f"  {name:<12}{count:>9}{share:>8.1%}  {bar}".rstrip())
    return lines


def _value(value: Cell) -> str:
    """Return a value on one line of a terminal: control characters as escapes, long texts cut."""
    if value is None:
        return "(empty)"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)
    text = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
    return text if len(text) <= _VALUE_MAX_LENGTH else text[: _VALUE_MAX_LENGTH - 1] + "…"
