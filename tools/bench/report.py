"""The end of both benchmark commands: the machine, the targets, the figures as JSON, the exit code."""

import dataclasses
import json
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from bench.tables import Cell, Result, Table, show, shown, targets_table
from mogulsync import __version__


class Report:
    """Shows each table as it comes and keeps all figures.

    Args:
        name: The benchmark's, for its progress lines.
        packages: Distributions whose versions the figures depend on, each with what to call it.
        more: Further rows for the machine.
    """

    def __init__(self, name: str, packages: dict[str, str], more: dict[str, Cell] | None = None) -> None:
        self._name = name
        self._console = Console()
        self._began = time.monotonic()
        self._result = Result([])
        self._machine = Table(
            "Machine",
            ("what", "value"),
            [
                ("cores", os.cpu_count()),
                ("load of the minute before", shown(os.getloadavg()[0])),
                ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
                ("Python", platform.python_version()),
                ("mogulsync", __version__),
                *((label, version(package)) for package, label in packages.items()),
                *(more or {}).items(),
            ],
        )
        show(self._machine, self._console)

    def say(self, what: str) -> None:
        """Print a line of progress to standard error."""
        print(f"{self._name}: {what}", file=sys.stderr, flush=True)

    def add(self, measured: Result) -> None:
        """Show what a scenario measured and keep it."""
        self._result.tables.extend(measured.tables)
        self._result.targets.extend(measured.targets)
        for table in measured.tables:
            show(table, self._console)

    def finish(self, *, to_json: Path | None, strict: bool) -> int:
        """Show the targets, write the figures, and return the exit code: 1 where `strict` and a target is missed."""
        targets = self._result.targets
        show(targets_table(targets), self._console)
        self.say(f"took {(time.monotonic() - self._began) / 60:.1f} minutes")
        if to_json is not None:
            figures = {
                "tables": [dataclasses.asdict(table) for table in (self._machine, *self._result.tables)],
                "targets": [{**dataclasses.asdict(target), "met": target.met} for target in targets],
            }
            to_json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return 1 if strict and not all(target.met for target in targets) else 0
