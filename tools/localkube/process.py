"""One long-running program: started with a log file, tethered to us, paused, resumed and stopped."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

_TETHER: Final = Path(__file__).with_name("tether.py")
_EPHEMERAL_PORTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST_EPHEMERAL_PORT: Final = 32768
"""Linux's default; other systems begin higher."""
_FIRST_PORT: Final = 10_000
_TAIL_LINES: Final = 15

# The kernel ends a tethered child with the thread that started it, so all are started by one that stays.
_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localkube-starter")


def tethered(command: Sequence[str]) -> list[str]:
    """Return the command line that runs the command as a child that cannot outlive this process."""
    return [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command]


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nothing uses.

    None is one that the kernel gives to clients and to servers that ask for any port, so that another program of this
    machine hardly takes it before it is used.
    """
    ephemeral = _EPHEMERAL_PORTS.read_text() if _EPHEMERAL_PORTS.exists() else ""
    last = int(ephemeral.split()[0]) if ephemeral else _FIRST_EPHEMERAL_PORT
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        while len(found) < count:
            port = random.randrange(min(_FIRST_PORT, last - 1), last)  # noqa: S311 - no secret
            listener = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                found.append(port)
        return found


class Process:
    """A program with its standard output and error in a log file."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._environment = dict(environment)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id.

        Raises:
            RuntimeError: It is not running.
        """
        if self._child is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs or before it started."""
        return self._child.poll() if self._child is not None else None

    def start(self) -> None:
        """Start the program; its log is appended to."""
        self._child = _STARTER.submit(self._popen).result()

    def _popen(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                tethered(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C is ours to handle, in order
            )

    def pause(self) -> None:
        """Freeze it: its connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGKILL, *, grace: float = 10) -> None:
        """End it and wait until it is gone: by the signal, and SIGKILL after `grace` seconds. Safe to repeat."""
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
            child.send_signal(signal.SIGCONT)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        with contextlib.suppress(FileNotFoundError), self.log.open(errors="replace") as lines:
            return "".join(deque(lines, maxlen=_TAIL_LINES))
        return ""
