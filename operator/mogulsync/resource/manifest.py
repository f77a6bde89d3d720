"""Reads an IntercomDestination manifest, strictly, with errors that name the field and the fix."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from mogulsync.resource.names import API_VERSION, GROUP, KIND
from mogulsync.resource.syncspec import NAME_RULE, SyncSpec

if TYPE_CHECKING:
    from mogulsync.resource.job import Job
    from mogulsync.resource.rules import SpecModel

_TOP_LEVEL: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_UNKNOWN: Final = "extra_forbidden"
"""Pydantic's type of the error that a key is unknown."""
_NO_CHOICE: Final = frozenset({"enum", "literal_error"})
"""Pydantic's types of the error that a value is none of the choices."""
_VALUE_MAX_LENGTH: Final = 60
# RFC 1123's subdomain, which Kubernetes wants of every resource's name.
_NAME_SHAPE: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
# Where a person may have put a credential: a value from there is never shown.
_MAY_HOLD_A_SECRET: Final = frozenset({"apiKeySecretRef", "oauthSecretRef", "url", "env"})


class SpecProblems(NamedTuple):
    """What keeps a spec from being valid."""

    unknown: tuple[str, ...]
    """Paths of keys and choices that this version does not have: a newer one may."""
    wrong: tuple[str, ...]
    """A sentence for everything else, with the field's path, what is wrong and the fix."""


class InvalidDestinationError(ValueError):
    """A manifest that is no valid IntercomDestination.

    Attributes:
        problems: One sentence each, with the field's path, what is wrong and the fix.
        unknown: Paths in the spec of keys and choices that this version does not have: a newer one may.
    """

    def __init__(self, problems: Sequence[str], *, unknown: Sequence[str] = ()) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)
        self.unknown = tuple(unknown)


@dataclass(frozen=True)
class Destination:
    """An IntercomDestination: its name, its namespace (None when the manifest has none) and its spec."""

    name: str
    namespace: str | None
    spec: SyncSpec
    """A `Spec` where the manifest has spec.job."""


def parse_documents(text: str) -> list[Any]:
    """Return the YAML or JSON documents of the text, empty ones left out.

    Raises:
        InvalidDestinationError: It is neither YAML nor JSON.
    """
    with suppress(ValueError, RecursionError):  # YAML's reader says what is wrong with JSON, too
        return [_parse_json_object(text)]
    from mogulsync.resource.yamltext import UnreadableTextError, parse_yaml  # noqa: PLC0415 - no Job needs it

    try:
        return parse_yaml(text)
    except UnreadableTextError as error:
        raise InvalidDestinationError([str(error)]) from None


def _parse_json_object(text: str) -> dict[str, Any]:
    """Return the object that the text holds, in the JSON of RFC 8259.

    Raises:
        ValueError: The text is something else, has a key twice, or a number that Python has no finite one for.
        RecursionError: It is too deep.
    """
    if not text.lstrip().startswith("{"):
        raise ValueError
    parsed: dict[str, Any] = json.loads(
        text, object_pairs_hook=_with_distinct_keys, parse_float=_finite, parse_constant=_finite
    )
    return parsed


def _with_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise ValueError
    return parsed


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def parse_destination(text: str) -> Destination:
    """Return the one IntercomDestination of a YAML or JSON text.

    Raises:
        InvalidDestinationError: Not one document, or not a valid IntercomDestination.
    """
    documents = parse_documents(text)
    if len(documents) != 1:
        raise InvalidDestinationError([f"holds {len(documents)} documents; give one {KIND} manifest"])
    return destination_from(documents[0])


def destination_from(manifest: Any) -> Destination:
    """Return the IntercomDestination that a parsed manifest declares.

    Raises:
        InvalidDestinationError: It is not a valid one; every problem is named.
    """
    if not isinstance(manifest, Mapping):
        raise InvalidDestinationError([f"the manifest is not a mapping; it must be an {KIND}"])
    problems = _envelope_problems(manifest)
    if _is_of_another_version(manifest):
        raise InvalidDestinationError(problems)
    spec: SyncSpec | None = None
    unknown: list[str] = []
    if manifest.get("spec") is None:
        problems.append("spec: missing; say what to send and to whom")
    else:
        try:
            stored = _as_stored(manifest["spec"])
            spec = _model_for(stored).model_validate_json(json.dumps(stored), by_alias=True, by_name=False)
        except ValidationError as error:
            details = error.errors(include_url=False)
            problems += map(_sentence_of_spec, details)
            unknown = [_path(detail["loc"], "spec") for detail in details if _is_unknown(detail)]
        except (TypeError, ValueError) as error:
            problems.append(f"spec: holds a value that JSON does not know ({error})")
    if problems or spec is None:
        raise InvalidDestinationError(problems, unknown=unknown)
    metadata = manifest["metadata"]
    return Destination(name=metadata["name"], namespace=metadata.get("namespace"), spec=spec)


def _model_for(stored: Any) -> type[SyncSpec]:
    """Return the model of a spec; those of spec.job take 1.4 MiB and 15 ms, and no run needs them."""
    if isinstance(stored, Mapping) and "job" not in stored:
        return SyncSpec
    from mogulsync.resource.spec import Spec  # noqa: PLC0415 - as the docstring says

    return Spec


