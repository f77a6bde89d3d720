"""The `mogulsync` command; each subcommand's module is imported only when it is called or listed."""

import importlib
import os
import sys
from typing import Final

import click

from mogulsync import __version__

_COMMANDS: Final = {
    "sync": ("mogulsync.commands.sync", "Send ChartMogul's customer data to Intercom once."),
    "check": ("mogulsync.commands.check", "Check credentials and attributes; write nothing."),
    "operator": ("mogulsync.commands.operator", "Run the operator."),
    "sandbox": ("mogulsync.commands.sandbox", "Serve a made-up ChartMogul and Intercom over HTTP."),
}
"""Each command's module, which holds it as `command`, and its line in the overview."""


class _LazyGroup(click.Group):
    """A group that imports a command's module when it is needed, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


def _program_name() -> str:
    """Return how a person calls us: `mogulsync`, or `kubectl mogulsync` as a plugin."""
    return "kubectl mogulsync" if os.path.basename(sys.argv[0]).startswith("kubectl-") else "mogulsync"  # noqa: PTH119


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="mogulsync %(version)s")
def _group() -> None:
    """Keep Intercom contacts supplied with ChartMogul's customer data, from Kubernetes."""


def root() -> None:
    """Run the command that the arguments name and exit with its code."""
    _group(prog_name=_program_name())
