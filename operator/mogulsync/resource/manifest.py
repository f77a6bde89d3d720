"""Reads an IntercomDestination manifest, strictly, with errors that name the field and the fix."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails
from yaml.constructor import ConstructorError

from mogulsync.resource.job import Job
from mogulsync.resource.names import API_VERSION, GROUP, KIND
from mogulsync.resource.rules import SpecModel
from mogulsync.resource.spec import NAME_RULE, Spec

_TOP_LEVEL: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})
_UNKNOWN: Final = "extra_forbidden"
"""Pydantic's type of the error that a key is unknown."""
_NO_CHOICE: Final = frozenset({"enum", "literal_error"})
"""Pydantic's types of the error that a value is none of the choices."""
_VALUE_MAX_LENGTH: Final = 60
_VALUES_MAX: Final = 1_000_000
"""Values of a document with every alias written out; a List of thousands of destinations has fewer."""
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
    spec: Spec


class _Loader(yaml.SafeLoader):
    """YAML as kubectl reads it: a time stays text, and a key that is there twice is an error."""

    yaml_implicit_resolvers: Any = {  # noqa: RUF012 - the library's own attribute
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the library's signature
        seen: set[Any] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise ConstructorError(problem=f"{key.value} is there twice", problem_mark=key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_documents(text: str) -> list[Any]:
    """Return the YAML or JSON documents of the text, empty ones left out.

    Raises:
        InvalidDestinationError: It is neither YAML nor JSON.
    """
    try:
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise InvalidDestinationError([f"not valid YAML or JSON{where}: {problem}"]) from None
    except (ValueError, RecursionError):  # a number that is none, brackets without end
        raise InvalidDestinationError(["not valid YAML or JSON: it cannot be read"]) from None
    if not all(map(_is_bounded, documents)):
        raise InvalidDestinationError(["an alias (*) holds its own anchor (&), or too much; write the values out"])
    return documents


def _is_bounded(document: Any) -> bool:
    """Return whether the document ends when every alias is written out: one that holds its own anchor does not."""
    count, left = 0, [document]
    while left:
        value = left.pop()
        count += 1
        if count > _VALUES_MAX:
            return False
        if isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return True


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
    spec: Spec | None = None
    unknown: list[str] = []
    if manifest.get("spec") is None:
        problems.append("spec: missing; say what to send and to whom")
    else:
        try:
            text = json.dumps(_as_stored(manifest["spec"]))
            spec = Spec.model_validate_json(text, by_alias=True, by_name=False)
        except ValidationError as error:
            details = error.errors(include_url=False)
            problems += [_sentence(detail) for detail in details]
            unknown = [_path(detail["loc"], "spec") for detail in details if _is_unknown(detail)]
        except (TypeError, ValueError) as error:
            problems.append(f"spec: holds a value that JSON does not know ({error})")
    if problems or spec is None:
        raise InvalidDestinationError(problems, unknown=unknown)
    metadata = manifest["metadata"]
    return Destination(name=metadata["name"], namespace=metadata.get("namespace"), spec=spec)


def problems_of_spec(error: ValidationError) -> SpecProblems:
    """Return what pydantic found in a spec."""
    details = error.errors(include_url=False)
    return SpecProblems(
        unknown=tuple(_path(detail["loc"], "spec") for detail in details if _is_unknown(detail)),
        wrong=tuple(_sentence(detail) for detail in details if not _is_unknown(detail)),
    )


def parse_job(text: str) -> Job:
    """Return what a YAML or JSON text of the shape of spec.job says: the operator's --job-defaults.

    Raises:
        InvalidDestinationError: It is not of that shape; every problem is named.
    """
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


def _sentence(detail: ErrorDetails, *, model: type[SpecModel] = Spec, root: str = "spec") -> str:
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


def _suggestion(location: tuple[int | str, ...], root: type[SpecModel]) -> str:
    """Return a hint at the field that was probably meant."""
    model: Any = root
    for part in location[:-1]:
        if isinstance(part, int):
            continue
        field = next((f for f in model.model_fields.values() if f.alias == part), None)
        nested = _model_in(field.annotation) if field else None
        if nested is None:
            return ""
        model = nested
    import difflib  # noqa: PLC0415 - for a wrong manifest alone

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
