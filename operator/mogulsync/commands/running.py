"""Runs a command's coroutine and turns what went wrong into a message and an exit code."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import click

from mogulsync.cluster.errors import ClusterProblemError
from mogulsync.resource.reasons import ExitCode

_T = TypeVar("_T")
_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells count it."""


class RefusedError(click.ClickException):
    """A refusal that a retry does not change."""

    exit_code = int(ExitCode.FAILED)


def run(work: Coroutine[Any, Any, _T], *, interrupted: str = "stopped") -> _T:
    """Run until done and return the result; what went wrong becomes a message and exit code 1.

    Args:
        work: What to run.
        interrupted: What to say after Ctrl-C.
    """
    logging.getLogger().addHandler(logging.NullHandler())  # what matters is in the messages
    try:
        return asyncio.run(work)
    except ClusterProblemError as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo(interrupted, err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
