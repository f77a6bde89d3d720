"""Finds the programs of a control plane: given, cached, downloaded or built, in this order."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from localkube import gobuild, release
from localkube.progress import UnavailableError, say

PROGRAMS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
ENVIRONMENT_VARIABLE: Final = "KUBEBUILDER_ASSETS"

_FIX: Final = (
    f"set {ENVIRONMENT_VARIABLE} to a folder that holds {', '.join(PROGRAMS)}; or let this machine reach dl.k8s.io and "
    f"github.com; or put Go {gobuild.GO_VERSION} or later on the PATH and let it reach its module proxy"
)


class AssetsError(RuntimeError):
    """No way led to the programs; the message names each way, why it failed, and the fix."""


class Way(NamedTuple):
    """One way to make the programs."""

    name: str
    key: str
    """Names the result in the cache; another version has another."""
    make: Callable[[Path], None]
    """Puts the programs into the folder.

    Raises:
        UnavailableError: It cannot, here and now.
    """


def ways_to_make(cache: Path) -> tuple[Way, ...]:
    """Return the ways to make the programs, in the order in which they are tried."""
    return (
        Way("official release", release.cache_key(), release.download),
        Way("build from Go modules", gobuild.cache_key(), lambda folder: gobuild.build(folder, cache)),
    )


def find_assets(environment: Mapping[str, str] = os.environ, ways: Sequence[Way] | None = None) -> Path:
    """Return a folder that holds all PROGRAMS, made if there is none yet; progress goes to standard error.

    Args:
        environment: Says which folder is given, and where the user's cache is.
        ways: How to make them; None: `ways_to_make`.

    Raises:
        AssetsError: No way led there.
    """
    reasons: list[str] = []
    given = _given(environment.get(ENVIRONMENT_VARIABLE), reasons)
    if given is not None:
        return given
    cache = cache_folder(environment)
    ways = ways_to_make(cache) if ways is None else ways
    found = _cached(cache, ways)
    if found is not None:
        return found
    say(f"cache: nothing in {cache} yet")
    with _locked(cache):
        return _cached(cache, ways) or _make(cache, ways, reasons)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the user's cache folder of this package."""
    base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mogulsync" / "localkube"


def _given(value: str | None, reasons: list[str]) -> Path | None:
    missing = [name for name in PROGRAMS if value and not os.access(Path(value) / name, os.X_OK)]
    if value and not missing:
        say(f"{ENVIRONMENT_VARIABLE}: using {value}")
        return Path(value).resolve()
    reasons.append(f"{ENVIRONMENT_VARIABLE}: " + (f"{value} lacks {', '.join(missing)}" if value else "not set"))
    say(reasons[-1])
    return None


def _cached(cache: Path, ways: Sequence[Way]) -> Path | None:
    for way in ways:
        folder = cache / way.key
        if folder.is_dir():
            say(f"cache: using {folder}")
            return folder
    return None


def _make(cache: Path, ways: Sequence[Way], reasons: list[str]) -> Path:
    for way in ways:
        # Made beside and renamed when complete: a folder of that name holds everything, whatever was interrupted.
        scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            way.make(scratch)
            scratch.chmod(0o755)
            folder = scratch.rename(cache / way.key)
        except UnavailableError as reason:
            reasons.append(f"{way.name}: {reason}")
            say(reasons[-1])
        else:
            say(f"{way.name}: done, kept in {folder}")
            return folder
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise AssetsError("no programs for a control plane:\n  " + "\n  ".join(reasons) + f"\nFix: {_FIX}.")


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Let one process at a time fill the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("cache: another process is filling it; waiting for that")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
