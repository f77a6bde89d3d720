"""Virtual environments for the peers, kept in the user's cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[3]


class NotInstalledError(RuntimeError):
    """A peer cannot be installed; the message says why."""


def python_with(requirement: str) -> Path:
    """Return the interpreter of an environment that has this pinned requirement, made when it is not there yet.

    Raises:
        NotInstalledError: There is no uv, or it could not install the requirement.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "mogulsync" / "bench" / requirement.replace("==", "-")
    interpreter = folder / "bin" / "python"
    if (folder / "complete").exists():
        return interpreter
    uv = shutil.which("uv") or shutil.which("uv", path=str(_ROOT / ".uv" / "bin"))
    if uv is None:
        raise NotInstalledError("uv is not on the PATH")
    for command in (
        ["venv", "--quiet", "--clear", "--python", sys.executable, str(folder)],
        ["pip", "install", "--quiet", "--python", str(interpreter), requirement],
    ):
        done = subprocess.run([uv, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalledError((done.stderr.strip().splitlines() or ["uv failed"])[-1])
    (folder / "complete").touch()
    return interpreter
