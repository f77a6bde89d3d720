"""Programs that we start: they end with us, whatever becomes of us."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from localkube.process import Process, free_ports, tethered

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]
STARTER = """
import pathlib, subprocess, sys, time
from localkube.process import tethered

child = subprocess.Popen(tethered([sys.executable, "-c", "import time; time.sleep(60)"]))
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0]


def process(tmp_path: Path, command: list[str]) -> Process:
    made = Process("program", command, log=tmp_path / "log", environment={"PATH": os.defpath})
    made.start()
    wait_for(lambda: "up" in made.log_tail())
    return made


def test_stop_ends_it_and_may_be_repeated(tmp_path: Path) -> None:
    running = process(tmp_path, SLEEP)
    pid = running.pid
    running.stop()
    running.stop()
    assert not is_alive(pid)
    with pytest.raises(RuntimeError, match="program is not started"):
        _ = running.pid


def test_program_that_ignores_a_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    running = process(tmp_path, STUBBORN)
    pid = running.pid
    running.stop(signal.SIGTERM, grace=0.1)
    assert not is_alive(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_paused_program_stands_still_and_can_still_be_stopped(tmp_path: Path) -> None:
    running = process(tmp_path, SLEEP)
    pid = running.pid
    running.pause()
    wait_for(lambda: state(pid) == "T")
    running.resume()
    wait_for(lambda: state(pid) != "T")
    running.pause()
    running.stop(signal.SIGTERM)
    assert not is_alive(pid)


def test_exit_code_is_known(tmp_path: Path) -> None:
    running = process(tmp_path, [sys.executable, "-c", "print('up', flush=True); raise SystemExit(3)"])
    wait_for(lambda: running.exit_code is not None)
    assert running.exit_code == 3
    running.stop()


def test_program_that_does_not_exist_is_named_in_the_log(tmp_path: Path) -> None:
    made = Process("program", [str(tmp_path / "absent")], log=tmp_path / "log", environment={})
    made.start()
    wait_for(lambda: made.exit_code is not None)
    assert "absent: No such file or directory" in made.log_tail()
    made.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_program_dies_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    starter = subprocess.Popen(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", STARTER, str(pid_file)],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    wait_for(lambda: pid_file.exists() and pid_file.read_text() != "")
    child = int(pid_file.read_text())
    assert is_alive(child)
    starter.kill()
    starter.wait()
    wait_for(lambda: not is_alive(child))


def test_free_ports_are_none_that_another_program_gets_by_chance() -> None:
    found = free_ports(50)
    assert len(set(found)) == 50
    with contextlib.ExitStack() as stack:
        for port in found:
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        with socket.create_server(("127.0.0.1", 0)) as given:
            assert given.getsockname()[1] > max(found)
        assert not set(free_ports(50)) & set(found)


def test_tethered_command_ends_with_the_command() -> None:
    assert tethered(["program", "argument"])[-2:] == ["program", "argument"]
