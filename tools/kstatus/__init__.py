"""What kstatus (Flux's `wait`, cli-utils) makes of resources, computed by its own code.

A short Go program holds that code; it is compiled once and kept in the user's cache, with Go from the
PATH or from PyPI as for the control plane of `localkube`.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from localkube import gobuild
from localkube.assets import cache_folder
from localkube.progress import UnavailableError

_SOURCE: Final = Path(__file__).with_name("program")
_ANSWER_SECONDS: Final = 60

__all__ = ["Answer", "UnavailableError", "compute", "find_program"]


class Answer(NamedTuple):
    """A resource's status, as kstatus computes it."""

    status: str
    """Current, InProgress, Failed, Terminating, NotFound or Unknown."""
    message: str


def compute(program: Path, resources: Iterable[Mapping[str, Any]]) -> list[Answer]:
    """Return what the program says of each resource.

    Raises:
        CalledProcessError: A resource is none.
    """
    lines = "".join(json.dumps(resource) + "\n" for resource in resources)
    run = subprocess.run([program], input=lines, stdout=subprocess.PIPE, text=True, check=True, timeout=_ANSWER_SECONDS)
    return [Answer(**json.loads(line)) for line in run.stdout.splitlines()]


def find_program() -> Path:
    """Return the program, compiled now if it is not in the cache yet.

    Raises:
        UnavailableError: No Go was found or could be fetched, or the build failed.
    """
    return gobuild.find_program("kstatus", _SOURCE, cache=cache_folder())
