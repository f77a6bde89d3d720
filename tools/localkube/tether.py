"""Becomes another program that the kernel kills when the process that started it dies.

Run as a script: `python -I -S tether.py PARENT_PID PROGRAM ARGUMENT...`. It imports nothing of ours, so that
it starts in a few milliseconds. Where the kernel has no such call (it is Linux's), the program runs untethered.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Ask for the signal, then replace this process by the program."""
    parent, program = int(sys.argv[1]), sys.argv[2]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            sys.exit(1)
    try:
        os.execvp(program, sys.argv[2:])  # noqa: S606 - becoming that program is what this is for
    except OSError as error:
        sys.exit(f"{program}: {error.strerror}")


if __name__ == "__main__":
    main()
