"""Reads a worker's report from a termination message, which is untrusted input: nothing in it fails a reconcile.

The API server must take what comes out of here into the status, and Python must be able to read it again:
text that UTF-8 can hold, whole numbers of 64 bits, a depth that no parser refuses, times that a calendar has.
"""

import copy
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from pydantic import BaseModel, ValidationError

from mogulsync.resource.reasons import Outcome
from mogulsync.resource.report import Report, shorten
from mogulsync.resource.status import LastSync

_REASON_MAX_LENGTH: Final = 128
"""Most that an Event's reason may have."""
_DEPTH_MAX: Final = 16
"""What is nested deeper is left out; a report of ours needs 4."""
_INT_MAX: Final = 2**53 - 1
"""Largest whole number that every JSON parser keeps as it is."""


@dataclass(frozen=True, kw_only=True)
class WorkerReport:
    """A report as it was read."""

    report: Report
    """What this version knows of it; what was missing or unusable has the value of an empty report."""
    document: dict[str, Any]
    """All of it that the status can hold, also what a newer worker added."""
    start: datetime | None
    completion: datetime | None


class _Unusable:
    """Marks a value that is left out."""


_UNUSABLE: Final = _Unusable()


def read_report(message: str) -> WorkerReport | None:
    """Return the report in a termination message; None when there is none that can be read."""
    try:
        parsed = json.loads(message, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    document = _cleaned(parsed, _DEPTH_MAX)
    if not isinstance(document, dict) or document.get("outcome") not in tuple(Outcome):
        return None
    start, completion = _time(document.pop("startTime", None)), _time(document.pop("completionTime", None))
    kept = _fitted(LastSync, document)
    if kept is None:
        return None
    kept["reason"] = shorten(kept.get("reason") or kept["outcome"], _REASON_MAX_LENGTH)
    typed = _fitted(Report, {"message": "", "startTime": "", "completionTime": ""} | kept)
    if typed is None:
        return None
    return WorkerReport(report=Report.model_validate(typed), document=kept, start=start, completion=completion)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _cleaned(value: Any, depth: int) -> Any:
    """Return a JSON value without what the API server, or a JSON parser, cannot take."""
    if isinstance(value, str):
        return _cleaned_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        usable = abs(value) <= _INT_MAX if isinstance(value, int) else math.isfinite(value)
        return value if usable else _UNUSABLE
    return _cleaned_parts(value, depth - 1) if depth else _UNUSABLE


def _cleaned_parts(value: Any, depth: int) -> Any:
    if isinstance(value, list):
        parts = (_cleaned(part, depth) for part in value)
        return [part for part in parts if part is not _UNUSABLE]
    pairs = ((_cleaned_text(key), _cleaned(part, depth)) for key, part in value.items())
    return {key: part for key, part in pairs if part is not _UNUSABLE and part is not None}


def _cleaned_text(text: str) -> str:
    """Return the text with half surrogate pairs, which UTF-8 cannot hold, replaced."""
    return text.encode("utf-8", errors="replace").decode()


def _fitted(model: type[BaseModel], document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the part of the document that the model takes; None when what remains can never fit."""
    fitted = document
    while True:
        try:
            model.model_validate_json(json.dumps(fitted), strict=True)
        except ValidationError as error:
            if fitted is document:
                fitted = copy.deepcopy(document)
            problems = error.errors(include_url=False, include_input=False)
            removed = [_remove(fitted, problem["loc"]) for problem in problems]
            if not any(removed):
                return None
        else:
            return fitted


def _remove(document: dict[str, Any], path: Sequence[int | str]) -> bool:
    """Take out what is at the path, the list that it is in, or what lacks it; return whether anything was there."""
    home, key = document, str(path[0]) if path else ""
    for part in path[1:]:
        inner = home.get(key)
        if not isinstance(inner, dict) or part not in inner:
            break
        home, key = inner, str(part)
    return home.pop(key, _UNUSABLE) is not _UNUSABLE


def _time(text: object) -> datetime | None:
    """Return an RFC 3339 time in UTC, in whole seconds; None where it is none or no calendar has it."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).replace(microsecond=0) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
