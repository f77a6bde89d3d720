"""Two replicas of the operator itself: one acts, both are live and ready, the other follows."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from localkube import ControlPlane, Part, free_ports

Kubectl = Callable[..., str]

_MANIFEST = """
apiVersion: mogulsync.dev/v1alpha1
kind: IntercomDestination
metadata:
  name: {name}
spec:
  chartmogul: {{apiKeySecretRef: {{name: chartmogul}}}}
  intercom: {{oauthSecretRef: {{name: intercom}}}}
  matching: {{chartmogulField: Email}}
  fields: [{{source: MRR}}]
"""


@dataclass
class Replica:
    """One operator."""

    process: subprocess.Popen[bytes]
    metrics_port: int
    health_port: int

    def probe(self, path: str) -> tuple[int, str]:
        """Return status and text of a probe's answer; 0 while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def samples(self) -> list[Sample]:
        """Return everything that `/metrics` shows."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        return [sample for family in families for sample in family.samples]

    def value(self, name: str, /, **labels: str) -> float:
        """Return one sample's value; 0 when there is none."""
        return next((each.value for each in self.samples() if each.name == name and each.labels == labels), 0)

    @property
    def leads(self) -> bool:
        """Whether it holds the lease."""
        return self.value("mogulsync_leader") == 1


@pytest.fixture
def start(plane: ControlPlane, namespace: str) -> Iterator[Callable[[], Replica]]:
    """Start a replica that serves the test's namespace."""
    replicas: list[Replica] = []

    def run() -> Replica:
        ports = free_ports(2)
        addresses = [
            f"--{name}-address=127.0.0.1:{port}" for name, port in zip(("metrics", "health"), ports, strict=True)
        ]
        command = [sys.executable, "-m", "mogulsync", "operator", "--namespace", namespace, "--image", "mogulsync"]
        environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig), "POD_NAMESPACE": namespace}
        process = subprocess.Popen([*command, *addresses], env=environment)  # noqa: S603 - our own program
        replicas.append(Replica(process, *ports))
        return replicas[-1]

    yield run
    for replica in replicas:
        replica.process.kill()
        replica.process.wait()


def test_both_are_live_and_ready_and_another_acts_after_a_kill(start: Callable[[], Replica], kubectl: Kubectl) -> None:
    first = start()
    _await(lambda: first.probe("/readyz") == (200, "ok\n") and first.leads)
    second = start()
    _await(lambda: second.probe("/readyz") == (200, "ok\n"))
    assert (first.leads, second.leads) == (True, False)
    assert (first.probe("/healthz")[0], second.probe("/healthz")[0]) == (200, 200)
    kubectl("apply", "-f", "-", stdin=_MANIFEST.format(name="before"))
    _await(lambda: "before" in kubectl("get", "cronjobs", "-o", "name"))

    first.process.send_signal(signal.SIGKILL)
    kubectl("apply", "-f", "-", stdin=_MANIFEST.format(name="after"))
    _await(lambda: "after" in kubectl("get", "cronjobs", "-o", "name"))

    assert second.leads


def test_another_acts_soon_after_a_clean_end(start: Callable[[], Replica], kubectl: Kubectl) -> None:
    first = start()
    _await(lambda: first.probe("/readyz")[0] == 200 and first.leads)
    second = start()
    _await(lambda: second.probe("/readyz")[0] == 200)

    first.process.send_signal(signal.SIGTERM)
    _await(lambda: second.leads)

    assert first.process.wait(60) == 0
    assert json.loads(kubectl("get", "lease", "mogulsync", "-o", "json"))["spec"]["leaseTransitions"] == 1


def test_the_metrics_follow_a_destinations_life(start: Callable[[], Replica], kubectl: Kubectl, namespace: str) -> None:
    replica = start()
    _await(lambda: replica.probe("/readyz")[0] == 200 and replica.leads)
    kubectl("apply", "-f", "-", stdin=_MANIFEST.format(name="production"))

    own = {"namespace": namespace, "name": "production"}
    _await(lambda: replica.value("mogulsync_destination_next_sync_timestamp_seconds", **own) > time.time())
    assert replica.value("mogulsync_reconcile_duration_seconds_count") > 0
    assert replica.value("mogulsync_destination_condition", **own, condition="Synced", status="Unknown") == 1
    assert {sample.labels["kind"] for sample in replica.samples() if sample.name == "mogulsync_watch_age_seconds"} == {
        "intercomdestinations",
        "cronjobs",
        "jobs",
        "pods",
    }

    kubectl("delete", "icd", "production")
    _await(lambda: not any(sample.labels.get("name") == "production" for sample in replica.samples()))


def test_no_replica_is_ready_before_the_api_server_answers(plane: ControlPlane, start: Callable[[], Replica]) -> None:
    plane.pause(Part.API_SERVER)
    try:
        replica = start()
        _await(lambda: replica.probe("/healthz")[0] == 200)
        before = replica.probe("/readyz")
    finally:
        plane.resume(Part.API_SERVER)

    assert before == (503, "the lease was not read or won yet\n")
    _await(lambda: replica.probe("/readyz")[0] == 200 and replica.leads)


def _await(reached: Callable[[], bool], *, within: float = 120) -> None:
    deadline = time.monotonic() + within
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.05)
