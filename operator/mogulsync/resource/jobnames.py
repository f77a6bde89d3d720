"""The names of the Jobs that the operator makes on request, so that whoever asked finds theirs again."""

import hashlib
from typing import Final

from mogulsync.resource import names

_NAME_MAX_LENGTH: Final = 63
"""A Job's name becomes a label of its Pods."""
_HASH_LENGTH: Final = 10


def job_name(purpose: str, *because: str, uid: str, destination: str) -> str:
    """Return the name of the Job that the destination with this uid has for a purpose, because of these values."""
    text = "\0".join((uid, purpose, *because))
    suffix = f"-{purpose}-{hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]}"
    return destination[: _NAME_MAX_LENGTH - len(suffix)].rstrip("-.") + suffix


def run_name(request: str, *, uid: str, destination: str) -> str:
    """Return the name of the Job that a value of the annotation `sync-requested-at` asks for."""
    return job_name(names.TRIGGER_MANUAL, request, uid=uid, destination=destination)


def preview_name(request: str, *, uid: str, destination: str) -> str:
    """Return the name of the Job that a value of the annotation `preview-requested-at` asks for."""
    return job_name(names.TRIGGER_PREVIEW, request, uid=uid, destination=destination)
