"""Which programs a control plane is started from."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localkube import gobuild, release
from localkube.assets import PROGRAMS, AssetsError, Way, find_assets, ways_to_make
from localkube.progress import UnavailableError


def put_programs(folder: Path) -> None:
    for name in PROGRAMS:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def unavailable(_folder: Path) -> None:
    raise UnavailableError("no such host")


def way(make: Callable[[Path], None] = put_programs, key: str = "made-v1") -> Way:
    return Way("a way", key, make)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


def test_given_folder_wins(tmp_path: Path, environment: dict[str, str]) -> None:
    put_programs(tmp_path)
    assert find_assets(environment | {"KUBEBUILDER_ASSETS": str(tmp_path)}, [way(unavailable)]) == tmp_path


def test_given_folder_that_lacks_a_program_is_passed_over(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    put_programs(tmp_path)
    (tmp_path / "etcd").unlink()
    found = find_assets(environment | {"KUBEBUILDER_ASSETS": str(tmp_path)}, [way()])
    assert found == tmp_path / "cache" / "mogulsync" / "localkube" / "made-v1"
    assert f"{tmp_path} lacks etcd" in capsys.readouterr().err


def test_made_once_and_then_taken_from_the_cache(environment: dict[str, str]) -> None:
    first = find_assets(environment, [way()])
    assert find_assets(environment, [way(unavailable)]) == first
    assert all((first / name).exists() for name in PROGRAMS)


def test_another_version_is_made_anew(environment: dict[str, str]) -> None:
    assert find_assets(environment, [way()]) != find_assets(environment, [way(key="made-v2")])


def test_ways_are_tried_in_order_and_each_says_why_not(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    find_assets(environment, [Way("first", "first", unavailable), Way("second", "second", put_programs)])
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].strip() for line in lines] == ["KUBEBUILDER_ASSETS", "cache", "first", "second"]
    assert "no such host" in lines[2]


def test_error_names_every_way_and_the_fix(environment: dict[str, str]) -> None:
    with pytest.raises(AssetsError) as error:
        find_assets(environment, [Way("first", "first", unavailable), Way("second", "second", unavailable)])
    for words in ("KUBEBUILDER_ASSETS: not set", "first: no such host", "second: no such host", "Fix: set"):
        assert words in str(error.value)


def test_nothing_half_made_stays(environment: dict[str, str]) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "etcd").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_assets(environment, [way(interrupted)])
    cache = Path(environment["XDG_CACHE_HOME"]) / "mogulsync" / "localkube"
    assert [path.name for path in cache.iterdir()] == [".lock"]
    assert find_assets(environment, [way()]).is_dir()


def test_two_at_once_make_them_once(environment: dict[str, str]) -> None:
    made: list[Path] = []
    started, waited_for = threading.Event(), threading.Event()

    def slow(folder: Path) -> None:
        made.append(folder)
        started.set()
        waited_for.wait(30)
        put_programs(folder)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(find_assets, environment, [way(slow)])
        started.wait(30)
        second = pool.submit(find_assets, environment, [way(slow)])
        waited_for.set()
        assert first.result(30) == second.result(30)
    assert len(made) == 1


def test_real_ways_are_the_release_and_then_the_build(tmp_path: Path) -> None:
    assert [each.name for each in ways_to_make(tmp_path)] == ["official release", "build from Go modules"]


def test_release_and_build_are_of_one_version() -> None:
    assert gobuild.kubernetes_version() == release.KUBERNETES_VERSION
