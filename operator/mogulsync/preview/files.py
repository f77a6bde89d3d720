"""Files with personal data: readable by their owner alone, and never overwritten unasked."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO


class FileRefusedError(Exception):
    """The file cannot or must not be written; the text names it and the fix."""


def assert_writable(path: Path, *, replace: bool) -> None:
    """Raise where writing would be refused, before the work that fills the file.

    Raises:
        FileRefusedError: It exists and is not to be replaced, or its folder is not there or not writable.
    """
    if path.is_dir():
        raise FileRefusedError(f"{path} is a folder; name a file")
    if path.exists() and not path.is_file():
        raise FileRefusedError(f"{path} is a device or a pipe; name a file")
    if os.path.lexists(path) and not replace:
        raise FileRefusedError(f"{path} exists; name another file, or give --force to put a new one in its place")
    if not path.parent.is_dir():
        raise FileRefusedError(f"{path}: there is no folder {path.parent}; make it, or name another file")
    if not os.access(path.parent, os.W_OK):
        raise FileRefusedError(f"{path}: the folder {path.parent} is not writable; name another file")


def write_private(path: Path, fill: Callable[[TextIO], None], *, replace: bool) -> None:
    """Write a new file of mode 0600.

    It appears as a whole: it is written beside its place first. With `replace` it takes the place of the file that is
    there, or of a link to one; what that led to stays as it is.

    Raises:
        FileRefusedError: It exists by now, or cannot be written.
    """
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as stream:
                fill(stream)
            if replace:
                os.replace(beside, path)  # noqa: PTH105 - beside is a text
            else:
                os.link(beside, path)  # fails where something is there
        finally:
            with suppress(FileNotFoundError):
                os.unlink(beside)  # noqa: PTH108 - as above
    except FileExistsError:
        raise FileRefusedError(f"{path} exists; name another file, or give --force") from None
    except OSError as error:
        raise FileRefusedError(f"{path} cannot be written ({error.strerror})") from None
