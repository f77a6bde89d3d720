"""Due times as Kubernetes' CronJob controller computes them, by its own parser (robfig/cron v3).

A short Go program holds it; it is compiled once and kept in the user's cache. Both sides read the same time zones:
the system's or, where it has none, those of the tzdata package.
"""

import json
import os
import subprocess
import zoneinfo
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from localkube import gobuild
from localkube.assets import cache_folder
from localkube.progress import UnavailableError

_SOURCE: Final = Path(__file__).with_name("program")
_ANSWER_SECONDS: Final = 120

__all__ = ["Question", "UnavailableError", "ask", "find_program"]


class Question(NamedTuple):
    """A schedule, and from when on its due times are asked for."""

    schedule: str
    time_zone: str
    after: int
    """Unix time."""
    most: int = 1
    """Due times that are asked for."""


def find_program() -> Path:
    """Return the program, compiled now if it is not in the cache yet.

    Raises:
        UnavailableError: No Go was found or could be fetched, or the build failed.
    """
    return gobuild.find_program("robfigcron", _SOURCE, cache=cache_folder())


def ask(program: Path, questions: Iterable[Question]) -> list[list[int] | None]:
    """Return each question's due times in Unix time, fewer where there are no more; None for what is no schedule.

    Raises:
        CalledProcessError: The program failed.
    """
    lines = "".join(
        json.dumps({"schedule": each.schedule, "timeZone": each.time_zone, "after": each.after, "count": each.most})
        + "\n"
        for each in questions
    )
    run = subprocess.run(
        [program],
        input=lines,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=_ANSWER_SECONDS,
        env={**os.environ, "ZONEINFO": _zones()},
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    return [None if answer.get("error") else answer["times"] for answer in answers]


def _zones() -> str:
    """Return the folder of time zones that Python reads."""
    system = next((path for path in zoneinfo.TZPATH if Path(path, "Europe").is_dir()), None)
    return system or str(files("tzdata") / "zoneinfo")
