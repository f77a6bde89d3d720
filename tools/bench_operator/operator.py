"""The operator as a process, and what it takes."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from bench_operator.destinations import NAMESPACE
from localkube.process import Process

_STARTING_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.1
_KIB_PER_MIB: Final = 1024
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STAT_USER: Final = 11
"""Index of utime in /proc/PID/stat, counted after the command's closing bracket (proc_pid_stat(5))."""


class OperatorError(RuntimeError):
    """The operator did not start; the message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time and memory of a process so far."""

    cpu_seconds: float
    resident_mib: float
    peak_mib: float


def usage(pid: int) -> Usage:
    """Return what a process has taken so far, by /proc."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    memory = {
        name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines) if "kB" in value
    }
    return Usage(
        cpu_seconds=(int(stat[_STAT_USER]) + int(stat[_STAT_USER + 1])) / _TICKS,
        resident_mib=memory["VmRSS"] / _KIB_PER_MIB,
        peak_mib=memory["VmHWM"] / _KIB_PER_MIB,
    )


class Operator:
    """`mogulsync operator` as its Deployment runs it: it elects itself, and watches one namespace.

    Args:
        kubeconfig: Whom it acts as.
        folder: Where its log goes.
    """

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        arguments = ("--namespace", NAMESPACE, "--image", "mogulsync:bench")
        addresses = ("--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0")
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self._log = folder / "operator.log"
        self._process = Process(
            "operator",
            [sys.executable, "-m", "mogulsync", "operator", *arguments, *addresses],
            log=self._log,
            environment={**environment, "KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": NAMESPACE},
        )
        self._metrics = ""

    async def __aenter__(self) -> Self:
        self._process.start()
        try:
            await self._until_ready()
        except BaseException:
            self._process.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()

    @property
    def usage(self) -> Usage:
        """What it has taken since its start."""
        return usage(self._process.pid)

    async def scrape(self) -> int:
        """Ask for its metrics, as Prometheus does; return the bytes of text."""
        async with aiohttp.ClientSession() as session, session.get(f"http://{self._metrics}/metrics") as answer:
            answer.raise_for_status()
            return len(await answer.read())

    async def _until_ready(self) -> None:
        for _ in range(round(_STARTING_SECONDS / _POLL_SECONDS)):
            if self._process.exit_code is not None:
                break
            addresses = self._addresses()
            if addresses:
                self._metrics, health = addresses
                async with aiohttp.ClientSession() as session, session.get(f"http://{health}/readyz") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(_POLL_SECONDS)
        raise OperatorError(f"the operator does not become ready; its log ends:\n{self._process.log_tail()}")

    def _addresses(self) -> tuple[str, str] | None:
        """Return where metrics and probes are served, as the log says."""
        for line in self._log.read_text(encoding="utf-8", errors="replace").splitlines():
            if '"serving metrics' in line:
                metrics, health = (word for word in json.loads(line)["message"].split() if ":" in word)
                return metrics, health
        return None
