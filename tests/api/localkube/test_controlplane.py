"""A control plane of its own: what it offers, and that nothing of it stays."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localkube import ControlPlane, ControlPlaneError, KubectlError, Part

TOOLS = Path(__file__).parents[3] / "tools"


@pytest.fixture(scope="module")
def own() -> Iterator[ControlPlane]:
    """A control plane whose parts may be killed."""
    with ControlPlane() as plane:
        yield plane


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def configmap_data(plane: ControlPlane, name: str) -> str:
    return plane.kubectl("get", "configmap", name, "-o", "jsonpath={.data.k}")


@pytest.mark.parametrize("part", Part)
def test_part_comes_back_with_the_same_state(own: ControlPlane, part: Part) -> None:
    name = f"kept-{part}"
    own.kubectl("create", "configmap", name, "--from-literal=k=v")
    before = own.pid(part)
    own.restart(part)
    assert own.pid(part) != before
    assert configmap_data(own, name) == "v"


def test_controllers_work_after_the_api_server_was_away(own: ControlPlane) -> None:
    own.restart(Part.API_SERVER)
    own.kubectl("create", "namespace", "after-a-restart")
    own.kubectl("wait", "--for=create", "serviceaccount/default", "-n", "after-a-restart", "--timeout=200s")


def test_paused_api_server_answers_nothing_until_it_goes_on(own: ControlPlane) -> None:
    own.pause(Part.API_SERVER)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            own.kubectl("get", "namespaces", timeout=1)
    finally:
        own.resume(Part.API_SERVER)
    assert "default" in own.kubectl("get", "namespaces")


def test_service_account_may_do_what_it_is_bound_to_and_no_more(own: ControlPlane) -> None:
    own.kubectl("create", "serviceaccount", "reader")
    own.kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    own.kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader")
    kubeconfig = own.service_account_kubeconfig("default", "reader")
    assert "kube-root-ca.crt" in own.kubectl("get", "configmaps", kubeconfig=kubeconfig)
    with pytest.raises(KubectlError, match="cannot list resource") as refusal:
        own.kubectl("get", "secrets", kubeconfig=kubeconfig)
    assert "Forbidden" in refusal.value.stderr


def test_credentials_are_for_their_owner_alone(own: ControlPlane) -> None:
    kubeconfig = own.service_account_kubeconfig("default", "default")
    for path in (own.kubeconfig, kubeconfig, *own.folder.joinpath("credentials").iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    assert own.folder.stat().st_mode & 0o077 == 0


def test_nobody_else_is_let_in(own: ControlPlane, tmp_path: Path) -> None:
    stranger = tmp_path / "kubeconfig"
    stranger.write_text(own.kubeconfig.read_text().replace("token: ", "token: x"))
    with pytest.raises(KubectlError, match=r"Unauthorized|must be logged in"):
        own.kubectl("get", "namespaces", kubeconfig=stranger)


def test_flags_may_be_added_and_nothing_stays_after_stop() -> None:
    with ControlPlane(api_server_flags=["--service-cluster-ip-range=10.254.0.0/24"]) as plane:
        folder, pids = plane.folder, [plane.pid(part) for part in Part]
        assert "10.254.0.0/24" in plane.kubectl("get", "servicecidr", "kubernetes")
        plane.stop()
    assert not folder.exists()
    assert not any(is_alive(pid) for pid in pids)


def test_part_that_cannot_start_is_told_with_the_end_of_its_log() -> None:
    plane = ControlPlane(api_server_flags=["--no-such-flag"])
    with pytest.raises(ControlPlaneError, match=r"kube-apiserver ended with 1(?s:.*)no-such-flag"):
        plane.start()
    with pytest.raises(RuntimeError, match="not started"):
        _ = plane.folder


@pytest.fixture
def command(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m localkube`, ready."""
    child = subprocess.Popen(
        [sys.executable, "-m", "localkube"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TOOLS), "TMPDIR": str(tmp_path)},
    )
    with child:
        yield child
        child.kill()


def server_port(kubeconfig: Path) -> int:
    [line] = [line for line in kubeconfig.read_text().splitlines() if "server:" in line]
    return int(line.rpartition(":")[2])


def is_served(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_command_cleans_up_on_ctrl_c(command: subprocess.Popen[str], tmp_path: Path) -> None:
    assert command.stdout is not None
    kubeconfig = Path(command.stdout.readline().strip().removeprefix("export KUBECONFIG="))
    port = server_port(kubeconfig)
    assert is_served(port)
    command.send_signal(signal.SIGINT)
    assert command.wait(30) == 0
    assert not is_served(port)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_parts_die_with_a_command_that_is_killed(command: subprocess.Popen[str]) -> None:
    assert command.stdout is not None
    kubeconfig = Path(command.stdout.readline().strip().removeprefix("export KUBECONFIG="))
    port = server_port(kubeconfig)
    command.kill()
    command.wait()
    deadline = time.monotonic() + 120
    while is_served(port):
        assert time.monotonic() < deadline
        time.sleep(0.05)
