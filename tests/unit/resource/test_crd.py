"""The generated CustomResourceDefinition."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mogulsync.resource.crd import FILE_NAME, custom_resource_definition, to_yaml
from tests.support.destinations import SOURCES

COMMITTED = Path(__file__).parents[3] / "crds" / FILE_NAME

FORBIDDEN_IN_A_STRUCTURAL_SCHEMA = {"$ref", "$defs", "definitions", "title", "anyOf", "allOf", "const", "nullable"}


def schemas(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the schema and every one below it, with its path."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from schemas(part, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from schemas(schema["items"], f"{path}[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from schemas(schema["additionalProperties"], f"{path}.*")


@pytest.fixture(scope="module")
def version() -> dict[str, Any]:
    versions: list[dict[str, Any]] = custom_resource_definition()["spec"]["versions"]
    return versions[0]


@pytest.fixture(scope="module")
def root(version: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def test_committed_file_is_what_the_models_say() -> None:
    assert COMMITTED.read_text() == to_yaml(), "run `make generate` and commit crds/"


def test_committed_folder_holds_nothing_else() -> None:
    assert [path.name for path in COMMITTED.parent.iterdir()] == [FILE_NAME]


def test_yaml_reads_back_as_the_definition() -> None:
    assert yaml.safe_load(to_yaml()) == custom_resource_definition()


def test_definition_fits_client_side_apply_many_times_over() -> None:
    assert len(to_yaml().encode()) < 100_000


def test_every_limit_fits_its_type_for_the_api_server_passes_over_others(root: dict[str, Any]) -> None:
    limits = {"string": ("maxLength", "minLength"), "array": ("maxItems", "minItems"), "object": ("maxProperties",)}
    ineffective = [
        f"{path}: {limit}"
        for path, schema in schemas(root, "")
        for kind, keys in limits.items()
        for limit in keys
        if schema.get("type", kind) != kind and limit in schema
    ]
    assert ineffective == []


def test_every_field_has_a_description(root: dict[str, Any]) -> None:
    fields = [(path, schema) for path, schema in schemas(root, "") if not path.endswith(("[]", ".*")) and path]
    undescribed = [path for path, schema in fields if not schema.get("description")]
    assert undescribed == [".metadata"]  # Kubernetes describes that one itself


def test_every_optional_key_of_spec_says_its_default(root: dict[str, Any]) -> None:
    silent = [
        f"{path}.{key}"
        for path, schema in schemas(root["properties"]["spec"], "spec")
        for key, part in schema.get("properties", {}).items()
        if key not in schema.get("required", []) and "default" not in part["description"].lower()
    ]
    assert silent == []


def test_flux_substitutes_nothing_in_it() -> None:
    annotations = custom_resource_definition()["metadata"]["annotations"]
    assert annotations == {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}


def test_descriptions_are_sentences(root: dict[str, Any]) -> None:
    odd = [
        path
        for path, schema in schemas(root, "")
        if (text := schema.get("description")) and not (text.endswith(".") and "\n" not in text)
    ]
    assert odd == []


def test_schema_is_structural(root: dict[str, Any]) -> None:
    for path, schema in schemas(root, ""):
        if schema.get("x-kubernetes-preserve-unknown-fields") and "type" not in schema:
            continue  # of any type: a number or a text
        assert not FORBIDDEN_IN_A_STRUCTURAL_SCHEMA & schema.keys(), path
        assert schema.get("type"), path


def test_every_rule_has_a_message_that_says_the_fix(root: dict[str, Any]) -> None:
    rules = [rule for _, schema in schemas(root, "") for rule in schema.get("x-kubernetes-validations", [])]
    assert len(rules) > 10
    assert all(rule["message"] for rule in rules)


def test_sources_are_the_documented_ones(root: dict[str, Any]) -> None:
    spec = root["properties"]["spec"]
    fields = spec["properties"]["fields"]
    assert tuple(fields["items"]["properties"]["source"]["enum"]) == SOURCES
    assert (fields["minItems"], fields["maxItems"]) == (1, 50)
    assert spec["required"] == ["chartmogul", "intercom", "matching", "fields"]


def test_names_and_group() -> None:
    definition = custom_resource_definition()
    assert definition["metadata"]["name"] == "intercomdestinations.mogulsync.dev"
    spec = definition["spec"]
    assert (spec["group"], spec["scope"]) == ("mogulsync.dev", "Namespaced")
    assert spec["names"] == {
        "kind": "IntercomDestination",
        "listKind": "IntercomDestinationList",
        "plural": "intercomdestinations",
        "singular": "intercomdestination",
        "shortNames": ["icd"],
        "categories": ["mogulsync"],
    }


def test_only_version_is_served_stored_and_has_a_status(version: dict[str, Any]) -> None:
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}
