"""What the API server accepts and refuses: the tables that the worker runs too."""

import json
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient, CustomObjectsApi
from kubernetes.aio.client.exceptions import ApiException

from mogulsync.resource.names import GROUP, PLURAL, VERSION
from tests.support.destinations import ACCEPTED, REFUSED, UNKNOWN, Accepted, Refused, Unknown, destination, field_list


async def try_to_create(api: ApiClient, manifest: dict[str, Any], validation: str = "Strict") -> Any:
    return await CustomObjectsApi(api).create_namespaced_custom_object(
        GROUP, VERSION, "default", PLURAL, manifest, dry_run="All", field_validation=validation
    )


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: row.case)
async def test_api_server_accepts(api: ApiClient, row: Accepted) -> None:
    manifest = destination(row.changes)
    created = await try_to_create(api, manifest)
    assert created["metadata"]["name"] == manifest["metadata"]["name"]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.case)
async def test_api_server_refuses_and_names_field_and_fix(api: ApiClient, row: Refused) -> None:
    with pytest.raises(ApiException) as refusal:
        await try_to_create(api, destination(row.changes))
    answer = json.loads(str(refusal.value.body))
    assert answer["code"] == 422, answer
    said = [cause["message"] for cause in answer["details"]["causes"] if row.where in cause["field"] + cause["message"]]
    assert any(row.fix in message for message in said), answer["message"]


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row.case)
async def test_api_server_refuses_an_unknown_key_under_strict_validation(api: ApiClient, row: Unknown) -> None:
    with pytest.raises(ApiException) as refusal:
        await try_to_create(api, destination(row.changes))
    assert f'unknown field \\"{row.where}\\"' in str(refusal.value.body)


@pytest.mark.parametrize("row", UNKNOWN, ids=lambda row: row.case)
async def test_api_server_drops_an_unknown_key_otherwise(api: ApiClient, row: Unknown) -> None:
    created = await try_to_create(api, destination(row.changes), "Ignore")
    assert f'"{row.where.rpartition(".")[2]}"' not in json.dumps(created["spec"])


async def test_a_source_that_is_there_twice_is_one_cause(api: ApiClient) -> None:
    with pytest.raises(ApiException) as refusal:
        await try_to_create(api, destination(field_list("MRR", "ARR", "MRR")))
    assert len(json.loads(str(refusal.value.body))["details"]["causes"]) == 1
