"""Downloading the official programs, from a server of our own."""

import hashlib
import io
import socket
import tarfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localkube.assets import PROGRAMS
from localkube.progress import UnavailableError
from localkube.release import ETCD_VERSION, KUBERNETES_VERSION, Sources, architecture, download

pytestmark = pytest.mark.skipif(architecture() is None, reason="there is no official release for this platform")


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's signature
        pass


class Mirror:
    """The releases' hosts, as folders."""

    def __init__(self, folder: Path, url: str) -> None:
        self.kubernetes = folder / KUBERNETES_VERSION / "bin" / "linux" / str(architecture())
        self.etcd = folder / ETCD_VERSION
        self._url = url
        self._etcd_sha256 = ""
        self.publish()

    def publish(self) -> None:
        self.kubernetes.mkdir(parents=True)
        for name in PROGRAMS[1:]:
            self._put(name, b"program " + name.encode())
        self.etcd.mkdir()
        name = f"etcd-{ETCD_VERSION}-linux-{architecture()}"
        archive = self.etcd / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as members:
            entry = tarfile.TarInfo(f"{name}/etcd")
            entry.size = len(b"program etcd")
            members.addfile(entry, io.BytesIO(b"program etcd"))
        self._etcd_sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()

    def _put(self, name: str, content: bytes) -> None:
        (self.kubernetes / name).write_bytes(content)
        (self.kubernetes / f"{name}.sha256").write_text(hashlib.sha256(content).hexdigest())

    @property
    def sources(self) -> Sources:
        return Sources(kubernetes=self._url, etcd=self._url, etcd_sha256={str(architecture()): self._etcd_sha256})


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Mirror(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "programs"
    made.mkdir()
    return made


def test_four_programs_arrive_and_can_be_run(mirror: Mirror, folder: Path) -> None:
    download(folder, mirror.sources)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {name: f"program {name}" for name in PROGRAMS}
    assert all(path.stat().st_mode & 0o111 for path in folder.iterdir())


def test_program_with_another_checksum_is_refused(mirror: Mirror, folder: Path) -> None:
    (mirror.kubernetes / "kubectl").write_bytes(b"something else")
    with pytest.raises(UnavailableError, match="kubectl has another checksum"):
        download(folder, mirror.sources)


def test_etcd_with_another_checksum_than_the_repository_names_is_refused(mirror: Mirror, folder: Path) -> None:
    sources = Sources(kubernetes=mirror.sources.kubernetes, etcd=mirror.sources.etcd)
    with pytest.raises(UnavailableError, match=r"tar\.gz has another checksum"):
        download(folder, sources)


def test_checksum_that_is_none_is_refused(mirror: Mirror, folder: Path) -> None:
    (mirror.kubernetes / "kube-apiserver.sha256").write_text("<html>captive portal</html>")
    with pytest.raises(UnavailableError, match="holds no SHA-256"):
        download(folder, mirror.sources)


def test_missing_file_is_named_with_its_host(mirror: Mirror, folder: Path) -> None:
    (mirror.kubernetes / "kubectl").unlink()
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:\d+: .*not found"):
        download(folder, mirror.sources)


def test_host_that_refuses_is_passed_over_at_once(folder: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UnavailableError, match="refused"):
            download(folder, Sources(kubernetes=url))


def test_host_that_is_silent_is_passed_over_soon(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(UnavailableError, match="timed out"):
            download(folder, Sources(kubernetes=url, silence=0.2))
    assert time.monotonic() - started < 5
