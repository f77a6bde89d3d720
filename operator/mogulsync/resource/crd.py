"""Generates the CustomResourceDefinition from the models of spec and status.

`python -m mogulsync.resource.crd` prints it. It is a structural schema, as Kubernetes wants it: no
references, no titles, no unions with null.
"""

import json
from typing import Any, Final

import yaml
from pydantic import BaseModel

from mogulsync.resource.names import API_VERSION, CATEGORY, GROUP, KIND, PLURAL, SHORT_NAME, SINGULAR, VERSION
from mogulsync.resource.rules import NO_DEFAULT, VALIDATIONS, VERBATIM
from mogulsync.resource.spec import Spec
from mogulsync.resource.status import Status
from mogulsync.resource.syncspec import NAME_RULE

FILE_NAME: Final = f"{PLURAL}.{GROUP}.yaml"

_ANNOTATIONS: Final = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
"""Flux's post-build substitution would take `$` in patterns and descriptions for a variable of its own."""

_COLUMNS: Final = (
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("Synced", "string", '.status.conditions[?(@.type=="Synced")].status', 0),
    ("Workspace", "string", ".status.workspace.name", 0),
    ("Matched", "integer", ".status.lastSync.customers.matched", 0),
    ("Updated", "integer", ".status.lastSync.contacts.updated", 0),
    ("Last Sync", "date", ".status.lastSyncTime", 0),
    # A string: kubectl prints a date in the future as <invalid>.
    ("Next Sync", "string", ".status.nextSyncTime", 0),
    ("Age", "date", ".metadata.creationTimestamp", 0),
    ("Schedule", "string", ".spec.schedule", 1),
    ("Time Zone", "string", ".spec.timeZone", 1),
    ("Suspended", "boolean", ".spec.suspend", 1),
    ("Message", "string", ".status.message", 1),
)


def custom_resource_definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition of IntercomDestination as a manifest."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}", "annotations": _ANNOTATIONS},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": SINGULAR,
                "shortNames": [SHORT_NAME],
                "categories": [CATEGORY],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
                    "schema": {"openAPIV3Schema": _resource_schema()},
                }
            ],
        },
    }


def _column(name: str, kind: str, path: str, priority: int) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | {"priority": priority} if priority else column


def _resource_schema() -> dict[str, Any]:
    spec = _with_defaults_described(_structural(Spec))
    status = _structural(Status)
    return {
        "type": "object",
        "description": "Sends chosen customer data of a ChartMogul account to the matching contacts of an Intercom "
        "workspace, each day.",
        "required": ["spec"],
        VALIDATIONS: [{"rule": NAME_RULE.cel, "message": NAME_RULE.message}],
        "properties": {
            "apiVersion": {"type": "string", "description": f"{API_VERSION}."},
            "kind": {"type": "string", "description": f"{KIND}."},
            "metadata": {"type": "object"},
            "spec": spec,
            # Until the operator has seen the resource, kstatus must not call it current.
            "status": status | {"default": {"observedGeneration": -1}},
        },
    }


def _structural(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs", {})
    resolved = _resolve(schema, definitions)
    return dict(resolved)


def _resolve(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema without references, unions with null, titles and null defaults."""
    if schema.pop(VERBATIM, False):
        return schema
    merged = _merge_parts(dict(schema), definitions)
    merged.pop("title", None)
    merged.pop("$defs", None)
    if all(merged.pop(mark, False) for mark in NO_DEFAULT):
        merged.pop("default", None)
    if "default" in merged:
        default = _without_nulls(merged.pop("default"))
        merged |= {} if default is None else {"default": default}
    if "const" in merged:
        merged["enum"] = [merged.pop("const")]
    if isinstance(merged.get("properties"), dict):
        merged["properties"] = {name: _resolve(part, definitions) for name, part in merged["properties"].items()}
        merged.pop("additionalProperties", None)
    if isinstance(merged.get("items"), dict):
        merged["items"] = _resolve(merged["items"], definitions)
    extra = merged.get("additionalProperties")
    if merged.get("x-kubernetes-preserve-unknown-fields") or isinstance(extra, bool):
        merged.pop("additionalProperties", None)
    elif isinstance(extra, dict):
        merged["additionalProperties"] = _resolve(extra, definitions)
    return merged


def _with_defaults_described(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with every optional key's default in its description, where `kubectl explain` shows it."""
    described = dict(schema)
    if "properties" in described:
        required = described.get("required", ())
        described["properties"] = {
            key: _with_defaults_described(part if key in required else _with_default_described(part))
            for key, part in described["properties"].items()
        }
    if isinstance(described.get("items"), dict):
        described["items"] = _with_defaults_described(described["items"])
    return described


def _with_default_described(schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.get("description", "")
    if "default" in description.lower():
        return schema
    default = json.dumps(schema["default"]).strip('"') if "default" in schema else "none"
    return schema | {"description": f"{description} Default: {default}."}


def _without_nulls(value: Any) -> Any:
    """Return a default without the keys that are unset, which JSON would hold as null."""
    if isinstance(value, dict):
        return {key: _without_nulls(part) for key, part in value.items() if part is not None}
    return value


def _merge_parts(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Fold `$ref`, `allOf` and `anyOf` with null into the schema; what it says itself wins."""
    parts: list[dict[str, Any]] = []
    if "$ref" in schema:
        parts.append(definitions[schema.pop("$ref").rsplit("/", 1)[-1]])
    parts += schema.pop("allOf", [])
    parts += [part for part in schema.pop("anyOf", []) if part.get("type") != "null"]
    merged: dict[str, Any] = {}
    for part in parts:
        merged |= _merge_parts(dict(part), definitions)
    return merged | schema


def to_yaml() -> str:
    """Return the manifest as it is committed below `crds/`."""
    header = "# Generated from operator/mogulsync/resource by `make generate`; do not edit.\n"
    return header + yaml.safe_dump(custom_resource_definition(), sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    print(to_yaml(), end="")  # noqa: T201 - printing is what the command is for
