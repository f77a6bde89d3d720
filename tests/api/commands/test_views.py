"""status, logs, doctor, version and completion, as a person sees them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from localkube import ControlPlane
from localkube.podrunner import PodRunner
from mogulsync import __version__
from mogulsync.resource.fixes import fix_for
from tests.support.command_line import Ended, call_on_terminal, call_plugin, environment, finish, start
from tests.support.operator_world import World, report

Mogulsync = Callable[..., Ended]
LIST = {"apiGroups": ["mogulsync.dev"], "resources": ["intercomdestinations"], "verbs": ["list"]}


async def set_status(world: World, name: str, **status: Any) -> None:
    conditions = [
        {
            "type": kind,
            "status": value,
            "reason": reason,
            "message": message,
            "lastTransitionTime": "2026-11-24T08:00:00Z",
        }
        for kind, value, reason, message in status.pop("conditions", ())
    ]
    body = {"status": {"observedGeneration": 1, "conditions": conditions, **status}}
    await world.kubectl("patch", "icd", name, "--subresource=status", "--type=merge", "-p", json.dumps(body))


async def two(world: World) -> None:
    """Make a destination that is well, and one that needs attention."""
    await world.apply("a-good", timeZone="Asia/Tokyo")
    await set_status(
        world,
        "a-good",
        nextSyncTime="2026-11-25T00:00:00Z",
        conditions=[("Ready", "True", "Ready", "fine"), ("Synced", "True", "Succeeded", "fine")],
    )
    await world.apply("b-bad")
    await set_status(
        world,
        "b-bad",
        conditions=[("Ready", "False", "CredentialsRejected", "refused"), ("Synced", "Unknown", "NoRunYet", "none")],
        lastSync=json.loads(report("PartiallySucceeded")) | {"job": "b-bad-1", "trigger": "manual"},
        history=[{"job": "b-bad-1", "trigger": "manual", "outcome": "PartiallySucceeded", "matched": 8, "updated": 3}],
    )


async def test_status_shows_what_needs_attention_first_and_the_next_run_in_both_zones(
    world: World, mogulsync: Mogulsync
) -> None:
    await two(world)
    ended = await asyncio.to_thread(mogulsync, "status", TZ="America/New_York")
    assert ended.code == 0, ended.err
    title, first, second = ended.out.splitlines()
    assert title.split()[0] == "NAME"
    assert first.startswith("b-bad")
    assert "CredentialsRejected" in first
    assert "Wed 25 Nov 09:00 JST" in second
    assert "Tue 24 Nov 19:00 EST" in second
    assert (await asyncio.to_thread(mogulsync, "status", "--exit-code")).code == 3
    assert (await asyncio.to_thread(mogulsync, "status", "a-good", "--exit-code")).code == 0


async def test_status_of_one_says_what_to_do_and_shows_report_and_history(world: World, mogulsync: Mogulsync) -> None:
    await two(world)
    ended = await asyncio.to_thread(mogulsync, "status", "b-bad", "--exit-code")
    assert ended.code == 3
    fix = fix_for("CredentialsRejected", name=f"b-bad -n {world.namespace}")
    assert fix is not None
    assert f"What to do: {fix}" in ended.out
    assert "8 of 10 customers matched" in ended.out
    assert "b-bad-1" in ended.out


async def test_status_of_one_that_is_still_being_checked_does_not_call_it_well(
    world: World, mogulsync: Mogulsync
) -> None:
    await world.apply("c-new")
    await set_status(world, "c-new", conditions=[("Ready", "Unknown", "Checking", "no answer from api.intercom.io")])
    ended = await asyncio.to_thread(mogulsync, "status", "c-new", "--exit-code")
    assert ended.code == 0
    assert ended.out.startswith(f"c-new in namespace {world.namespace}: not known to be ready yet")
    assert "let Pods of this namespace reach api.chartmogul.com" in ended.out


@pytest.mark.parametrize("columns", [40, 60, 118])
async def test_status_fits_the_terminal_and_marks_what_needs_attention(
    world: World, plane: ControlPlane, columns: int
) -> None:
    await two(world)
    name = "c-" + "a-long-name" * 3
    await world.apply(name)
    place = ("--kubeconfig", str(plane.kubeconfig), "-n", world.namespace)

    async def printed(*arguments: str, **changes: str) -> str:
        program = [sys.executable, "-m", "mogulsync", "status", *place, *arguments]
        ended = await asyncio.to_thread(call_on_terminal, program, columns=columns, env=environment(changes))
        assert ended.code == 0, ended.err
        return ended.out

    headline = f"b-bad in namespace {world.namespace}: needs attention"
    one = await printed("b-bad")
    assert re.search(r"\x1b\[[0-9;]*31mb-bad in namespace", one)
    plain = await printed("b-bad", NO_COLOR="1")
    assert "31m" not in plain
    assert headline in " ".join(_without_styles(plain).split())
    for shown in (_without_styles(one), _without_styles(await printed())):
        assert max(map(len, shown.splitlines())) <= columns
        assert "b-bad" in shown
    many = _without_styles(await printed())
    assert all(word in many for word in ("a-good", "c-a-lo", "Credential"))


def _without_styles(printed: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", printed)


async def test_status_for_programs(world: World, mogulsync: Mogulsync) -> None:
    await two(world)
    items = json.loads((await asyncio.to_thread(mogulsync, "status", "-o", "json")).out)["items"]
    assert [(each["name"], each["needsAttention"]) for each in items] == [("b-bad", True), ("a-good", False)]
    assert items[0]["attention"][0]["reason"] == "CredentialsRejected"
    one = yaml.safe_load((await asyncio.to_thread(mogulsync, "status", "a-good", "-o", "yaml")).out)
    assert one["timeZone"] == "Asia/Tokyo"


async def test_status_takes_the_right_to_list_alone_and_labels(
    world: World, mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    await two(world)
    await world.kubectl("label", "icd", "a-good", f"for={world.namespace}")
    ended = await asyncio.to_thread(mogulsync, "status", kubeconfig=person("lister", LIST))
    assert ended.code == 0, ended.err
    ended = await asyncio.to_thread(mogulsync, "status", "-A", "-l", f"for={world.namespace}")
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [[world.namespace, "a-good"]]


async def test_status_watches_until_ctrl_c(world: World, plane: ControlPlane) -> None:
    await two(world)
    place = ("--kubeconfig", str(plane.kubeconfig), "-n", world.namespace)
    process = start("status", "--watch", "--exit-code", *place)
    assert process.stdout is not None
    read = asyncio.to_thread(lambda: [process.stdout.readline() for _ in range(3)] if process.stdout else [])
    assert "b-bad" in (await read)[1]
    await set_status(world, "a-good", conditions=[("Ready", "False", "SecretNotFound", "gone")])
    assert "SecretNotFound" in await asyncio.to_thread(process.stdout.readline)
    process.send_signal(2)
    ended = await asyncio.to_thread(finish, process)
    assert ended.code == 3
    assert "Traceback" not in ended.err


def test_no_destination_is_no_fault(mogulsync: Mogulsync, namespace: str) -> None:
    ended = mogulsync("status")
    assert (ended.code, ended.out) == (0, "")
    assert namespace in ended.err


@pytest.mark.parametrize("arguments", [["x", "-A"], ["x", "y"], ["--watch", "-o", "json"], ["-o", "toml"]])
def test_bad_input_of_status(mogulsync: Mogulsync, arguments: list[str]) -> None:
    assert mogulsync("status", *arguments).code == 2


async def test_logs_are_those_of_the_newest_run_and_of_a_job(
    world: World, mogulsync: Mogulsync, pods: PodRunner
) -> None:
    await world.apply()
    ended = await asyncio.to_thread(mogulsync, "logs", "production")
    assert ended.code == 1
    assert "sync-now" in ended.err
    ended = await asyncio.to_thread(mogulsync, "logs", "nowhere")
    assert ended.code == 1
    assert "there is no IntercomDestination nowhere" in ended.err
    ended = await asyncio.to_thread(mogulsync, "logs", "production", "--job", "none")
    assert ended.code == 1
    assert "none" in ended.err


def deployment(version: str = __version__, *arguments: str) -> dict[str, Any]:
    own = {
        "app.kubernetes.io/name": "mogulsync",
        "app.kubernetes.io/part-of": "mogulsync",
        "app.kubernetes.io/component": "operator",
        "app.kubernetes.io/version": version,
    }
    container = {"name": "operator", "image": f"mogulsync:{__version__}", "args": ["operator", *arguments]}
    pod = {"serviceAccountName": "default", "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "mogulsync", "labels": own},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "mogulsync"}},
            "template": {"metadata": {"labels": {"app": "mogulsync"}}, "spec": pod},
        },
    }


async def lease(world: World, holder: str, *, ago: timedelta = timedelta(), lasts: int = 3600) -> None:
    renewed = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "mogulsync"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": lasts, "renewTime": renewed, "acquireTime": renewed},
    }
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(body))


async def make_ready(world: World) -> str:
    """Make a Pod of the Deployment, and let it be ready, as its controllers would; return the Pod's name."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "mogulsync-1", "labels": {"app": "mogulsync"}},
        "spec": {"containers": [{"name": "operator", "image": "mogulsync"}]},
    }
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
    ready = {"status": {"replicas": 1, "readyReplicas": 1}}
    await world.kubectl("patch", "deployment", "mogulsync", "--subresource=status", "-p", json.dumps(ready))
    return "mogulsync-1"


