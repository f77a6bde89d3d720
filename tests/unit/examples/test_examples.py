"""Every example is valid, and together they show what there is to show."""

from pathlib import Path
from typing import Any, Final

import pytest

from mogulsync import __version__
from mogulsync.resource.manifest import destination_from, parse_documents
from mogulsync.resource.names import KIND
from mogulsync.resource.sources import Source
from mogulsync.resource.spec import Spec
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY

_EXAMPLES: Final = Path(__file__).parents[3] / "examples"
_FILES: Final = sorted(path for path in _EXAMPLES.rglob("*.yaml") if "install" not in path.relative_to(_EXAMPLES).parts)
"""Those of destinations; tests/api/install is about those of installing."""
_DOCUMENTS: Final[dict[str, dict[str, Any]]] = {
    f"{path.relative_to(_EXAMPLES)}-{document['kind']}-{document['metadata']['name']}": document
    for path in _FILES
    for document in parse_documents(path.read_text())
}
_DESTINATIONS: Final = {name: document for name, document in _DOCUMENTS.items() if document["kind"] == KIND}


@pytest.mark.parametrize("document", _DESTINATIONS.values(), ids=_DESTINATIONS)
def test_a_destination_is_valid(document: dict[str, Any]) -> None:
    assert destination_from(document).name == document["metadata"]["name"]


@pytest.mark.parametrize("document", _DESTINATIONS.values(), ids=_DESTINATIONS)
def test_a_destination_names_secrets_that_an_example_has(document: dict[str, Any]) -> None:
    secrets = {
        (other["metadata"]["name"], key)
        for other in _DOCUMENTS.values()
        if other["kind"] == "Secret"
        for key in other["stringData"]
    }
    spec = destination_from(document).spec
    api_key, oauth = spec.chartmogul.api_key_secret_ref, spec.intercom.oauth_secret_ref
    assert {(api_key.name, api_key.key), (oauth.name, oauth.key)} <= secrets


@pytest.mark.parametrize("document", _DOCUMENTS.values(), ids=_DOCUMENTS)
def test_no_example_chooses_the_namespace(document: dict[str, Any]) -> None:
    assert "namespace" not in document["metadata"]


def test_every_field_shows_all_sources_and_every_option() -> None:
    text = (_EXAMPLES / "03-every-field.yaml").read_text()
    (document,) = parse_documents(text)
    assert [field["source"] for field in document["spec"]["fields"]] == list(Source)
    assert set(document["spec"]) == {field.alias for field in Spec.model_fields.values()}
    for part in ("chartmogul", "intercom", "matching", "job"):
        model = Spec.model_fields[part].annotation
        assert model is not None
        for field in model.model_fields.values():
            assert f" {field.alias}:" in text, f"{part}.{field.alias} is not shown"


def test_every_field_shows_the_defaults() -> None:
    (document,) = parse_documents((_EXAMPLES / "03-every-field.yaml").read_text())
    shown = destination_from(document).spec
    required = {name: document["spec"][name] for name in ("chartmogul", "intercom", "matching", "fields")}
    defaults = Spec.model_validate(required)
    assert shown.model_copy(update={"job": defaults.job}) == defaults


def test_the_sandbox_takes_the_credentials_of_its_secrets() -> None:
    given = [
        document["stringData"]
        for name, document in _DOCUMENTS.items()
        if name.startswith("sandbox/") and document["kind"] == "Secret"
    ]
    assert given == [{"api-key": API_KEY}, {"access-token": ACCESS_TOKEN}]


def test_the_sandbox_runs_this_version() -> None:
    assert f"image: mogulsync:{__version__} " in (_EXAMPLES / "sandbox" / "sandbox.yaml").read_text()
