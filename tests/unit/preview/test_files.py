"""Files with personal data."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest

from mogulsync.preview.files import FileRefusedError, assert_writable, write_private


def filled_with(text: str) -> Callable[[TextIO], None]:
    def fill(stream: TextIO) -> None:
        stream.write(text)

    return fill


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    write_private(path, filled_with("x"), replace=False)
    assert path.read_text() == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_left_alone_unless_a_new_one_is_to_take_its_place(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("old")
    path.chmod(0o644)
    with pytest.raises(FileRefusedError, match="--force"):
        assert_writable(path, replace=False)
    with pytest.raises(FileRefusedError, match="--force"):
        write_private(path, filled_with(""), replace=False)
    assert path.read_text() == "old"
    assert_writable(path, replace=True)
    write_private(path, filled_with("new"), replace=True)
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_link_leads_to_is_never_written(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "link"
    kept.write_text("kept")
    link.symlink_to(kept)
    with pytest.raises(FileRefusedError):
        assert_writable(link, replace=False)
    write_private(link, filled_with("new"), replace=True)
    assert (kept.read_text(), link.read_text(), link.is_symlink()) == ("kept", "new", False)


def test_a_folder_or_no_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "list.csv"):
        with pytest.raises(FileRefusedError, match="name"):
            assert_writable(path, replace=True)


def test_a_pipe_or_a_device_never_gives_its_place_to_a_file(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for path in (pipe, link, Path(os.devnull)):
        with pytest.raises(FileRefusedError, match="name a file"):
            assert_writable(path, replace=True)


def test_a_file_that_could_not_be_filled_leaves_nothing_behind(tmp_path: Path) -> None:
    def fill(stream: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_private(tmp_path / "list.csv", fill, replace=False)
    assert list(tmp_path.iterdir()) == []
