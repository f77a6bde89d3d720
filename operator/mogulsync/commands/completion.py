"""`mogulsync completion`: the completion script of a shell, and what kubectl asks for its plugin's completion."""

import sys
from typing import Final, Literal, NoReturn

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

_PROGRAM: Final = "mogulsync"
_VARIABLE: Final = "_MOGULSYNC_COMPLETE"
_KUBECTL_NO_FILES: Final = ":4"
"""Cobra's directive ShellCompDirectiveNoFileComp: what was printed is all there is."""
_KUBECTL_DEFAULT: Final = ":0"
"""Cobra's ShellCompDirectiveDefault: the shell may go on with names of files."""


class _Bash(BashComplete):
    """Bash's script; it is printed also where there is no bash, such as in the image."""

    @staticmethod
    def _check_version() -> None:
        """Do nothing: a bash that is too old reports it where the script is used."""


_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": _Bash, "zsh": ZshComplete, "fish": FishComplete}


@click.command(
    "completion",
    epilog="""\b
Examples:
  source <(mogulsync completion bash)                                     this shell
  mogulsync completion bash > /etc/bash_completion.d/mogulsync            every bash
  mogulsync completion zsh > "${fpath[1]}/_mogulsync"                     zsh
  mogulsync completion fish > ~/.config/fish/completions/mogulsync.fish   fish

\b
kubectl mogulsync completes by kubectl's own completion: the command kubectl_complete-mogulsync, which is installed
beside mogulsync, answers it.""",
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def command(*, shell: Literal["bash", "zsh", "fish"]) -> None:
    """Print the completion script of a shell: commands, options and names of destinations."""
    from mogulsync.commands.root import group  # noqa: PLC0415 - it lists this module

    click.echo(_SHELLS[shell](group, {}, _PROGRAM, _VARIABLE).source())


def complete_for_kubectl() -> NoReturn:
    """Answer kubectl's completion of `kubectl mogulsync …`.

    kubectl runs `kubectl_complete-mogulsync` with the words so far, of which the last is the one to complete, and reads
    a candidate a line, with a description after a tab, and at the end a colon and a directive (kubectl, "Extend kubectl
    with plugins", shell completion).
    """
    from mogulsync.commands.root import group  # noqa: PLC0415 - it lists this module

    words = sys.argv[1:] or [""]
    found = ShellComplete(group, {}, _PROGRAM, _VARIABLE).get_completions(words[:-1], words[-1])
    for item in found:
        if item.type == "plain":
            click.echo(f"{item.value}\t{item.help}" if item.help else item.value)
    click.echo(_KUBECTL_NO_FILES if all(item.type == "plain" for item in found) else _KUBECTL_DEFAULT)
    sys.exit(0)
