"""The Pod runner does to Pods what scheduler and kubelet would."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from localkube import ControlPlane
from localkube.kubeapi import ApiError, KubeApi
from localkube.podrunner import PodRunner

IMAGE = "python"
SECONDS = 120.0

Object = dict[str, Any]
Condition = Callable[[Object], bool]


class Bench:
    """Creates Pods that run Python code, and watches what becomes of them."""

    def __init__(self, api: KubeApi, namespace: str, runner: PodRunner) -> None:
        self.namespace = namespace
        self.runner = runner
        self._api = api
        self._base = f"/api/v1/namespaces/{namespace}"

    async def pod(self, code: str, *arguments: str, **container: Any) -> str:
        name = f"pod-{time.monotonic_ns()}"
        main = {"name": "sync", "image": IMAGE, "args": ["-c", code, *arguments]} | container
        spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": [main]}
        await self._api.post(f"{self._base}/pods", {"metadata": {"name": name}, "spec": spec})
        return name

    async def job(self, code: str, **spec: Any) -> None:
        main = {"name": "sync", "image": IMAGE, "args": ["-c", code]}
        template = {"spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [main]}}
        body = {"metadata": {"name": "job"}, "spec": {"template": template, "backoffLimit": 0} | spec}
        await self._api.post(f"/apis/batch/v1/namespaces/{self.namespace}/jobs", body)

    async def secret(self, name: str, **data: str) -> None:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        await self._api.post(f"{self._base}/secrets", {"metadata": {"name": name}, "data": encoded})

    async def delete(self, name: str, **options: Any) -> None:
        await self._api.delete(f"{self._base}/pods/{name}", options)

    async def until(self, name: str, condition: Condition, *, kind: str = "/pods") -> Object:
        base = self._base if kind == "/pods" else f"/apis/batch/v1/namespaces/{self.namespace}"
        deadline = time.monotonic() + SECONDS
        while True:
            found = await self._api.get(f"{base}{kind}/{name}")
            if condition(found):
                return found
            assert time.monotonic() < deadline, found["status"]
            await asyncio.sleep(0.05)

    async def until_gone(self, name: str) -> None:
        with pytest.raises(ApiError, match="not found"):
            await self.until(name, lambda _: False)

    async def ended(self, name: str) -> Object:
        return await self.until(name, lambda pod: pod["status"]["phase"] in {"Succeeded", "Failed"})

    async def running(self, name: str, said: str = "up") -> Object:
        """Wait until the Pod runs and has printed something."""
        pod = await self.until(name, lambda pod: pod["status"]["phase"] == "Running")
        await self.until(name, lambda _: said in self.runner.log(self.namespace, name))
        return pod


@pytest.fixture
async def bench(plane: ControlPlane, namespace: str) -> AsyncIterator[Bench]:
    async with (
        KubeApi(plane.kubeconfig) as api,
        PodRunner(plane.kubeconfig, namespace=namespace, entrypoints={IMAGE: [sys.executable]}) as runner,
    ):
        yield Bench(api, namespace, runner)


def container(pod: Object) -> Object:
    only: Object = pod["status"]["containerStatuses"][0]
    return only


def terminated(pod: Object) -> Object:
    state: Object = container(pod)["state"]["terminated"]
    return state


def waits_for(reason: str) -> Condition:
    def holds(pod: Object) -> bool:
        statuses = pod["status"].get("containerStatuses")
        return bool(statuses) and statuses[0]["state"].get("waiting", {}).get("reason") == reason

    return holds


def conditions(pod: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in pod["status"]["conditions"]}


SLEEP = "import time; print('up', flush=True); time.sleep(60)"


async def test_pod_that_succeeds(bench: Bench) -> None:
    pod = await bench.ended(await bench.pod("print('done'); open('/dev/termination-log', 'w').write('all well')"))
    status = pod["status"]
    assert status["phase"] == "Succeeded"
    state = terminated(pod)
    assert (state["exitCode"], state["reason"], state["message"]) == (0, "Completed", "all well")
    assert status["startTime"] <= state["startedAt"] <= state["finishedAt"]
    assert conditions(pod) == {
        "PodScheduled": "True",
        "PodReadyToStartContainers": "False",
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
    }
    assert (container(pod)["ready"], container(pod)["started"], container(pod)["restartCount"]) == (False, False, 0)
    assert bench.runner.log(bench.namespace, pod["metadata"]["name"]) == "done\n"


async def test_pod_that_fails(bench: Bench) -> None:
    pod = await bench.ended(await bench.pod("raise SystemExit(4)"))
    assert pod["status"]["phase"] == "Failed"
    assert (terminated(pod)["exitCode"], terminated(pod)["reason"]) == (4, "Error")
    assert "message" not in terminated(pod)


async def test_running_pod_is_ready(bench: Bench) -> None:
    pod = await bench.running(await bench.pod(SLEEP))
    assert conditions(pod)["Ready"] == "True"
    assert (container(pod)["ready"], container(pod)["started"]) == (True, True)
    assert container(pod)["state"]["running"]["startedAt"]
    assert pod["spec"]["nodeName"]


async def test_termination_message_is_the_last_4096_bytes(bench: Bench) -> None:
    pod = await bench.ended(await bench.pod("open('/dev/termination-log', 'w').write('a' + 'x' * 4095 + 'z')"))
    assert terminated(pod)["message"] == "x" * 4095 + "z"


async def test_termination_log_that_is_replaced_reaches_nobody(bench: Bench) -> None:
    code = "import os, sys; open('new', 'w').write('lost'); os.replace('new', sys.argv[1])"
    pod = await bench.ended(await bench.pod(code, "/dev/termination-log"))
    assert pod["status"]["phase"] == "Succeeded"
    assert "message" not in terminated(pod)


async def test_log_takes_the_place_of_a_missing_message_where_the_pod_asks_for_it(bench: Bench) -> None:
    name = await bench.pod("raise SystemExit('no luck')", terminationMessagePolicy="FallbackToLogsOnError")
    assert terminated(await bench.ended(name))["message"] == "no luck\n"


async def test_process_has_the_pods_environment_and_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERCOM_ACCESS_TOKEN", "of the parent")
    await bench.secret("chartmogul", key="hush")
    name = await bench.pod(
        "import json, os; print(json.dumps(dict(os.environ)))",
        env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "chartmogul", "key": "key"}}}],
    )
    await bench.ended(name)
    environment = json.loads(bench.runner.log(bench.namespace, name))
    assert environment["KEY"] == "hush"
    assert environment["HOSTNAME"] == name
    allowed = {"KEY", "PATH", "PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE", "SSL_CERT_FILE", "HOME", "TMPDIR", "HOSTNAME"}
    assert environment.keys() <= allowed


async def test_pod_waits_for_its_secret_and_for_the_key_in_it(bench: Bench) -> None:
    reference = {"name": "later", "key": "key"}
    name = await bench.pod(
        "import os; print(os.environ['KEY'])", env=[{"name": "KEY", "valueFrom": {"secretKeyRef": reference}}]
    )
    pod = await bench.until(name, waits_for("CreateContainerConfigError"))
    assert pod["status"]["phase"] == "Pending"
    assert container(pod)["state"]["waiting"]["message"] == 'secret "later" not found'
    await bench.secret("later", key="found")
    await bench.ended(name)
    assert bench.runner.log(bench.namespace, name) == "found\n"


async def test_missing_key_is_reported_as_a_kubelet_does(bench: Bench) -> None:
    await bench.secret("partial", other="x")
    name = await bench.pod("", env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "partial", "key": "key"}}}])
    pod = await bench.until(name, waits_for("CreateContainerConfigError"))
    said = container(pod)["state"]["waiting"]["message"]
    assert said == f"couldn't find key key in Secret {bench.namespace}/partial"


async def test_image_that_cannot_be_pulled(bench: Bench) -> None:
    bench.runner.unpullable.add("registry.example/absent:1")
    name = await bench.pod("", image="registry.example/absent:1")
    pod = await bench.until(name, waits_for("ImagePullBackOff"))
    assert pod["status"]["phase"] == "Pending"
    assert "registry.example/absent:1" in container(pod)["state"]["waiting"]["message"]
    await bench.delete(name)
    await bench.until_gone(name)


async def test_deleted_pod_is_told_to_stop_and_then_removed(bench: Bench) -> None:
    code = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("stopping"), sys.exit(5)))
print("up", flush=True)
time.sleep(60)
"""
    name = await bench.pod(code)
    await bench.running(name)
    await bench.delete(name)
    await bench.until_gone(name)
    assert "stopping" in bench.runner.log(bench.namespace, name)


