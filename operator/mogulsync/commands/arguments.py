"""The arguments that `sync` and `check` share. Imports little, because it is there before signals are listened to."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mogulsync.resource.names import ENV_DESTINATION

_F = TypeVar("_F", bound=Callable[..., Any])


class ReportingCommand(click.Command):
    """A command that writes its report also when the command line itself is wrong."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Parse the arguments."""
        given = list(args)
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            path = _report_among(given)
            if path is not None:
                from mogulsync.commands.worker import report_usage  # noqa: PLC0415 - slow, and rarely needed

                report_usage(error.format_message(), path, dry_run="--dry-run" in given)
            raise


def _report_among(args: list[str]) -> str | None:
    """Return the value of --report in arguments that could not be parsed."""
    for place, arg in enumerate(args):
        if arg == "--report" and place + 1 < len(args):
            return args[place + 1]
        if arg.startswith("--report="):
            return arg.removeprefix("--report=")
    return None


def destination_option(function: _F) -> _F:
    """Add --destination."""
    return click.option(
        "--destination",
        metavar="FILE",
        help="IntercomDestination manifest in YAML or JSON, - for standard input. "
        f"Default: what the variable {ENV_DESTINATION} holds.",
    )(function)


def report_option(function: _F) -> _F:
    """Add --report."""
    return click.option("--report", metavar="FILE", help="Write the report there, as JSON.")(function)
