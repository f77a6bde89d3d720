"""Runs a program and writes what it took: `launch.py FILE PROGRAM ARGUMENT…`.

A process of its own, and a small one: the peak memory that the kernel reports of a child is never below that of the
process that started it.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Run the program, write the file, and end with its exit code."""
    began = time.monotonic()
    child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
    _, status, usage = os.wait4(child, 0)
    took = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "began": began,
        "seconds": time.monotonic() - began,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_kib": usage.ru_maxrss,
    }
    Path(sys.argv[1]).write_text(json.dumps(took), encoding="utf-8")


main()
