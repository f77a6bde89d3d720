"""Values that JSON can hold and Unicode, a calendar or 64 bits cannot: the answer is the API's own."""

import json
from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import Sandbox, SandboxAccount

HALF = "\ud83d"


async def posted(intercom: httpx2.AsyncClient, path: str, body: Any, *, method: str = "POST") -> httpx2.Response:
    """Send the body in ASCII, as the client's own encoder does not."""
    return await intercom.request(method, path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


@pytest.mark.parametrize(
    "query",
    [
        {"field": HALF, "operator": "=", "value": "x"},
        {"field": "email", "operator": HALF, "value": "x"},
        {"field": f"custom_attributes.{HALF}", "operator": "=", "value": "x"},
    ],
)
async def test_a_search_for_half_a_character_is_refused(intercom: httpx2.AsyncClient, query: dict[str, Any]) -> None:
    assert code_of(await posted(intercom, "/contacts/search", {"query": query})) == (400, "parameter_invalid")


@pytest.mark.parametrize("body", [{"role": HALF}, {"role": None}, {"role": "king"}, {"custom_attributes": {HALF: 1}}])
async def test_a_change_to_what_a_contact_cannot_be_is_refused(
    intercom: httpx2.AsyncClient, account: SandboxAccount, body: dict[str, Any]
) -> None:
    contact = next(contact for _, contact in account.contacts())
    answer = await posted(intercom, f"/contacts/{contact.id}", body, method="PUT")
    assert code_of(answer) == (400, "parameter_invalid")
    assert account.contact(contact.id) == contact


async def test_half_a_character_in_a_description_is_given_as_it_came(intercom: httpx2.AsyncClient) -> None:
    body = {"name": "odd", "model": "contact", "data_type": "string", "description": HALF}
    answer = await posted(intercom, "/data_attributes", body)
    assert (answer.status_code, json.loads(answer.content)["description"]) == (200, HALF)


async def test_half_a_character_as_the_secret_is_refused(intercom: httpx2.AsyncClient) -> None:
    body = {"client_id": "sandbox-client-id", "client_secret": HALF, "code": "x"}
    answer = await posted(intercom, "/auth/eagle/token", body)
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_half_a_character_of_a_customer_is_given(chartmogul: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    uuid = sandbox.account.add_customer({"name": HALF})
    answer = await chartmogul.get(f"/customers/{uuid}")
    assert (answer.status_code, json.loads(answer.content)["name"]) == (200, HALF)
