from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import SandboxAccount, Urls

STATUSES = ("Active", "Past Due", "Cancelled", "New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead")


async def everything(chartmogul: httpx2.AsyncClient, path: str, root: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = (await chartmogul.get(path, params=query)).json()
        found += page[root]
        if not page["has_more"]:
            return found
        query["cursor"] = page["cursor"]


@pytest.mark.parametrize("per_page", [1, 7, 120, 200])
async def test_the_pages_have_every_customer_once(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, per_page: int
) -> None:
    told = await everything(chartmogul, "/customers", "entries", per_page=per_page)
    assert told == [customer for _, customer in account.customers()]


class TestWithManyCustomers:
    @pytest.fixture
    def account(self) -> SandboxAccount:
        return SandboxAccount(customers=450, contacts=0)

    @pytest.mark.parametrize("query", [{}, {"per_page": "500"}])
    async def test_a_page_holds_200_at_most(self, chartmogul: httpx2.AsyncClient, query: dict[str, str]) -> None:
        page = (await chartmogul.get("/customers", params=query)).json()
        assert (len(page["entries"]), page["has_more"]) == (200, True)


async def test_keys_mix_dashes_and_underscores_as_the_real_ones_do(chartmogul: httpx2.AsyncClient) -> None:
    customer = (await chartmogul.get("/customers", params={"per_page": 1})).json()["entries"][0]
    assert {
        "external_id",
        "external_ids",
        "data_source_uuids",
        "customer-since",
        "chartmogul-url",
        "currency-sign",
    } < set(customer)
    assert "updated_at" not in customer


@pytest.mark.parametrize("status", STATUSES)
async def test_customers_are_filtered_by_status(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, status: str
) -> None:
    told = await everything(chartmogul, "/customers", "entries", status=status.replace(" ", "_"), per_page=3)
    assert told == [customer for _, customer in account.customers() if customer["status"] == status]
    assert told


async def test_customers_are_filtered_by_source_and_external_id(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    merged = next(customer for _, customer in account.customers() if len(customer["external_ids"]) > 1)
    for source in merged["data_source_uuids"]:
        told = await everything(chartmogul, "/customers", "entries", data_source_uuid=source)
        assert merged in told
        assert 0 < len(told) < 120
    for external_id in merged["external_ids"]:
        assert await everything(chartmogul, "/customers", "entries", external_id=external_id) == [merged]


async def test_mrr_is_the_sum_of_the_active_subscriptions(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    for _, customer in account.customers():
        subscriptions = await everything(
            chartmogul, f"/customers/{customer['uuid']}/subscriptions", "entries", per_page=1
        )
        assert customer["mrr"] == sum(each["mrr"] for each in subscriptions if each["status"] == "active")
        assert customer["arr"] == 12 * customer["mrr"]


async def test_every_subscribed_plan_is_among_the_plans(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    plans = await everything(chartmogul, "/plans", "plans", per_page=5)
    known = {(plan["name"], plan["interval_unit"], plan["data_source_uuid"]) for plan in plans}
    assert len({plan["name"] for plan in plans}) < len(plans) == len({plan["external_id"] for plan in plans})
    for _, customer in account.customers():
        for each in account.subscriptions(customer["uuid"]):
            sources = customer["data_source_uuids"]
            assert any((each["plan"], each["billing-cycle"], source) in known for source in sources)


@pytest.mark.parametrize("per_page", [1, 50])
async def test_the_pages_have_every_invoice_once(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, per_page: int
) -> None:
    expected = [invoice for index, _ in account.customers() for invoice in account.invoices_at(index)]
    told = await everything(chartmogul, "/invoices", "invoices", per_page=per_page, with_disabled="true")
    assert told == expected
    valid = await everything(chartmogul, "/invoices", "invoices", per_page=per_page)
    assert valid == [invoice for invoice in expected if not invoice["disabled"]]
    assert len(valid) < len(expected)


async def test_invoices_are_filtered_by_customer(chartmogul: httpx2.AsyncClient, account: SandboxAccount) -> None:
    uuid = next(customer["uuid"] for _, customer in account.customers() if customer["status"] == "Active")
    told = await everything(chartmogul, "/invoices", "invoices", customer_uuid=uuid, with_disabled="true")
    assert told == account.invoices(uuid)
    assert told
    assert await everything(chartmogul, "/invoices", "invoices", customer_uuid="cus_nobody") == []


async def test_a_customer_can_be_changed_while_it_is_served(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    uuid = next(customer["uuid"] for _, customer in account.customers())
    account.change_customer(uuid, {"mrr": 4200, "customer-since": None})
    account.set_subscriptions(uuid, [{"plan": "Special", "status": "active"}])
    account.set_invoices(uuid, [{"currency": "USD", "line_items": [], "transactions": []}])
    told = (await chartmogul.get(f"/customers/{uuid}")).json()
    assert (told["mrr"], told["customer-since"]) == (4200, None)
    assert (await chartmogul.get(f"/customers/{uuid}/subscriptions")).json()["entries"][0]["plan"] == "Special"
    assert await everything(chartmogul, "/invoices", "invoices", customer_uuid=uuid) == [
        {"currency": "USD", "line_items": [], "transactions": [], "customer_uuid": uuid}
    ]
    added = account.add_customer({"email": "new@example.com"})
    account.delete_customer(uuid)
    told_uuids = [customer["uuid"] for customer in await everything(chartmogul, "/customers", "entries")]
    assert uuid not in told_uuids
    assert told_uuids[-1] == added
    assert (await chartmogul.get(f"/customers/{uuid}")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/customers/cus_nobody", 404, {"error": "Customer not found"}),
        ("GET", "/customers/cus_nobody/subscriptions", 404, {"error": "Customer not found"}),
        ("GET", "/data_sources/ds_none", 404, {"error": "Data source not found"}),
        (
            "GET",
            "/customers/search?email=no%40email.com",
            404,
            {"code": 404, "message": 'Can\'t find any customers with email: "no@email.com"', "param": "email"},
        ),
        ("GET", "/nowhere", 404, {"code": 404, "message": "Not found", "param": None}),
        ("POST", "/customers", 405, {"code": 405, "message": "Method not allowed", "param": None}),
    ],
)
async def test_what_is_not_there_is_answered_as_recorded(
    chartmogul: httpx2.AsyncClient, method: str, path: str, status: int, body: dict[str, Any]
) -> None:
    answer = await chartmogul.request(method, path)
    assert (answer.status_code, answer.json()) == (status, body)


async def test_a_wrong_key_is_answered_as_recorded(urls: Urls) -> None:
    async with httpx2.AsyncClient(base_url=urls.chartmogul, auth=("wrong", "")) as client:
        answer = await client.get("/ping")
    assert (answer.status_code, answer.json()) == (
        401,
        {"code": 401, "message": "No valid API key provided", "param": None},
    )


@pytest.mark.parametrize("path", ["/customers", "/plans", "/invoices"])
@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"per_page": "0"}, "per_page"),
        ({"per_page": "-1"}, "per_page"),
        ({"per_page": "many"}, "per_page"),
        ({"cursor": "broken"}, "cursor"),
        ({"cursor": "WyJhIl0="}, "cursor"),
        ({"page": "0"}, "page"),
        ({"page": "last"}, "page"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    chartmogul: httpx2.AsyncClient, path: str, query: dict[str, str], param: str
) -> None:
    answer = await chartmogul.get(path, params=query)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


async def pages_by_number(chartmogul: httpx2.AsyncClient, path: str, root: str, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    number = 0
    while True:
        number += 1
        page = (await chartmogul.get(path, params={**query, "page": number})).json()
        found += page[root]
        assert page["current_page"] == number
        assert page["has_more"] == (number < page["total_pages"])
        if not page[root] or not page["has_more"]:
            return found


@pytest.mark.parametrize(
    ("path", "root", "query"),
    [
        ("/customers", "entries", {}),
        ("/customers", "entries", {"status": "Active"}),
        ("/customers", "entries", {"system": "Stripe"}),
        ("/plans", "plans", {}),
        ("/invoices", "invoices", {"with_disabled": "true"}),
    ],
)
async def test_page_numbers_lead_through_what_cursors_lead_through(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, path: str, root: str, query: dict[str, str]
) -> None:
    account.delete_customer(next(customer["uuid"] for _, customer in account.customers()))
    by_cursor = await everything(chartmogul, path, root, per_page=7, **query)
    assert by_cursor
    assert await pages_by_number(chartmogul, path, root, per_page=7, **query) == by_cursor


async def test_the_first_page_counts_pages_and_the_ones_by_cursor_do_not(chartmogul: httpx2.AsyncClient) -> None:
    first = (await chartmogul.get("/customers", params={"per_page": 50})).json()
    assert {key: first[key] for key in first if key not in ("entries", "cursor")} == {
        "has_more": True,
        "current_page": 1,
        "total_pages": 3,
        "page": 1,
        "per_page": 50,
    }
    second = (await chartmogul.get("/customers", params={"per_page": 50, "cursor": first["cursor"]})).json()
    assert set(second) == {"entries", "cursor", "has_more"}


async def test_a_list_without_entries_has_no_cursor(chartmogul: httpx2.AsyncClient) -> None:
    page = (await chartmogul.get("/customers", params={"external_id": "unknown"})).json()
    assert (page["entries"], page["cursor"], page["has_more"]) == ([], None, False)


async def test_customers_are_filtered_by_billing_system(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    for system in ("Stripe", "Chargebee", "Custom"):
        told = await everything(chartmogul, "/customers", "entries", system=system)
        assert told == [customer for _, customer in account.customers() if customer["billing-system-type"] == system]
        assert told
    assert await everything(chartmogul, "/customers", "entries", system="stripe") == []


async def test_customers_are_found_by_email(chartmogul: httpx2.AsyncClient, account: SandboxAccount) -> None:
    for _, customer in account.customers():
        if customer["email"]:
            told = await everything(chartmogul, "/customers/search", "entries", email=customer["email"])
            assert told == [other for _, other in account.customers() if other["email"] == customer["email"]]


async def test_ping_and_account(chartmogul: httpx2.AsyncClient) -> None:
    assert (await chartmogul.get("/ping")).json() == {"data": "pong!"}
    assert (await chartmogul.get("/account")).json()["currency"] == "USD"
