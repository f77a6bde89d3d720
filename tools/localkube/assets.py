"""Finds the programs of a control plane: given, cached, downloaded or built."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")


class AssetsError(RuntimeError):
    """No way led to the programs; the message names each and the mend."""


class UnavailableError(Exception):
    """One way does not lead to the programs; the text says why."""


def find_assets() -> Path:
    """Return a folder that holds all PROGRAMS.

    Raises:
        AssetsError: There is none and none could be made.
    """
    ways: tuple[tuple[str, Callable[[], Path]], ...] = (("KUBEBUILDER_ASSETS", _given),)
    reasons = []
    for name, way in ways:
        try:
            folder = way()
        except UnavailableError as reason:
            reasons.append(f"{name}: {reason}")
            say(reasons[-1])
        else:
            say(f"{name}: using {folder}")
            return folder
    raise AssetsError("no control plane programs: " + "; ".join(reasons))


def say(line: str) -> None:
    """Print one line of progress to standard error."""
    print(f"localkube: {line}", file=sys.stderr, flush=True)


def missing_programs(folder: Path) -> list[str]:
    """Return the PROGRAMS that the folder does not hold."""
    return [name for name in PROGRAMS if not os.access(folder / name, os.X_OK)]


def _given() -> Path:
    value = os.environ.get("KUBEBUILDER_ASSETS")
    if not value:
        raise UnavailableError("not set")
    missing = missing_programs(Path(value))
    if missing:
        raise UnavailableError(f"{value} lacks {', '.join(missing)}")
    return Path(value)
