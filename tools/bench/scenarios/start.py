"""How long `mogulsync sync` takes until its first request, and what it imports."""

import re
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from bench.accounts import account
from bench.programs import run
from bench.sandbox import served
from bench.tables import Cell, Result, Table
from bench.targets import Target
from bench.worker import COMMAND, CREDENTIALS, manifest

_REPEATS: Final = 9
_MOST_SECONDS: Final = 0.6
_OPERATOR_ONLY: Final = ("kopf", "kubernetes", "aiohttp", "starlette", "uvicorn", "prometheus_client")


def measure() -> Result:
    """Start the command several times."""
    with tempfile.TemporaryDirectory(prefix="mogulsync-bench-") as folder, served(account(100)) as sandbox:
        file = Path(folder, "destination.json")
        file.write_text(manifest(sandbox.urls), encoding="utf-8")
        arguments = [*COMMAND, "--destination", str(file)]
        run(arguments, CREDENTIALS)  # the first start reads the modules from the disk
        first_requests = []
        for _ in range(_REPEATS):
            seen = len(sandbox.arrivals())
            ran = run(arguments, CREDENTIALS)
            first_requests.append(min(each.began for each in sandbox.arrivals()[seen:]) - ran.took.began)
        modules = _modules(run([arguments[0], "-X", "importtime", *arguments[1:]], CREDENTIALS).errors)
    help_seconds = _seconds([*COMMAND, "--help"])
    operators = sorted({name.partition(".")[0] for name in modules} & set(_OPERATOR_ONLY))
    table = Table(
        "Start",
        ("seconds", "median", "fastest"),
        [
            _row("`mogulsync sync` until its first request arrives", first_requests),
            _row("`mogulsync sync --help`", help_seconds),
        ],
        f"Of {_REPEATS} starts after a first one. `mogulsync sync` imports {len(modules)} modules, of the operator's "
        f"packages {', '.join(operators) or 'none'}.",
    )
    return Result(
        [table],
        [
            Target("`mogulsync sync` until its first request", median(first_requests), "<", _MOST_SECONDS, " s"),
            Target("`mogulsync sync --help`", median(help_seconds), "<", _MOST_SECONDS, " s"),
            Target("packages of the operator that `mogulsync sync` imports", len(operators), "<=", 0),
        ],
    )


def _seconds(arguments: list[str]) -> list[float]:
    return [run(arguments, {}).took.seconds for _ in range(_REPEATS)]


def _row(what: str, seconds: list[float]) -> tuple[Cell, ...]:
    return what, median(seconds), min(seconds)


def _modules(import_times: str) -> set[str]:
    """Return the modules that Python's `-X importtime` lists."""
    return set(re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+([\w.]+)$", import_times, re.MULTILINE))
