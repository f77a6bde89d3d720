"""Downloads the official release programs of a control plane, each verified by its SHA-256."""

import hashlib
import platform
import shutil
import sys
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from localkube.progress import UnavailableError, say

KUBERNETES_VERSION: Final = "v1.34.4"
ETCD_VERSION: Final = "v3.5.27"


@dataclass(frozen=True)
class Sources:
    """Where the programs are published, and what cannot be read beside them."""

    kubernetes: str = "https://dl.k8s.io"
    etcd: str = "https://github.com/etcd-io/etcd/releases/download"
    etcd_sha256: Mapping[str, str] = field(
        default_factory=lambda: {
            "amd64": "0aad9a9e4e0817a021e933f9806a2b2960a62f949ad5a3d6436d8886945cb1bc",
            "arm64": "1277309f540c5a0329c428f95455c9f76d24f768c8d28fd2753e891c379053fa",
        }
    )
    """Checksums of etcd's archives by architecture, from the SHA256SUMS of its release."""
    silence: float = 5.0
    """Seconds without an answer, or the next piece of one, after which a host counts as unreachable."""


_KUBERNETES_PROGRAMS: Final = ("kube-apiserver", "kube-controller-manager", "kubectl")
_ARCHITECTURES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_DIGEST_LENGTH: Final = 64
_PIECE_BYTES: Final = 1 << 20


def cache_key() -> str:
    """Return a name for what `download` makes."""
    return f"release-{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}-{platform.machine()}"


def architecture() -> str | None:
    """Return the releases' word for this machine's processor; None when they have none for this system."""
    return _ARCHITECTURES.get(platform.machine().lower()) if sys.platform == "linux" else None


def download(folder: Path, sources: Sources | None = None) -> None:
    """Put the four programs into the folder.

    Raises:
        UnavailableError: No release for this platform, a host does not answer, or a checksum differs.
    """
    sources = sources or Sources()
    processor = architecture()
    if processor is None:
        raise UnavailableError(f"none for {sys.platform} on {platform.machine()}")
    say(f"official release: downloading Kubernetes {KUBERNETES_VERSION} and etcd {ETCD_VERSION}")
    fetch = _Fetch(sources.silence)
    for name in _KUBERNETES_PROGRAMS:
        url = f"{sources.kubernetes}/{KUBERNETES_VERSION}/bin/linux/{processor}/{name}"
        fetch.file(url, folder / name, fetch.text(f"{url}.sha256"))
        (folder / name).chmod(0o755)
    archive = f"etcd-{ETCD_VERSION}-linux-{processor}"
    fetch.file(
        f"{sources.etcd}/{ETCD_VERSION}/{archive}.tar.gz", folder / "etcd.tar.gz", sources.etcd_sha256[processor]
    )
    _unpack(folder / "etcd.tar.gz", f"{archive}/etcd", folder / "etcd")


def _unpack(archive: Path, member: str, target: Path) -> None:
    with tarfile.open(archive) as members:
        source = members.extractfile(member)
        if source is None:
            raise UnavailableError(f"{archive.name} holds no {member}")
        with source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    target.chmod(0o755)
    archive.unlink()


class _Fetch:
    """Reads from hosts that may not be reached."""

    def __init__(self, silence: float) -> None:
        self._silence = silence

    def text(self, url: str) -> str:
        """Return a short text."""
        return b"".join(self._pieces(url)).decode(errors="replace").strip()

    def file(self, url: str, target: Path, sha256: str) -> None:
        """Download a file; refuse it when its digest is not the expected one."""
        if len(sha256) != _DIGEST_LENGTH:
            raise UnavailableError(f"{url}.sha256 holds no SHA-256")
        digest = hashlib.sha256()
        with target.open("wb") as file:
            for piece in self._pieces(url):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            raise UnavailableError(f"{url} has another checksum than its release says")

    def _pieces(self, url: str) -> Iterator[bytes]:
        try:
            with urllib.request.urlopen(url, timeout=self._silence) as answer:  # noqa: S310 - fixed hosts, see Sources
                while piece := answer.read(_PIECE_BYTES):
                    yield piece
        except (OSError, HTTPException) as error:  # urllib's errors are OSErrors
            raise UnavailableError(f"{urlsplit(url).netloc}: {getattr(error, 'reason', error)}") from error
