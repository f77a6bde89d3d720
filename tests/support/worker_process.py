"""The worker as a process of its own, against a sandbox in this one."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, Urls


@dataclass
class Ended:
    """A worker that has ended."""

    code: int
    out: str
    err: str
    report: dict[str, Any] | None

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of its log; each has to be JSON."""
        return [json.loads(line) for line in self.err.splitlines()]


class Worker:
    """Starts `mogulsync` with what a Job's Pod would have."""

    def __init__(self, folder: Path, urls: Urls, sandbox: Sandbox) -> None:
        self.folder = folder
        self.urls = urls
        self.sandbox = sandbox
        self.report = folder / "report.json"

    def manifest(self, **changes: Any) -> dict[str, Any]:
        """Return a manifest for the sandbox, with changes to its spec."""
        spec: dict[str, Any] = {
            "chartmogul": {"apiKeySecretRef": {"name": "chartmogul"}, "url": self.urls.chartmogul},
            "intercom": {"oauthSecretRef": {"name": "intercom"}, "url": self.urls.intercom},
            "matching": {"chartmogulField": "Email"},
            "fields": [{"source": "MRR"}, {"source": "CustomerStatus"}],
        }
        return {
            "apiVersion": "mogulsync.dev/v1alpha1",
            "kind": "IntercomDestination",
            "metadata": {"name": "production"},
            "spec": {**spec, **changes},
        }

    def file(self, **changes: Any) -> str:
        """Write a manifest and return its path."""
        path = self.folder / "destination.yaml"
        path.write_text(yaml.safe_dump(self.manifest(**changes)))
        return str(path)

    def start(self, *args: str, env: dict[str, str | None] | None = None) -> subprocess.Popen[str]:
        """Start `mogulsync` with these arguments; `env` changes the environment, None takes a variable out."""
        changed: dict[str, str | None] = {
            "CHARTMOGUL_API_KEY": API_KEY,
            "INTERCOM_ACCESS_TOKEN": ACCESS_TOKEN,
            "MOGULSYNC_DESTINATION": None,
            **(env or {}),
        }
        environment = {**os.environ, **{name: value for name, value in changed.items() if value is not None}}
        for name, value in changed.items():
            if value is None:
                environment.pop(name, None)
        return subprocess.Popen(  # noqa: S603 - the program under test
            [sys.executable, "-m", "mogulsync", *args],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: subprocess.Popen[str], stdin: str = "") -> Ended:
        """Wait until it has ended."""
        out, err = process.communicate(stdin, timeout=120)
        written = self.report.read_text() if self.report.exists() else ""
        return Ended(process.returncode, out, err, json.loads(written) if written else None)

    def run(self, *args: str, env: dict[str, str | None] | None = None, stdin: str = "") -> Ended:
        """Run `mogulsync` with these arguments and a report."""
        return self.finish(self.start(*args, "--report", str(self.report), env=env), stdin)
