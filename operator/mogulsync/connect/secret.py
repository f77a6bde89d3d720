"""The manifest of a Secret, and where it may be written: never to a terminal, never where others can read it."""

import base64
import os
import re
import stat
from typing import Any, Final, TextIO

import yaml

from mogulsync.resource.names import LABEL_PART_OF

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME_MAX_LENGTH: Final = 253
_OTHERS: Final = 0o077


class CannotWriteError(Exception):
    """A manifest with a credential must not be written there; the text names where to."""


def is_name(text: str) -> bool:
    """Return whether Kubernetes takes this as a Secret's name."""
    return len(text) <= _NAME_MAX_LENGTH and _NAME.fullmatch(text) is not None


def secret(*, name: str, namespace: str | None, key: str, value: str) -> dict[str, Any]:
    """Return a Secret that holds one credential.

    The value is in `data`: the API server merges `stringData` badly when it is applied server-side.
    """
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, **place, "labels": {LABEL_PART_OF: "mogulsync"}},
        "type": "Opaque",
        "data": {key: base64.b64encode(value.encode()).decode()},
    }


def make_private(stream: TextIO) -> None:
    """Let nobody but the owner read what is written to the stream.

    A file that others may read, as a shell's `>` makes it, is closed to them.

    Raises:
        CannotWriteError: It is a terminal, or a file whose mode cannot be changed.
    """
    if stream.isatty():
        raise CannotWriteError(
            "a credential is not written to a terminal: give --apply, or redirect the manifest (> secret.yaml, "
            "or | kubectl apply -f -)"
        )
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return  # not a file
    if stat.S_ISREG(mode) and mode & _OTHERS:
        try:
            os.fchmod(stream.fileno(), 0o600)
        except OSError as error:
            raise CannotWriteError(
                f"the file that the manifest goes to can be read by others, and that cannot be changed "
                f"({error.strerror}); choose another"
            ) from None


def manifest(body: dict[str, Any]) -> str:
    """Return the manifest as YAML."""
    return yaml.safe_dump(body, sort_keys=False)