async def findings(world: World, mogulsync: Mogulsync, *arguments: str) -> tuple[int, dict[str, list[Any]]]:
    ended = await asyncio.to_thread(
        mogulsync, "doctor", "--operator-namespace", world.namespace, "-o", "json", *arguments
    )
    found: dict[str, list[Any]] = {}
    for each in json.loads(ended.out)["checks"]:
        found.setdefault(each["check"], []).append(each)
    return ended.code, found


async def test_doctor_distinguishes_an_operator_that_is_down_from_one_that_does_not_lead(
    world: World, mogulsync: Mogulsync
) -> None:
    code, found = await findings(world, mogulsync)
    assert code == 1
    assert "no Deployment" in found["operator"][0]["message"]

    await world.kubectl("apply", "-f", "-", stdin=json.dumps(deployment()))
    code, found = await findings(world, mogulsync)
    assert code == 1
    assert "is down" in found["operator"][0]["message"]

    pod = await make_ready(world)
    code, found = await findings(world, mogulsync)
    assert "there is no Lease" in found["operator"][0]["message"]

    await lease(world, f"{pod}_1", ago=timedelta(hours=1), lasts=3)
    code, found = await findings(world, mogulsync)
    assert "does not renew" in found["operator"][0]["message"]

    await lease(world, "another_1")
    code, found = await findings(world, mogulsync)
    assert "is not the leader" in found["operator"][0]["message"]

    await lease(world, f"{pod}_1", ago=timedelta(seconds=-60), lasts=3)
    code, found = await findings(world, mogulsync)
    assert "not" in found["operator"][0]["message"]

    await lease(world, f"{pod}_1")
    code, found = await findings(world, mogulsync)
    assert found["operator"][0]["ok"], found
    assert found["version"][0]["ok"]

    older = deployment(version="0.0.1")
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(older))
    code, found = await findings(world, mogulsync)
    assert not found["version"][0]["ok"]
    assert "0.0.1" in found["version"][0]["message"]
    ended = await asyncio.to_thread(mogulsync, "version", "--operator-namespace", world.namespace)
    assert f"mogulsync {__version__}" in ended.out
    assert "operator  0.0.1" in ended.out


