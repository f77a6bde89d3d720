import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, SandboxAccount, serve_in_thread


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Run the command and yield it with the lines that it printed, by what they are of."""
    command = [sys.executable, "-m", "mogulsync", "sandbox", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    try:
        told: dict[str, str] = {}
        for line in process.stdout or ():
            name, _, value = line.partition(": ")
            told[name.strip()] = value.strip()
            if name == "Health":
                break
        yield process, told
    finally:
        process.kill()
        process.communicate()


def test_it_prints_where_it_is_and_what_opens_it_and_ends_when_told() -> None:
    with started("--address", "127.0.0.1:0", "--customers", "7", "--contacts", "9") as (process, told):
        assert httpx2.get(told["Health"]).text == "ok\n"
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/chartmogul/v1", told["ChartMogul"])
        customers = httpx2.get(f"{told['ChartMogul']}/customers", auth=(told["API key"], "")).json()
        assert len(customers["entries"]) == 7
        bearer = {"Authorization": f"Bearer {told['access token']}"}
        assert httpx2.get(f"{told['Intercom']}/contacts", headers=bearer).json()["total_count"] == 9
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, output, errors) == (0, "", "")


def test_it_runs_where_nothing_can_be_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = tmp_path_factory.mktemp("nowhere")
    nowhere.chmod(0o555)
    environment = {"PATH": os.environ["PATH"], "HOME": str(nowhere), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "mogulsync", "sandbox", "--address", "0.0.0.0:0"]
    with subprocess.Popen(  # noqa: S603 - ours
        command, stdout=subprocess.PIPE, text=True, cwd=nowhere, env=environment
    ) as process:
        first = next(iter(process.stdout or ()))
        port = re.search(r":([0-9]+)/", first)
        assert port
        assert httpx2.get(f"http://127.0.0.1:{port[1]}/healthz").text == "ok\n"
        process.terminate()
        assert process.wait(timeout=120) == 0


def test_without_the_extra_it_names_the_fix() -> None:
    program = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['mogulsync', 'sandbox']; "
        "from mogulsync.commands.root import root; root()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: the sandbox needs starlette, which comes with the extra `sandbox`")
    assert "pip install '.[sandbox]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_its_help_needs_no_extra() -> None:
    program = (
        "import sys; sys.modules['starlette'] = None; sys.argv = ['mogulsync', 'sandbox', '--help']; "
        "from mogulsync.commands.root import root; root()"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert ended.returncode == 0
    assert "--latency MILLISECONDS" in ended.stdout


def test_latency_and_escaping_are_options() -> None:
    arguments = ("--address", "127.0.0.1:0", "--latency", "300", "--escape-html")
    with started(*arguments) as (_, told):
        began = time.monotonic()
        bearer = {"Authorization": f"Bearer {told['access token']}"}
        contacts = httpx2.get(f"{told['Intercom']}/contacts", headers=bearer, params={"per_page": "150"}).json()["data"]
        assert time.monotonic() - began >= 0.3
        names = {contact["name"] for contact in contacts if contact["name"]}
        assert any("O&#39;Brien" in name or "D&#39;Amico" in name for name in names)
        assert not any("'" in name for name in names)


def test_an_address_in_use_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "mogulsync", "sandbox", "--address", address]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert ended.returncode == 1
    assert ended.stderr == f"Error: cannot serve at {address}: Address already in use\n"


@pytest.mark.parametrize("address", ["8090", "127.0.0.1:http", "127.0.0.1:99999", ":8090"])
def test_a_wrong_address_is_a_usage_error(address: str) -> None:
    command = [sys.executable, "-m", "mogulsync", "sandbox", "--address", address]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - ours
    assert ended.returncode == 2
    assert "is not HOST:PORT, for example 127.0.0.1:8090" in ended.stderr


def test_a_program_without_an_event_loop_serves_from_a_thread() -> None:
    with serve_in_thread(SandboxAccount(customers=3, contacts=3)) as urls:
        assert httpx2.get(f"{urls.chartmogul}/ping", auth=(API_KEY, "")).status_code == 200
        me = httpx2.get(f"{urls.intercom}/me", headers={"Authorization": f"Bearer {ACCESS_TOKEN}"})
        assert me.status_code == 200
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{urls.root}/healthz")
