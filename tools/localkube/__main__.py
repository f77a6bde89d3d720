"""`python -m localkube`: starts a control plane, prints how to reach it and keeps it until Ctrl-C."""

import contextlib
import signal
import sys
import threading

from localkube.assets import AssetsError
from localkube.controlplane import ControlPlane, ControlPlaneError


def main() -> int:
    """Run until SIGINT or SIGTERM; return the exit code."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            with ControlPlane() as plane:
                print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
                print("localkube: ready; Ctrl-C stops it and removes everything", file=sys.stderr)
                stopped.wait()
        except (AssetsError, ControlPlaneError) as error:
            print(f"localkube: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
