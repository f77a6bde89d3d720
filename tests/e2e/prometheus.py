"""A real Prometheus that scrapes the operator, with the chart's alerts, and the queries of the chart's dashboard."""

import json
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from localkube import free_ports
from tests.e2e.cluster import ROOT, eventually

_FILES: Final = ROOT / "charts" / "mogulsync" / "files"
_VARIABLES: Final = {"$__rate_interval": "20s", "$namespace": ".*", "$destination": ".*"}
"""What Grafana puts in their place."""


@dataclass(frozen=True)
class Queries:
    """What a running Prometheus is asked."""

    url: str

    def of_the_dashboard(self) -> list[str]:
        """Return the queries of all panels, as Grafana sends them."""
        dashboard = json.loads((_FILES / "dashboard.json").read_text())
        queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
        for name, value in _VARIABLES.items():
            queries = [query.replace(name, value) for query in queries]
        return queries

    def answer(self, query: str) -> list[dict[str, Any]]:
        """Return the series that a query finds, without those that are no number.

        Raises:
            urllib.error.HTTPError: Prometheus does not understand it.
        """
        series = self._get("query", query=query)["result"]
        return [found for found in series if found["value"][1] != "NaN"]

    def firing(self) -> list[str]:
        """Return the names of the alerts that fire; fail when a rule cannot be evaluated."""
        rules = [rule for group in self._get("rules")["groups"] for rule in group["rules"]]
        assert {rule["health"] for rule in rules} == {"ok"}, rules
        return [rule["name"] for rule in rules if rule["state"] == "firing"]

    def _get(self, path: str, **query: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}") as answer:  # noqa: S310
            data: dict[str, Any] = json.loads(answer.read())["data"]
        return data


@dataclass(frozen=True)
class Prometheus:
    """The program, of whatever version the PATH has."""

    program: str

    @classmethod
    def find(cls) -> "Prometheus | None":
        """Return it; None when it is not installed."""
        program = shutil.which("prometheus")
        return cls(program) if program else None

    @contextmanager
    def scraping(self, target: str) -> Iterator[Queries]:
        """Yield a Prometheus that has scraped the target some times and evaluated the chart's alerts."""
        [port] = free_ports(1)
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "prometheus.yaml"
            job = {
                "job_name": "mogulsync",
                "honor_labels": True,
                "static_configs": [{"targets": [target.removeprefix("http://")]}],
            }
            config.write_text(
                yaml.safe_dump(
                    {
                        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                        "rule_files": [str(_FILES / "alerts.yaml")],
                        "scrape_configs": [job],
                    }
                )
            )
            command = (
                self.program, f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            )  # fmt: skip
            with subprocess.Popen(command) as process:
                queries = Queries(f"http://127.0.0.1:{port}")
                try:
                    eventually(lambda: _scrapes(queries), lambda count: count >= 5, within=60)
                    yield queries
                finally:
                    process.terminate()


def _scrapes(queries: Queries) -> int:
    try:
        found = queries.answer("count_over_time(mogulsync_leader[1m])")
    except OSError:
        return 0
    return int(found[0]["value"][1]) if found else 0