async def test_version_says_which_option_spares_the_right_to_look_everywhere(
    mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    ended = await asyncio.to_thread(mogulsync, "version", kubeconfig=person("nobody"))
    assert ended.code == 0
    assert "no right to list deployments.apps in all namespaces" in ended.out
    assert ended.out.rstrip().endswith("or give --operator-namespace NAMESPACE")


async def test_doctor_names_the_namespaces_that_the_operator_cannot_serve(
    world: World, mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    served = ("--namespace=no-such-namespace", "--namespace", world.namespace)
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(deployment(__version__, *served)))
    code, found = await findings(world, mogulsync)
    assert code == 1
    missing, unreadable = found["namespaces"]
    assert "namespace no-such-namespace" in missing["message"]
    assert "does not exist" in missing["message"]
    assert f"cannot serve namespace {world.namespace}" in unreadable["message"]
    assert "list intercomdestinations.mogulsync.dev" in unreadable["message"]
    rules = [
        {"apiGroups": ["mogulsync.dev"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": ["batch", ""], "resources": ["cronjobs", "jobs", "pods"], "verbs": ["*"]},
    ]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "operator"}}
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(role | {"rules": rules}))
    subject = f"--serviceaccount={world.namespace}:default"
    await world.kubectl("create", "rolebinding", "operator", "--role=operator", subject)
    _, found = await findings(world, mogulsync)
    assert [each["ok"] for each in found["namespaces"]] == [False, True]


