"""Runs work until it is done or the run is told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from mogulsync.resource.reasons import RunReason
from mogulsync.sync.failures import RunError, run_error_of

GRACE_SECONDS: Final = 2.5
"""For writes under way when a run is stopped; it has to be over within 5 seconds."""
_CANCEL_SECONDS: Final = 1.0
"""For everything else to notice that it is stopped."""


async def run_until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> RunError | None:
    """Return how the work ended: None when it was done, else what ended it early."""
    task = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_SECONDS)
        return RunError(RunReason.INTERRUPTED, "stopped before it was done; the next run does what is left")
    error = task.exception()
    return run_error_of(error) if error is not None else None
