"""Reads YAML as kubectl does. Manifests in JSON, which Jobs are given, are read without it and without its library."""

from collections.abc import Mapping
from typing import Any, Final

import yaml
from yaml.constructor import ConstructorError

_VALUES_MAX: Final = 1_000_000
"""Values of a document with every alias written out; a List of thousands of destinations has fewer."""


class UnreadableTextError(ValueError):
    """A text that is not YAML, or that no one should have to read; its text says why."""


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


def parse_yaml(text: str) -> list[Any]:
    """Return the documents of the text, empty ones left out.

    Raises:
        UnreadableTextError: It is not YAML, or one of its aliases holds its own anchor or too much.
    """
    try:
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise UnreadableTextError(f"not valid YAML or JSON{where}: {problem}") from None
    except (ValueError, RecursionError):  # a number that is none, brackets without end
        raise UnreadableTextError("not valid YAML or JSON: it cannot be read") from None
    if not all(map(_is_bounded, documents)):
        raise UnreadableTextError("an alias (*) holds its own anchor (&), or too much; write the values out")
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
