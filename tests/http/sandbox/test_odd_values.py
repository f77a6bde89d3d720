"""Values that JSON can hold and Unicode, a calendar or 64 bits cannot: the answer is the API's own."""

import json
from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import Sandbox, SandboxAccount, pagination

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


BEYOND_64_BITS = (float("inf"), float("nan"), 1e308, 2**63, 10**400, str(10**400))


@pytest.mark.parametrize("value", [*BEYOND_64_BITS, 2**62, -(2**62)])
@pytest.mark.parametrize("field", ["created_at", "custom_attributes.trial_ends_at"])
@pytest.mark.parametrize("operator", ["=", ">"])
async def test_a_search_by_what_is_no_date_is_refused(
    intercom: httpx2.AsyncClient, field: str, operator: str, value: Any
) -> None:
    query = {"field": field, "operator": operator, "value": value}
    assert code_of(await posted(intercom, "/contacts/search", {"query": query})) == (400, "parameter_invalid")


@pytest.mark.parametrize("value", BEYOND_64_BITS)
async def test_a_search_by_what_is_no_integer_is_refused(intercom: httpx2.AsyncClient, value: Any) -> None:
    query = {"field": "custom_attributes.account_number", "operator": "IN", "value": [value]}
    assert code_of(await posted(intercom, "/contacts/search", {"query": query})) == (400, "parameter_invalid")


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 10**400, "inf"])
async def test_a_search_by_what_is_no_finite_number_is_refused(intercom: httpx2.AsyncClient, value: Any) -> None:
    query = {"field": "custom_attributes.lifetime_value", "operator": ">", "value": value}
    assert code_of(await posted(intercom, "/contacts/search", {"query": query})) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("trial_ends_at", 2**62),
        ("account_number", 2**63),
        ("lifetime_value", float("inf")),
        ("lifetime_value", float("nan")),
        ("lifetime_value", 10**400),
    ],
)
async def test_a_number_out_of_range_is_not_stored(
    intercom: httpx2.AsyncClient, account: SandboxAccount, attribute: str, value: float
) -> None:
    contact = next(contact for _, contact in account.contacts())
    body = {"custom_attributes": {attribute: value}}
    answer = await posted(intercom, f"/contacts/{contact.id}", body, method="PUT")
    assert code_of(answer) == (400, "type_mismatch")
    assert account.contact(contact.id) == contact


@pytest.mark.parametrize(
    "more",
    [
        {"pagination": {"per_page": float("inf")}},
        {"pagination": {"per_page": 10**400}},
        {"pagination": {"starting_after": pagination.cursor(0, 0, float("inf"))}},
        {"pagination": {"starting_after": pagination.cursor(0, 0, int("9" * 4300))}},
        {"pagination": {"starting_after": "W1tb" * 10_000}},
        {"sort": {"field": []}},
        {"sort": {"field": {}}},
    ],
)
async def test_a_search_for_a_page_that_cannot_be_is_refused(
    intercom: httpx2.AsyncClient, more: dict[str, Any]
) -> None:
    query = {"field": "role", "operator": "=", "value": "user"}
    answer = await posted(intercom, "/contacts/search", {"query": query, **more})
    assert code_of(answer) == (400, "parameter_invalid")


@pytest.mark.parametrize("data_type", [[], {}, ["string"], {"string": 1}, 1e999, None])
async def test_an_attribute_of_no_type_is_refused(intercom: httpx2.AsyncClient, data_type: object) -> None:
    body = {"name": "odd", "model": "contact", "data_type": data_type}
    assert code_of(await posted(intercom, "/data_attributes", body)) == (400, "parameter_invalid")


async def test_an_attribute_of_a_very_long_id_is_not_found(intercom: httpx2.AsyncClient) -> None:
    answer = await posted(intercom, f"/data_attributes/{'9' * 5000}", {"archived": True}, method="PUT")
    assert code_of(answer) == (404, "field_not_found")


@pytest.mark.parametrize("depth", [800, 100_000])
@pytest.mark.parametrize(("method", "path"), [("POST", "/contacts/search"), ("PUT", "/contacts/x")])
async def test_json_nested_too_deep_is_refused(
    intercom: httpx2.AsyncClient, method: str, path: str, depth: int
) -> None:
    content = '{"query":{"field":' + "[" * depth + "]" * depth + "}}"
    answer = await intercom.request(method, path, content=content)
    assert answer.status_code in (400, 404)


LISTS = ("/customers", "/invoices", "/plans", "/customers?status=Active", "/import/customers/{uuid}/invoices")


@pytest.mark.parametrize("path", [*LISTS, "/customers/{uuid}/subscriptions"])
@pytest.mark.parametrize("page", [str(2**53 + 1), str(2**62), "99999999999999999999", "9" * 5000])
async def test_a_page_number_that_no_list_reaches_is_refused(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, path: str, page: str
) -> None:
    uuid = next(customer["uuid"] for _, customer in account.customers())
    url = httpx2.URL(path.format(uuid=uuid)).copy_merge_params({"page": page})
    answer = await chartmogul.get(url)
    assert (answer.status_code, answer.json()["param"]) == (400, "page")


@pytest.mark.parametrize("path", LISTS)
async def test_the_largest_page_number_has_an_empty_page(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, path: str
) -> None:
    uuid = next(customer["uuid"] for _, customer in account.customers())
    url = httpx2.URL(path.format(uuid=uuid)).copy_merge_params({"page": pagination.LARGEST})
    answer = await chartmogul.get(url)
    assert (answer.status_code, answer.json()["has_more"]) == (200, False)


async def test_a_very_large_page_size_counts_as_200(chartmogul: httpx2.AsyncClient) -> None:
    answer = await chartmogul.get("/customers", params={"per_page": "99999999999999999999"})
    assert (answer.status_code, answer.json()["per_page"]) == (200, 200)


@pytest.mark.parametrize("query", [{"page": str(2**64)}, {"starting_after": pagination.cursor(2**64, 1)}])
async def test_a_page_of_contacts_that_no_list_reaches_is_refused(
    intercom: httpx2.AsyncClient, query: dict[str, str]
) -> None:
    assert code_of(await intercom.get("/contacts", params=query)) == (400, "parameter_invalid")


async def test_a_cursor_that_no_list_reaches_is_refused(chartmogul: httpx2.AsyncClient) -> None:
    answer = await chartmogul.get("/invoices", params={"cursor": pagination.cursor(2**64, 0)})
    assert (answer.status_code, answer.json()["param"]) == (400, "cursor")


async def test_credentials_that_are_not_ascii_are_refused(chartmogul: httpx2.AsyncClient) -> None:
    answer = await chartmogul.get("/ping", headers={b"Authorization": b"Basic \xe4\xf6"}, auth=None)
    assert answer.status_code == 401