def problems_of_spec(error: ValidationError) -> SpecProblems:
    """Return what pydantic found in a spec."""
    details = error.errors(include_url=False)
    return SpecProblems(
        unknown=tuple(_path(detail["loc"], "spec") for detail in details if _is_unknown(detail)),
        wrong=tuple(_sentence_of_spec(detail) for detail in details if not _is_unknown(detail)),
    )


def parse_job(text: str) -> "Job":
    """Return what a YAML or JSON text of the shape of spec.job says: the operator's --job-defaults.

    Raises:
        InvalidDestinationError: It is not of that shape; every problem is named.
    """
    from mogulsync.resource.job import Job  # noqa: PLC0415 - no run needs it

    documents = parse_documents(text)
    if len(documents) > 1:
        raise InvalidDestinationError([f"holds {len(documents)} documents; give one, of the shape of spec.job"])
    document = documents[0] if documents else {}
    if not isinstance(document, Mapping):
        raise InvalidDestinationError(["is not a mapping; it must be of the shape of spec.job"])
    try:
        return Job.model_validate_json(json.dumps(_as_stored(document)), by_alias=True, by_name=False)
    except ValidationError as error:
        sentences = [_sentence(detail, model=Job, root="job") for detail in error.errors(include_url=False)]
        raise InvalidDestinationError(sentences) from None
    except (TypeError, ValueError) as error:
        raise InvalidDestinationError([f"holds a value that JSON does not know ({error})"]) from None


def is_meant_as_destination(document: Any) -> bool:
    """Return whether a parsed document is of our kind or our API group: whether it has to be a valid destination."""
    if not isinstance(document, Mapping):
        return False
    return document.get("kind") == KIND or str(document.get("apiVersion")).startswith(f"{GROUP}/")


def items_of(document: Any) -> list[Any]:
    """Return the items of a Kubernetes List, and of anything else itself alone."""
    if isinstance(document, Mapping) and document.get("kind") in {"List", f"{KIND}List"}:
        items = document.get("items")
        return list(items) if isinstance(items, list) else []
    return [document]


def _is_of_another_version(manifest: Mapping[str, Any]) -> bool:
    version = manifest.get("apiVersion")
    return isinstance(version, str) and version != API_VERSION and version.startswith(f"{GROUP}/")


def _as_stored(value: Any) -> Any:
    """Return the value as the API server takes it: a key that holds null is not there, and 1.0 is a whole number."""
    if isinstance(value, Mapping):
        return {key: _as_stored(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_as_stored(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _envelope_problems(manifest: Mapping[str, Any]) -> list[str]:
    problems = []
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        value = manifest.get(key)
        if value is None:
            problems.append(f"{key}: missing; set it to {expected}")
        elif value != expected:
            problems.append(f"{key}: {_shown(value)} is not {expected}; set it to that")
    problems += [
        f"{key}: unknown; a manifest has apiVersion, kind, metadata and spec"
        for key in manifest
        if key not in _TOP_LEVEL
    ]
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(name, str) or not name:
        problems.append("metadata.name: missing; give the destination a name")
    elif not NAME_RULE.holds(name):
        problems.append(f"metadata.name: {_shown(name)}: {NAME_RULE.message}")
    elif not _NAME_SHAPE.fullmatch(name):
        problems.append(
            f"metadata.name: {_shown(name)}: must be small letters, digits, - and ., with a letter or digit at both "
            "ends of each part between dots; rename it"
        )
    return problems


def _is_unknown(detail: ErrorDetails) -> bool:
    return detail["type"] in {_UNKNOWN, *_NO_CHOICE}


def _sentence_of_spec(detail: ErrorDetails) -> str:
    from mogulsync.resource.spec import Spec  # noqa: PLC0415 - for a wrong manifest alone

    return _sentence(detail, model=Spec, root="spec")


def _sentence(detail: ErrorDetails, *, model: "type[SpecModel]", root: str) -> str:
    """Return one of pydantic's errors as a sentence: path, value, what is wrong and the fix."""
    location = detail["loc"]
    if field := detail.get("ctx", {}).get("field"):
        location = (*location, field)
    path = _path(location, root)
    kind = detail["type"]
    if kind == _UNKNOWN:
        return f"{path}: unknown field{_suggestion(detail['loc'], model)}; remove it or fix its name"
    if kind == "missing":
        return f"{path}: missing; it is required"
    message = detail["msg"]
    if kind != "rule":
        message = message[:1].lower() + message[1:]
    if isinstance(detail["input"], dict | list) or not _MAY_HOLD_A_SECRET.isdisjoint(detail["loc"]):
        return f"{path}: {message}"
    return f"{path}: {_shown(detail['input'])}: {message}"


def _path(location: tuple[int | str, ...], root: str) -> str:
    path = root
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path


def _suggestion(location: tuple[int | str, ...], root: "type[SpecModel]") -> str:
    """Return a hint at the field that was probably meant."""
    import difflib  # noqa: PLC0415 - for a wrong manifest alone

    model: Any = root
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        nested = _model_in(field.annotation) if field else None
        if nested is None:
            return ""
        model = nested
    known = [field.alias or name for name, field in model.model_fields.items()]
    wrong = str(location[-1])
    close = difflib.get_close_matches(wrong, known, n=1) or [k for k in known if k == to_camel(wrong)]
    return f", did you mean {close[0]}?" if close else ""


def _model_in(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_MAX_LENGTH else text[: _VALUE_MAX_LENGTH - 1] + "…"
