"""The manifests that are scanned: the chart with every switch on, and what the operator makes of a destination."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from mogulsync.controller.cronjob import build_cronjob
from mogulsync.controller.destination import IntercomDestination
from mogulsync.controller.job import build_run_job
from mogulsync.controller.jobdefaults import JobDefaults
from mogulsync.resource.job import Job

_ROOT: Final = Path(__file__).parents[2]
_IMAGE: Final = f"registry.example.com/mogulsync@sha256:{64 * 'a'}"
_NAMESPACE: Final = "crm"
_VALUES: Final[dict[str, Any]] = {
    "replicas": 2,
    "image": {"repository": "registry.example.com/mogulsync", "digest": f"sha256:{64 * 'a'}"},
    "watchNamespaces": [_NAMESPACE],
    "jobs": {"imagePullSecrets": [{"name": "registry"}], "networkPolicy": {"enabled": True}},
    "serviceMonitor": {"enabled": True},
    "podMonitor": {"enabled": True},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {"enabled": True},
}


def chart() -> str:
    """Return the chart's manifests as YAML."""
    command = ["helm", "template", "mogulsync", str(_ROOT / "charts/mogulsync"), "--namespace=operators", "--values=-"]
    return subprocess.run(command, input=json.dumps(_VALUES), capture_output=True, text=True, check=True).stdout


def jobs(defaults: Job = Job()) -> str:
    """Return the CronJob and the Job of a manual run of a destination, with nothing of its own in spec.job."""
    example = yaml.safe_load((_ROOT / "examples/01-first-destination.yaml").read_text(encoding="utf-8"))
    metadata = {
        "namespace": _NAMESPACE,
        "uid": "7f161a6f-a149-424d-895c-f1531a9c2c26",
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": "2026-11-01T00:00:00Z",
    }
    destination = IntercomDestination.parse(example | {"metadata": example["metadata"] | metadata})
    if destination.spec is None:
        raise ValueError(f"the example is not valid: {destination.problems}")
    spec = JobDefaults(image=_IMAGE, job=defaults).applied_to(destination.spec)
    return yaml.safe_dump_all([build_cronjob(destination, spec), build_run_job(destination, spec, request="now")])
