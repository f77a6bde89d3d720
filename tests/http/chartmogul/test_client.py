import asyncio
import itertools
from typing import Any

import pytest

from mogulsync.chartmogul.client import ChartMogulClient
from mogulsync.chartmogul.models import NO_DETAILS, CustomerDetails, Detail, SelectedDetails
from mogulsync.sandbox import Drop, Respond, Rewrite, Sandbox, SandboxAccount, Truncate
from mogulsync.sandbox.pagination import cursor
from mogulsync.transport.errors import CredentialsRejectedError, GoneError, SubscriptionEndedError, UnavailableError
from mogulsync.transport.stats import RequestStats


async def uuids(chartmogul: ChartMogulClient, **options: Any) -> list[str]:
    return [customer.uuid async for page in chartmogul.customers(**options) for customer in page]


def all_uuids(account: SandboxAccount) -> list[str]:
    return [entry["uuid"] for _, entry in account.customers()]


async def test_every_customer_is_read_once_in_full_pages(
    chartmogul: ChartMogulClient, account: SandboxAccount, stats: RequestStats
) -> None:
    assert await uuids(chartmogul) == all_uuids(account)
    assert (stats.chartmogul, stats.retried, stats.throttled, stats.intercom) == (3, 0, 0, 0)


async def test_pages_that_overlap_bring_no_customer_twice(
    chartmogul: ChartMogulClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    first = [entry for _, entry in itertools.islice(account.customers(), 200)]

    def overlap(page: Any) -> Any:
        return {**page, "entries": first[150:] + page["entries"]}

    sandbox.faults.inject(Rewrite(overlap), path="/customers", skip=1)
    assert await uuids(chartmogul) == all_uuids(account)


async def test_pages_of_invoices_that_overlap_bring_none_twice(
    chartmogul: ChartMogulClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    expected = [len(page) async for page in chartmogul.invoices()]
    seen: list[Any] = []

    def overlap(page: Any) -> Any:
        seen.append(page["invoices"])
        return {**page, "invoices": [*(seen[-2][-7:] if len(seen) > 1 else []), *page["invoices"]]}

    sandbox.faults.inject(Rewrite(overlap), path="/invoices")
    assert [len(page) async for page in chartmogul.invoices()] == expected
    assert len(expected) > 1


async def test_a_cursor_that_leads_back_ends_as_unavailable(chartmogul: ChartMogulClient, sandbox: Sandbox) -> None:
    back = cursor(0)
    sandbox.faults.inject(Rewrite(lambda page: {**page, "cursor": back, "has_more": True}), path="/customers")
    with pytest.raises(UnavailableError, match="leads back"):
        await uuids(chartmogul)
    assert sandbox.requests.count(api="chartmogul") == 7


@pytest.mark.parametrize("entries", [[], [{"uuid": "cus_same"}], [{"email": "a"}]])
async def test_a_list_that_goes_on_without_anything_new_ends_as_unavailable(
    chartmogul: ChartMogulClient, sandbox: Sandbox, entries: list[Any]
) -> None:
    numbers = itertools.count()

    def go_on(page: Any) -> Any:
        number = next(numbers)
        return {**page, "entries": entries, "has_more": True, "cursor": cursor(number)}

    sandbox.faults.inject(Rewrite(go_on), path="/customers")
    with pytest.raises(UnavailableError, match="leads nowhere"):
        await uuids(chartmogul)
    assert sandbox.requests.count(api="chartmogul") < 20


@pytest.mark.parametrize(
    "odd",
    [
        {"has_more": "true", "cursor": None},
        {"has_more": 1, "cursor": {"next": "abc"}},
        {"has_more": None, "cursor": ["abc"]},
    ],
)
async def test_a_list_that_may_have_more_but_names_no_next_page_ends_as_unavailable(
    chartmogul: ChartMogulClient, sandbox: Sandbox, odd: dict[str, Any]
) -> None:
    sandbox.faults.inject(Rewrite(lambda page: {**page, **odd}), path="/customers")
    with pytest.raises(UnavailableError, match="more pages but no cursor"):
        await uuids(chartmogul)


async def test_a_cursor_that_leads_back_once_is_asked_for_again(
    chartmogul: ChartMogulClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    cursors: list[str] = []

    def lead_back(page: Any) -> Any:
        cursors.append(page["cursor"])
        return {**page, "cursor": cursors[0]}

    sandbox.faults.inject(Rewrite(lead_back), path="/customers", times=2)
    assert await uuids(chartmogul) == all_uuids(account)


async def test_odd_records_are_read_and_those_without_a_uuid_are_counted(
    chartmogul: ChartMogulClient, account: SandboxAccount, sandbox: Sandbox, stats: RequestStats
) -> None:
    def spoil(page: Any) -> Any:
        odd = [{"uuid": "cus_odd", "mrr": "many", "external_ids": 7, "customer-since": {}}, {"email": "x"}, None]
        return {**page, "entries": [*odd, *page["entries"]]}

    sandbox.faults.inject(Rewrite(spoil), path="/customers", times=1)
    assert await uuids(chartmogul) == ["cus_odd", *all_uuids(account)]
    assert (stats.unreadable, stats.unreadable_customers) == (3, 3)  # the ids of cus_odd are no list


async def test_plans_and_subscriptions_are_read(chartmogul: ChartMogulClient, account: SandboxAccount) -> None:
    plans = [plan async for page in chartmogul.plans() for plan in page]
    assert [plan.uuid for plan in plans] == [entry["uuid"] for entry in account.plans()]
    uuid = account.add_customer()
    account.set_subscriptions(
        uuid, [{"uuid": f"sub_{number}", "plan": f"Plan {number}", "status": "active"} for number in range(450)]
    )
    found = await chartmogul.subscriptions(uuid) or ()
    assert [subscription.plan for subscription in found] == [f"Plan {number}" for number in range(450)]


async def test_subscriptions_of_a_customer_who_is_gone(chartmogul: ChartMogulClient) -> None:
    with pytest.raises(GoneError):
        await chartmogul.subscriptions("cus_of/nobody?")


async def test_many_calls_at_once_are_all_answered(
    chartmogul: ChartMogulClient, account: SandboxAccount, stats: RequestStats
) -> None:
    some = [entry["uuid"] for _, entry in itertools.islice(account.customers(), 100)]
    await asyncio.gather(*[chartmogul.subscriptions(uuid) for uuid in some])
    # Those sent while the machine stood still arrive together with the next, which may be too many for a second. That
    # the limits are kept where nothing stands still is for unit/chartmogul/test_rate_limit.py, by a clock of its own.
    assert (stats.chartmogul - stats.throttled, stats.retried) == (100, stats.throttled)


@pytest.mark.parametrize("effect", [Drop(), Truncate(), Respond(429), Respond(503), Respond(200, "<html>")])
async def test_faults_that_pass_do_not_show(
    chartmogul: ChartMogulClient, account: SandboxAccount, sandbox: Sandbox, stats: RequestStats, effect: Any
) -> None:
    sandbox.faults.inject(effect, skip=1, times=1)
    assert await uuids(chartmogul) == all_uuids(account)
    assert (stats.chartmogul, stats.retried) == (4, 1)


async def test_ping_says_nothing_when_the_key_works(chartmogul: ChartMogulClient) -> None:
    await chartmogul.ping()


async def test_a_refused_key(chartmogul: ChartMogulClient, account: SandboxAccount) -> None:
    account.api_key = None
    with pytest.raises(CredentialsRejectedError) as caught:
        await chartmogul.ping()
    assert (caught.value.status, caught.value.code) == (401, "401")


@pytest.mark.parametrize(("status", "expected"), [(402, SubscriptionEndedError), (403, CredentialsRejectedError)])
async def test_an_account_that_may_not_is_refused_like_a_key(
    chartmogul: ChartMogulClient, sandbox: Sandbox, status: int, expected: type[Exception]
) -> None:
    sandbox.faults.inject(Respond(status))
    with pytest.raises(CredentialsRejectedError) as caught:
        await uuids(chartmogul)
    assert type(caught.value) is expected


async def test_details_are_read_where_they_are_selected(
    chartmogul: ChartMogulClient, account: SandboxAccount, stats: RequestStats
) -> None:
    account.add_customer({"company": "Acme", "attributes": {"tags": ["vip"], "custom": {"score": 7}}})
    selected = SelectedDetails(frozenset({Detail.COMPANY, Detail.TAGS}), ("score",))
    details = [each.details async for page in chartmogul.customers(selected=selected) for each in page]
    assert CustomerDetails(company="Acme", tags=("vip",), custom=(7,)) in details
    plain = [each.details async for page in chartmogul.customers() for each in page]
    assert set(map(id, plain)) == {id(NO_DETAILS)}
    assert stats.chartmogul == 2 * -(-len(details) // 200)
