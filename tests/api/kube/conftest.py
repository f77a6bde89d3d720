"""Candidates: processes that stand for election at the control plane."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localkube import ControlPlane
from mogulsync.kube.leaderelection import LeaderElectionConfig

_SCRIPT = Path(__file__).with_name("candidate.py")
_OPERATOR = Path(__file__).parents[3] / "operator"


@dataclass
class Candidate:
    """One process; its notes say when it acted."""

    identity: str
    process: subprocess.Popen[bytes]
    notes: Path

    def acts(self) -> list[float]:
        """Return when it acted, in seconds of the machine's monotonic clock."""
        if not self.notes.exists():
            return []
        lines = self.notes.read_text(encoding="utf-8").splitlines(keepends=True)
        return [float(line) for line in lines if line.endswith("\n")]

    def began(self) -> float:
        """Return when it began to stand, in seconds of the machine's monotonic clock."""
        return float(Path(f"{self.notes}.began").read_text(encoding="utf-8"))

    def await_act(self, *, since: float = 0, within: float = 120) -> float:
        """Return when it first acted after `since`; fail when it does not within so many seconds."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if found := next((act for act in self.acts() if act > since), None):
                return found
            assert self.process.poll() is None, f"{self.identity} ended with {self.process.returncode}"
            time.sleep(0.02)
        raise AssertionError(f"{self.identity} did not act within {within} s")

    def await_standby(self, *, within: float = 120) -> None:
        """Return once it has seen another lead; fail when it does not within so many seconds."""
        deadline = time.monotonic() + within
        while not Path(f"{self.notes}.standby").exists():
            assert time.monotonic() < deadline, f"{self.identity} does not stand by"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> float:
        """Send a signal and return when."""
        self.process.send_signal(number)
        return time.monotonic()


Stand = Callable[..., Candidate]


@pytest.fixture
def stand(plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[Stand]:
    """Start a candidate: `stand("first", config=_REAL)`."""
    candidates: list[Candidate] = []

    def start(identity: str, *, config: LeaderElectionConfig, kubeconfig: Path | None = None) -> Candidate:
        notes = tmp_path / identity
        seconds = json.dumps(dataclasses.asdict(config))
        arguments = [str(kubeconfig or plane.kubeconfig), namespace, identity, seconds, str(notes)]
        environment = {**os.environ, "PYTHONPATH": str(_OPERATOR)}
        process = subprocess.Popen([sys.executable, _SCRIPT, *arguments], env=environment)  # noqa: S603 - our own script
        candidates.append(Candidate(identity, process, notes))
        return candidates[-1]

    yield start
    for candidate in candidates:
        candidate.process.kill()
        candidate.process.wait()
