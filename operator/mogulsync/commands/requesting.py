"""What `sync-now` and `check-now` share: ask the operator for something, for many at once, and wait for the ends."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Final

import click

from mogulsync.cluster.access import Access, open_access
from mogulsync.cluster.choosing import chosen
from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.cluster.reach import Reach, Selection
from mogulsync.cluster.requests import Purpose, Requested, Result, follow, send, worst
from mogulsync.kube.objects import NamespacedName

_AT_ONCE: Final = 8
"""Destinations that are asked at a time."""
_PROBLEM: Final = 1


async def request_all(
    reach: Reach, selection: Selection, purpose: Purpose, *, wait: bool, time_limit: timedelta
) -> int:
    """Ask for all that are selected; return the exit code."""
    async with open_access(reach) as access:
        names = await chosen(access, selection)
        label = _labels(selection)
        requested, problems = await _send_all(access, purpose, names, label)
        if not wait:
            for each in requested:
                click.echo(f"{label(each.name)}: {purpose.noun} requested{_while_suspended(purpose, each)}")
            return _PROBLEM if problems else 0
        codes = await _follow_all(access, purpose, requested, label, time_limit)
        return worst([*codes, *([_PROBLEM] if problems else [])])


def _while_suspended(purpose: Purpose, requested: Requested) -> str:
    return " (the schedule stays suspended)" if requested.suspended and purpose.noun == "run" else ""


def _labels(selection: Selection) -> Callable[[NamespacedName], str]:
    return str if selection.all_namespaces else lambda name: name.name


async def _send_all(
    access: Access, purpose: Purpose, names: list[NamespacedName], label: Callable[[NamespacedName], str]
) -> tuple[list[Requested], int]:
    """Return the requests that were taken, and the number of problems, which are printed."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(name: NamespacedName) -> Requested | ClusterProblemError:
        async with slots:
            try:
                return await send(access, purpose, name)
            except ClusterProblemError as error:
                return error

    answers = await asyncio.gather(*(one(name) for name in names))
    problems = 0
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, ClusterProblemError):
            problems += 1
            click.echo(f"Error: {label(name)}: {answer}" if len(names) > 1 else f"Error: {answer}", err=True)
    return [answer for answer in answers if isinstance(answer, Requested)], problems


async def _follow_all(
    access: Access,
    purpose: Purpose,
    requested: list[Requested],
    label: Callable[[NamespacedName], str],
    time_limit: timedelta,
) -> list[int]:
    """Wait for all ends, print each, and return their exit codes."""
    pending = {label(each.name) for each in requested}

    async def one(each: Requested) -> int:
        own = label(each.name)
        try:
            async with asyncio.timeout(time_limit.total_seconds()):
                result = await follow(access, purpose, each, lambda line: show(f"{own}: {line}"))
        except TimeoutError:
            click.echo(
                f"Error: {own}: not ended in time; the {purpose.noun} goes on, and mogulsync status shows it", err=True
            )
            return _PROBLEM
        except ClusterProblemError as error:
            click.echo(f"Error: {own}: {error}", err=True)
            return _PROBLEM
        finally:
            pending.discard(own)
        click.echo(f"{own}: {described(result)}")
        return result.exit_code

    with waiting_display() as show:
        return list(await asyncio.gather(*(one(each) for each in requested)))


def described(result: Result) -> str:
    """Return outcome, reason and message of a result."""
    reason = f" ({result.reason})" if result.reason != result.outcome else ""
    return f"{result.outcome}{reason}: {result.message}" if result.message else f"{result.outcome}{reason}"


def waiting_display() -> AbstractContextManager[Callable[[str], None]]:
    """Return what shows how far things are: a line that moves on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext(_plain)
    return _Spinner()


def _plain(line: str) -> None:
    click.echo(line, err=True)


class _Spinner(AbstractContextManager[Callable[[str], None]]):
    """One line with the latest news and the time since the start."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - never where output is piped
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above

        self._progress = Progress(
            SpinnerColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Callable[[str], None]:
        self._progress.start()
        return lambda line: self._progress.update(self._task, description=line)

    def __exit__(self, *ended: object) -> None:
        self._progress.stop()
