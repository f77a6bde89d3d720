"""Runs a program and returns what it took."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LAUNCH: Final = Path(__file__).with_name("launch.py")
_KIB_PER_MIB: Final = 1024


class ProgramError(RuntimeError):
    """A program did not do what it was started for; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Took:
    """Time, memory and exit code of a program, from its start to its end."""

    exit_code: int
    began: float
    """On the machine's monotonic clock."""
    seconds: float
    cpu_seconds: float
    peak_kib: int
    """Resident memory at its highest (ru_maxrss)."""

    @property
    def peak_mib(self) -> float:
        """Resident memory at its highest."""
        return self.peak_kib / _KIB_PER_MIB


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that has ended."""

    took: Took
    output: str
    errors: str


def run(arguments: Sequence[str], environment: Mapping[str, str], *, may_exit: Sequence[int] = (0,)) -> Ran:
    """Run a program, named by its path, to its end.

    Raises:
        ProgramError: It ended with another exit code than those it may.
    """
    with tempfile.TemporaryDirectory(prefix="mogulsync-bench-") as folder:
        figures, output, errors = (Path(folder, name) for name in ("took.json", "output", "errors"))
        with output.open("wb") as to_output, errors.open("wb") as to_errors:
            subprocess.run(
                [sys.executable, "-I", "-S", str(_LAUNCH), str(figures), *arguments],
                env={**_surroundings(), **environment},
                stdout=to_output,
                stderr=to_errors,
                check=True,
            )
        ran = Ran(
            Took(**json.loads(figures.read_text(encoding="utf-8"))),
            output.read_text(encoding="utf-8", errors="replace"),
            errors.read_text(encoding="utf-8", errors="replace"),
        )
    if ran.took.exit_code not in may_exit:
        raise ProgramError(f"{Path(arguments[0]).name} ended with {ran.took.exit_code}: {ran.errors[-2000:]}")
    return ran


def _surroundings() -> dict[str, str]:
    """Return the environment without what would lead requests to this machine elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
