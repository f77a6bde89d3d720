"""What a container of a Pod runs: its command line and environment, resolved as a kubelet does it."""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

Manifest = Mapping[str, Any]
Read = Callable[[str, str], Awaitable[Manifest | None]]
"""Returns a Secret or ConfigMap by kind ("secrets", "configmaps") and name; None when there is none."""

_REFERENCE: Final = re.compile(r"\$(?:\$|\(([-._a-zA-Z][-._a-zA-Z0-9]*)\))")
_MAP_FIELD: Final = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_FIELDS: Final = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName")
_KEYED: Final = {
    "secretKeyRef": ("secrets", "secret", "Secret"),
    "configMapKeyRef": ("configmaps", "configmap", "ConfigMap"),
}


class ContainerConfigError(Exception):
    """The container cannot be made yet; the text is what a kubelet says of it."""


async def resolve_environment(pod: Manifest, container: Manifest, read: Read) -> dict[str, str]:
    """Return the variables that the container's `env` declares.

    Raises:
        ContainerConfigError: A Secret, a ConfigMap or a key of one is missing.
    """
    environment: dict[str, str] = {}
    for variable in container.get("env") or ():
        source = variable.get("valueFrom")
        if source is None:
            environment[variable["name"]] = expand(variable.get("value", ""), environment)
            continue
        value = await _from_source(pod, source, read)
        if value is not None:
            environment[variable["name"]] = value
    return environment


async def _from_source(pod: Manifest, source: Manifest, read: Read) -> str | None:
    [(kind, reference)] = source.items()
    if kind == "fieldRef":
        return _field(pod, reference["fieldPath"])
    if kind not in _KEYED:
        raise ContainerConfigError(f"{kind} is not supported by this runner")
    resource, spoken, title = _KEYED[kind]
    found = await read(resource, reference["name"])
    optional = bool(reference.get("optional"))
    if found is None:
        if optional:
            return None
        raise ContainerConfigError(f'{spoken} "{reference["name"]}" not found')
    value = (found.get("data") or {}).get(reference["key"])
    if value is None:
        if optional:
            return None
        namespace = pod["metadata"]["namespace"]
        raise ContainerConfigError(f"couldn't find key {reference['key']} in {title} {namespace}/{reference['name']}")
    return base64.b64decode(value).decode() if kind == "secretKeyRef" else str(value)


def _field(pod: Manifest, path: str) -> str:
    keyed = _MAP_FIELD.fullmatch(path)
    if keyed:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    if path not in _FIELDS:
        raise ContainerConfigError(f"fieldRef {path} is not supported by this runner")
    section, name = path.split(".")
    return str(pod[section].get(name, ""))


def resolve_command(container: Manifest, environment: Mapping[str, str], entrypoint: Sequence[str]) -> list[str]:
    """Return the command line: `command`, or the image's entry point, followed by `args`."""
    declared = [expand(part, environment) for part in container.get("command") or ()]
    arguments = [expand(part, environment) for part in container.get("args") or ()]
    return [*(declared or entrypoint), *arguments]


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Return the text with `$(NAME)` replaced by the variable; unknown names stay, `$$` is a `$`."""

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "$"
        return environment.get(match[1], match[0])

    return _REFERENCE.sub(value, text)
