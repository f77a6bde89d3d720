"""Shows on standard error how far a run has come: bars on a terminal, plain lines, or JSON for machines."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, Protocol

from mogulsync.sync.progress import Counter, Phase, Progress

Style = Literal["auto", "plain", "json", "off"]

_PLAIN_SECONDS: Final = 5.0
_JSON_SECONDS: Final = 1.0
_BAR_SECONDS: Final = 0.2


class Display(Protocol):
    """One way to show progress."""

    seconds: float
    """Between two looks."""

    def show(self, progress: Progress) -> None:
        """Show where the run is now."""
        ...

    def close(self) -> None:
        """Leave the terminal in order."""
        ...


@asynccontextmanager
async def shown(progress: Progress, style: Style) -> AsyncIterator[None]:
    """Show the progress while the block runs, and once more at its end."""
    display = _display(style)
    if display is None:
        yield
        return
    task = asyncio.create_task(_keep_showing(display, progress))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        display.show(progress)
        display.close()


async def _keep_showing(display: Display, progress: Progress) -> None:
    while True:
        await asyncio.sleep(display.seconds)
        display.show(progress)


def _display(style: Style) -> Display | None:
    if style == "auto":
        return _bars() if sys.stderr.isatty() else None
    if style == "off":
        return None
    return PlainProgress(time.monotonic) if style == "plain" else JsonProgress(time.monotonic)


class Pace:
    """How fast a phase goes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_look = clock()
        self._began: dict[Phase, float] = {}
        self._ended: dict[Phase, float] = {}

    def look(self, progress: Progress) -> list[tuple[Phase, Counter, float, float | None]]:
        """Return each phase with what it does per second, and the seconds left where the whole is known.

        A phase is taken to have begun at the last look before it was seen.
        """
        now = self._clock()
        for phase, counter in progress.phases.items():
            self._began.setdefault(phase, self._last_look)
            if counter.finished:
                self._ended.setdefault(phase, now)
        self._last_look = now
        return [
            (phase, counter, *_pace(counter, self._ended.get(phase, now) - self._began[phase]))
            for phase, counter in progress.phases.items()
        ]


def _pace(counter: Counter, seconds: float) -> tuple[float, float | None]:
    rate = counter.done / seconds if seconds > 0 else 0.0
    if counter.total is None or rate <= 0:
        return rate, None
    return rate, max(0, counter.total - counter.done) / rate


class PlainProgress:
    """A line for each phase that moved."""

    seconds = _PLAIN_SECONDS

    def __init__(self, clock: Callable[[], float]) -> None:
        self._pace = Pace(clock)
        self._last: dict[Phase, tuple[int, bool]] = {}

    def show(self, progress: Progress) -> None:
        """Print the phases that moved since the last look."""
        for phase, counter, rate, left in self._pace.look(progress):
            state = (counter.done, counter.finished)
            if self._last.get(phase) == state:
                continue
            self._last[phase] = state
            whole = f" of {counter.total}" if counter.total is not None else ""
            ahead = f", {left:.0f} s left" if left is not None and not counter.finished else ""
            print(f"{phase}: {counter.done}{whole}, {rate:.0f}/s{ahead}", file=sys.stderr, flush=True)  # noqa: T201 - this is what it is for

    def close(self) -> None:
        """Nothing to put in order."""


class JsonProgress:
    """One JSON object a line."""

    seconds = _JSON_SECONDS

    def __init__(self, clock: Callable[[], float]) -> None:
        self._pace = Pace(clock)

    def show(self, progress: Progress) -> None:
        """Print every phase with its rate per second and, where known, the seconds left."""
        phases = []
        for phase, counter, rate, left in self._pace.look(progress):
            phases.append(
                {
                    "phase": phase,
                    "done": counter.done,
                    "total": counter.total,
                    "finished": counter.finished,
                    "perSecond": round(rate, 1),
                    "secondsLeft": None if left is None else round(left),
                }
            )
        print(json.dumps({"progress": phases}), file=sys.stderr, flush=True)  # noqa: T201 - this is what it is for

    def close(self) -> None:
        """Nothing to put in order."""


def _bars() -> Display:
    """Return bars; rich is imported only here, because a run in a cluster has no use for it."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, needed on a terminal only
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars  # noqa: PLC0415 - as above

    class _Bars:
        seconds = _BAR_SECONDS

        def __init__(self) -> None:
            self._pace = Pace(time.monotonic)
            self._tasks: dict[Phase, TaskID] = {}
            self._bars = Bars(
                TextColumn("{task.description:<13}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]:.0f}/s"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bars.start()

        def show(self, progress: Progress) -> None:
            for phase, counter, rate, _ in self._pace.look(progress):
                if phase not in self._tasks:
                    self._tasks[phase] = self._bars.add_task(phase, total=counter.total, rate=0.0)
                total = counter.done if counter.finished else counter.total
                self._bars.update(self._tasks[phase], completed=counter.done, total=total, rate=rate)

        def close(self) -> None:
            self._bars.stop()

    return _Bars()
