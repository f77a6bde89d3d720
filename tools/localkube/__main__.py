"""`python -m localkube`: starts a control plane, prints how to reach it and keeps it until Ctrl-C.

`python -m localkube assets` only finds its programs, or makes them, and prints their folder.
"""

import argparse
import contextlib
import signal
import sys
import threading

from localkube.assets import AssetsError, find_assets
from localkube.controlplane import ControlPlane, ControlPlaneError


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localkube", description="A Kubernetes control plane on loopback.")
    parser.add_argument("action", nargs="?", choices=("run", "assets"), default="run", help="default: run")
    action = parser.parse_args().action
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        if action == "assets":
            print(find_assets())
        else:
            _run()
    except (AssetsError, ControlPlaneError) as error:
        print(f"localkube: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run() -> None:
    with ControlPlane() as plane, contextlib.suppress(KeyboardInterrupt):
        print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
        print("localkube: ready; Ctrl-C stops it and removes everything", file=sys.stderr)
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
