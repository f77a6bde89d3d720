"""The `mogulsync` command; each subcommand's module is imported only when it is called or completed."""

import errno
import importlib
import os
import sys
from typing import Final, NamedTuple, NoReturn

import click

from mogulsync import __version__


class Listed(NamedTuple):
    """A command, as the overview shows it."""

    module: str
    """Holds it as `command`."""
    line: str


SECTIONS: Final[dict[str, dict[str, Listed]]] = {
    "Set up": {
        "connect": Listed("mogulsync.commands.connect", "Get credentials, and put them into Secrets."),
        "fields": Listed("mogulsync.commands.fields", "List the sources that a destination can send."),
        "validate": Listed("mogulsync.commands.validate", "Check manifests of destinations without a cluster."),
        "preview": Listed("mogulsync.commands.preview", "Show what a sync would do; write nothing."),
        "doctor": Listed("mogulsync.commands.doctor", "Find out whether the cluster is fit."),
    },
    "Day to day": {
        "status": Listed("mogulsync.commands.status", "Show destinations, their runs and what needs attention."),
        "sync-now": Listed("mogulsync.commands.sync_now", "Start a run now."),
        "check-now": Listed("mogulsync.commands.check_now", "Start a check of credentials and attributes now."),
        "suspend": Listed("mogulsync.commands.suspend", "Stop the schedule."),
        "resume": Listed("mogulsync.commands.resume", "Start the schedule again."),
        "logs": Listed("mogulsync.commands.logs", "Show the logs of a run."),
    },
    "What the cluster runs": {
        "operator": Listed("mogulsync.commands.operator", "Run the operator."),
        "sync": Listed("mogulsync.commands.sync", "Send ChartMogul's customer data to Intercom once."),
        "check": Listed("mogulsync.commands.check", "Check credentials and attributes; write nothing."),
    },
    "Others": {
        "sandbox": Listed("mogulsync.commands.sandbox", "Serve a made-up ChartMogul and Intercom over HTTP."),
        "completion": Listed("mogulsync.commands.completion", "Print the completion script of a shell."),
        "version": Listed("mogulsync.commands.version", "Show the versions of this program and of the operator."),
    },
}
"""The commands by section of the overview, in the order in which it shows them."""

COMMANDS: Final = {name: listed for section in SECTIONS.values() for name, listed in section.items()}


class _LazyGroup(click.Group):
    """A group that imports a command's module when it is needed, so that each starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name].module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        width = max(len(name) for name in COMMANDS)
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), listed.line) for name, listed in commands.items()])


def program_name() -> str:
    """Return how a person calls this program: `mogulsync`, or `kubectl mogulsync` as a plugin."""
    return "kubectl mogulsync" if os.path.basename(sys.argv[0]).startswith("kubectl-") else "mogulsync"  # noqa: PTH119


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Help with examples: COMMAND --help",
)
@click.version_option(__version__, message="mogulsync %(version)s")
def group() -> None:
    """Keep Intercom contacts supplied with ChartMogul's customer data, from Kubernetes."""


def _replace_closed_streams() -> None:
    """Have an empty stream in place of each standard stream that is closed (`<&-`), of which Python makes None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for the whole run


def root() -> NoReturn:
    """Run the command that the arguments name and exit with its code."""
    _replace_closed_streams()
    try:
        group(prog_name=program_name())
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        # Python flushes what is left once more as it ends; failing again, it would exit with 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        click.echo(f"Error: the output cannot be written ({error.strerror}); make room, or send it elsewhere", err=True)
        sys.exit(1)
    raise AssertionError("click exits")