async def test_deleted_pod_that_does_not_stop_is_killed_after_its_grace(bench: Bench) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
    name = await bench.pod(code)
    await bench.running(name)
    await bench.delete(name, gracePeriodSeconds=1)
    await bench.until_gone(name)


async def test_memory_run_out(bench: Bench) -> None:
    name = await bench.pod(SLEEP)
    await bench.running(name)
    bench.runner.kill_out_of_memory(bench.namespace, name)
    pod = await bench.ended(name)
    assert pod["status"]["phase"] == "Failed"
    assert (terminated(pod)["exitCode"], terminated(pod)["reason"]) == (137, "OOMKilled")


async def test_eviction(bench: Bench) -> None:
    name = await bench.pod(SLEEP)
    await bench.running(name)
    bench.runner.evict(bench.namespace, name)
    pod = await bench.ended(name)
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "Evicted")
    assert "low on resource" in pod["status"]["message"]
    assert conditions(pod)["DisruptionTarget"] == "True"


async def test_pod_that_does_not_run_cannot_be_killed(bench: Bench) -> None:
    with pytest.raises(LookupError):
        bench.runner.evict(bench.namespace, "absent")


async def test_deadline_of_a_job_ends_its_pod(bench: Bench) -> None:
    await bench.job(SLEEP, activeDeadlineSeconds=1)
    job = await bench.until(
        "job", lambda job: any(each["type"] == "Failed" for each in job["status"].get("conditions", ())), kind="/jobs"
    )
    assert {each["reason"] for each in job["status"]["conditions"]} == {"DeadlineExceeded"}


async def test_job_completes(bench: Bench) -> None:
    await bench.job("print(1)")
    job = await bench.until("job", lambda job: job["status"].get("succeeded") == 1, kind="/jobs")
    assert {each["type"] for each in job["status"]["conditions"]} >= {"Complete"}


async def test_pods_above_the_limit_wait_their_turn(plane: ControlPlane, namespace: str) -> None:
    async with (
        KubeApi(plane.kubeconfig) as api,
        PodRunner(plane.kubeconfig, namespace=namespace, entrypoints={IMAGE: [sys.executable]}, at_once=1) as runner,
    ):
        bench = Bench(api, namespace, runner)
        first = await bench.pod(SLEEP)
        await bench.running(first)
        second = await bench.pod("print(2)")
        await bench.until(second, lambda pod: pod["status"]["phase"] == "Pending" and not pod["spec"].get("nodeName"))
        await bench.delete(first, gracePeriodSeconds=0)
        await bench.ended(second)
