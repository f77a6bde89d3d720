"""`mogulsync` as a person calls it: a process of its own, with what it reads and prints."""

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

SECONDS: Final = 120.0
"""How long a command may take on a busy machine."""
_PLUGIN: Final = ("-c", "import sys; sys.argv[0] = 'kubectl-mogulsync'; from mogulsync.__main__ import main; main()")


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


def environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process' environment with changes; None takes a variable out."""
    base = {name: value for name, value in os.environ.items() if not name.startswith(("INTERCOM_", "CHARTMOGUL_"))}
    merged: dict[str, str | None] = {**base, "COLUMNS": "100", "BROWSER": "true", **changes}
    return {name: value for name, value in merged.items() if value is not None}


def start(
    *arguments: str, env: Mapping[str, str | None] | None = None, program: Sequence[str] = ("-m", "mogulsync")
) -> subprocess.Popen[str]:
    """Start the command, its three streams piped."""
    return subprocess.Popen(  # noqa: S603 - the program under test
        [sys.executable, *program, *arguments],
        env=environment(env or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], stdin: str = "") -> Ended:
    """Wait until it has ended."""
    try:
        out, err = process.communicate(stdin, timeout=SECONDS)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def call(*arguments: str, env: Mapping[str, str | None] | None = None, stdin: str = "") -> Ended:
    """Run the command to its end."""
    return finish(start(*arguments, env=env), stdin)


def call_plugin(*arguments: str, env: Mapping[str, str | None] | None = None) -> Ended:
    """Run the command as kubectl runs its plugins."""
    return finish(start(*arguments, env=env, program=_PLUGIN))


def call_into(path: Path, *arguments: str, env: Mapping[str, str | None] | None = None, stdin: str = "") -> Ended:
    """Run the command with its standard output redirected to a file, as a shell does."""
    with path.open("w") as out:
        done = subprocess.run(  # noqa: S603 - the program under test
            [sys.executable, "-m", "mogulsync", *arguments],
            env=environment(env or {}),
            input=stdin,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    return Ended(done.returncode, path.read_text(), done.stderr)


def call_on_terminal(program: Sequence[str], *, columns: int, env: Mapping[str, str], cwd: Path | None = None) -> Ended:
    """Run a program whose standard output is a terminal of that width; what it printed there has its colours."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - the program under test
        program,
        env={**env, "COLUMNS": str(columns), "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=subprocess.PIPE,
    )
    os.close(end)
    pieces = []
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(terminal, 65536):
            pieces.append(piece)
    os.close(terminal)
    _, problems = process.communicate(timeout=SECONDS)
    return Ended(process.returncode, b"".join(pieces).decode().replace("\r\n", "\n"), problems.decode())
