from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import SandboxAccount

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
async def test_the_pages_tell_every_customer_once(
    chartmogul: httpx2.AsyncClient, account: SandboxAccount, per_page: int
) -> None:
    told = await everything(chartmogul, "/customers", "entries", per_page=per_page)
    assert told == [customer for _, customer in account.customers()]


class TestWithManyCustomers:
    @pytest.fixture
    def account(self) -> SandboxAccount:
        return SandboxAccount(customers=450, contacts=0)

    @pytest.mark.parametrize("query", [{}, {"per_page": "500"}, {"per_page": "none"}])
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
async def test_the_pages_tell_every_invoice_once(
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
    ("method", "path", "status"),
    [
        ("GET", "/customers/cus_nobody", 404),
        ("GET", "/customers/cus_nobody/subscriptions", 404),
        ("GET", "/nowhere", 404),
        ("POST", "/customers", 405),
    ],
)
async def test_what_is_not_there_is_answered_so(
    chartmogul: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await chartmogul.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_ping_and_account(chartmogul: httpx2.AsyncClient) -> None:
    assert (await chartmogul.get("/ping")).json() == {"data": "pong!"}
    assert (await chartmogul.get("/account")).json()["currency"] == "USD"
