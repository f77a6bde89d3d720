"""Downloads the official release programs of a control plane, each verified by its SHA-256."""

import hashlib
import platform
import shutil
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import IO, Final

from localkube.progress import UnavailableError, say

KUBERNETES_VERSION: Final = "v1.34.4"
ETCD_VERSION: Final = "v3.5.27"
ETCD_SHA256: Final = {
    "amd64": "0aad9a9e4e0817a021e933f9806a2b2960a62f949ad5a3d6436d8886945cb1bc",
    "arm64": "1277309f540c5a0329c428f95455c9f76d24f768c8d28fd2753e891c379053fa",
}
"""Checksums of etcd's archives, from the SHA256SUMS of its release."""

KUBERNETES_URL: Final = "https://dl.k8s.io"
ETCD_URL: Final = "https://github.com/etcd-io/etcd/releases/download"

_KUBERNETES_PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager", "kubectl")
_ARCHITECTURES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SILENCE_SECONDS: Final = 5.0
"""Without an answer, or the next piece of one, for so long, a host counts as unreachable."""
_DIGEST_LENGTH: Final = 64


def cache_key() -> str:
    """Return a name for what `download` makes."""
    return f"release-{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}-{platform.machine()}"


def download(folder: Path, *, kubernetes_url: str = KUBERNETES_URL, etcd_url: str = ETCD_URL) -> None:
    """Put the four programs into the folder.

    Raises:
        UnavailableError: No release for this platform, a host does not answer, or a checksum differs.
    """
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    if sys.platform != "linux" or architecture is None:
        raise UnavailableError(f"none for {sys.platform} on {platform.machine()}")
    base = f"{kubernetes_url}/{KUBERNETES_VERSION}/bin/linux/{architecture}"
    say(f"official release: downloading Kubernetes {KUBERNETES_VERSION} and etcd {ETCD_VERSION}")
    try:
        for name in _KUBERNETES_PROGRAMS:
            expected = _read(f"{base}/{name}.sha256").decode(errors="replace").strip()
            _fetch(f"{base}/{name}", folder / name, expected)
            (folder / name).chmod(0o755)
        _fetch_etcd(folder, etcd_url, architecture)
    except OSError as error:  # urllib's errors are among them
        raise UnavailableError(f"{getattr(error, 'reason', error)}") from error


def _fetch_etcd(folder: Path, url: str, architecture: str) -> None:
    name = f"etcd-{ETCD_VERSION}-linux-{architecture}"
    archive = folder / f"{name}.tar.gz"
    _fetch(f"{url}/{ETCD_VERSION}/{name}.tar.gz", archive, ETCD_SHA256[architecture])
    with tarfile.open(archive) as members:
        source = members.extractfile(f"{name}/etcd")
        if source is None:
            raise UnavailableError(f"{archive.name} holds no etcd")
        with (folder / "etcd").open("wb") as target:
            shutil.copyfileobj(source, target)
    (folder / "etcd").chmod(0o755)
    archive.unlink()


def _read(url: str) -> bytes:
    with _open(url) as answer:
        return answer.read()


def _fetch(url: str, target: Path, sha256: str) -> None:
    """Download a file and refuse it when its digest is not the expected one."""
    if len(sha256) != _DIGEST_LENGTH:
        raise UnavailableError(f"{url}.sha256 holds no SHA-256")
    digest = hashlib.sha256()
    with _open(url) as answer, target.open("wb") as file:
        while piece := answer.read(1 << 20):
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha256:
        target.unlink()
        raise UnavailableError(f"{url} has another checksum than its release says")


def _open(url: str) -> IO[bytes]:
    answer: IO[bytes] = urllib.request.urlopen(url, timeout=_SILENCE_SECONDS)  # noqa: S310 - fixed hosts, see above
    return answer