async def test_doctor_names_each_missing_right_and_an_orphaned_cronjob(
    world: World, mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    nobody = person("nobody")
    ended = await asyncio.to_thread(mogulsync, "doctor", kubeconfig=nobody)
    assert ended.code == 1
    for right in ("get", "list", "patch"):
        assert f"you may not {right} intercomdestinations.mogulsync.dev in namespace {world.namespace}" in ended.out
    assert f"kubectl create role NAME --verb=get --resource=pods/log -n {world.namespace}" in ended.out
    cronjob = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "left", "labels": {"mogulsync.dev/destination": "left"}},
        "spec": {
            "schedule": "0 9 * * *",
            "jobTemplate": {
                "spec": {
                    "template": {
                        "spec": {"restartPolicy": "Never", "containers": [{"name": "sync", "image": "x"}]},
                    }
                }
            },
        },
    }
    await world.kubectl("apply", "-f", "-", stdin=json.dumps(cronjob))
    _, found = await findings(world, mogulsync)
    orphaned = [each for each in found["destinations"] if world.namespace in each["message"]]
    assert "orphaned" in orphaned[0]["message"]
    assert orphaned[0]["fix"] == f"kubectl delete cronjob -n {world.namespace} left"


async def test_doctor_before_the_install_asks_for_the_installers_rights(
    mogulsync: Mogulsync, person: Callable[..., Path]
) -> None:
    assert (await asyncio.to_thread(mogulsync, "doctor", "--pre")).code == 0
    ended = await asyncio.to_thread(mogulsync, "doctor", "--pre", kubeconfig=person("nobody"))
    assert ended.code == 1
    assert "you may not create customresourcedefinitions.apiextensions.k8s.io" in ended.out


async def test_doctor_names_a_crd_of_another_version(plane: ControlPlane, mogulsync: Mogulsync) -> None:
    name = "intercomdestinations.mogulsync.dev"
    crd = json.loads(plane.kubectl("get", "crd", name, "-o", "json"))
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = "another"
    crd["metadata"] = {"name": name}
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(crd))
    try:
        ended = await asyncio.to_thread(mogulsync, "doctor")
        assert ended.code == 1
        assert "is of another version" in ended.out
    finally:
        crds = Path(__file__).parents[3] / "crds"
        plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(crds))


def test_the_version_needs_no_cluster(mogulsync: Mogulsync) -> None:
    ended = mogulsync("version", "--kubeconfig", "/nowhere")
    assert ended.code == 0
    assert ended.out.startswith(f"mogulsync {__version__}\noperator  not known: ")
    assert json.loads(mogulsync("version", "--client", "-o", "json").out) == {"version": __version__}


async def test_kubectl_runs_and_completes_the_plugin(world: World, plane: ControlPlane) -> None:
    await world.apply("for-completion")
    own = plane.environment()
    own["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"

    def kubectl(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the plane's own kubectl
            [plane.assets / "kubectl", *arguments],
            env=own,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        return done.stdout

    assert "for-completion" in await asyncio.to_thread(kubectl, "mogulsync", "status", "-n", world.namespace)
    assert "Usage: kubectl mogulsync" in await asyncio.to_thread(kubectl, "mogulsync", "--help")

    async def completes() -> bool:
        said = await asyncio.to_thread(kubectl, "__complete", "mogulsync", "sync-now", "-n", world.namespace, "for")
        return said.splitlines()[0] == "for-completion"

    await world.until("the name", completes)  # a cluster that does not answer at once has no names
    assert "check-now" in await asyncio.to_thread(kubectl, "__complete", "mogulsync", "check")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(mogulsync: Mogulsync, shell: str) -> None:
    ended = call_plugin("completion", shell)
    assert ended.code == 0
    assert "_MOGULSYNC_COMPLETE" in ended.out
    assert call_plugin("completion", "tcsh").code == 2
