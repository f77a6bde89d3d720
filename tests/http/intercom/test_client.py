import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from mogulsync.intercom.client import IntercomClient
from mogulsync.sandbox import Delay, Drop, Respond, Rewrite, Sandbox, SandboxAccount, SandboxOptions, Truncate
from mogulsync.sandbox.pagination import cursor
from mogulsync.transport.errors import (
    CredentialsRejectedError,
    GoneError,
    RejectedError,
    UnavailableError,
)
from mogulsync.transport.stats import RequestStats
from tests.support.raw_http import RawServer, raw_server, reply

NOTHING: frozenset[str] = frozenset()


def connected(server: RawServer, stats: RequestStats | None = None) -> IntercomClient:
    return IntercomClient(url=server.url, token="t", rate_limit_percent=80, stats=stats or RequestStats())


async def scanned(intercom: IntercomClient) -> list[str]:
    return [contact.id async for page in intercom.scan(keep=NOTHING) for contact in page.contacts]


async def found(intercom: IntercomClient, field: str, keys: Sequence[str]) -> set[str]:
    pages = intercom.search(field=field, keys=keys, keep=NOTHING)
    return {contact.id async for page in pages for contact in page.contacts}


def all_ids(account: SandboxAccount) -> list[str]:
    return [contact.id for _, contact in account.contacts()]


async def test_the_workspace_is_read(intercom: IntercomClient, account: SandboxAccount) -> None:
    workspace = await intercom.me()
    assert (workspace.id, workspace.name, workspace.region) == (account.workspace_id, "Acme", "EU")


async def test_every_request_pins_the_version() -> None:
    async with raw_server([reply({"type": "admin"})]) as server, connected(server) as intercom:
        await intercom.me()
    assert server.received[0].headers["intercom-version"] == "2.16"
    assert server.received[0].headers["authorization"] == "Bearer t"


async def test_attributes_are_created_and_listed_archived_ones_included(
    intercom: IntercomClient, account: SandboxAccount
) -> None:
    await intercom.create_attribute(name="chartmogul_mrr", data_type="float", description="From ChartMogul")
    await intercom.create_attribute(name="chartmogul_old", data_type="date", description="From ChartMogul")
    account.attributes.archive("chartmogul_old")
    listed = {attribute.name: attribute for attribute in await intercom.attributes()}
    assert listed["chartmogul_mrr"].data_type == "float"
    assert listed["chartmogul_mrr"].custom
    assert listed["chartmogul_old"].archived
    assert not listed["email"].custom


async def test_an_attribute_whose_first_answer_was_lost_is_refused_but_there(
    intercom: IntercomClient, sandbox: Sandbox
) -> None:
    sandbox.faults.inject(Drop(after_handling=True), method="POST", path="/data_attributes", times=1)
    with pytest.raises(RejectedError, match="parameter_invalid"):
        await intercom.create_attribute(name="chartmogul_mrr", data_type="float", description="From ChartMogul")
    assert "chartmogul_mrr" in {attribute.name for attribute in await intercom.attributes()}


async def test_a_scan_brings_every_contact_once_in_full_pages(
    intercom: IntercomClient, account: SandboxAccount, stats: RequestStats
) -> None:
    pages = [page async for page in intercom.scan(keep=frozenset({"account_number"}))]
    contacts = [contact for page in pages for contact in page.contacts]
    assert [contact.id for contact in contacts] == all_ids(account)
    assert [page.total_count for page in pages] == [400, 400, 400]
    assert stats.intercom == 3
    for contact, (_, stored) in zip(contacts, account.contacts(), strict=True):
        number = stored.custom_attributes.get("account_number")
        assert contact.attributes == ({} if number is None else {"account_number": number})
        assert contact.external_id == stored.external_id
        assert contact.email == stored.email


async def test_a_scan_goes_on_with_pages_smaller_than_asked_for() -> None:
    pages = [
        reply({"data": [{"id": "1"}], "total_count": 3, "pages": {"next": {"starting_after": "a"}}}),
        reply({"data": [], "total_count": 3, "pages": {"next": {"starting_after": "b"}}}),
        reply({"data": [{"id": "2"}, {"id": "3"}], "total_count": 3, "pages": {"next": None}}),
    ]
    async with raw_server(pages) as server, connected(server) as intercom:
        assert await scanned(intercom) == ["1", "2", "3"]
    assert [request.target for request in server.received] == [
        "/contacts?per_page=150",
        "/contacts?per_page=150&starting_after=a",
        "/contacts?per_page=150&starting_after=b",
    ]


@pytest.mark.parametrize(
    "end",
    [
        lambda page: {"data": page["data"], "total_count": page["total_count"]},
        lambda page: {**page, "total_count": "400", "pages": {"type": "pages"}},
        lambda page: {"data": page["data"], "pages": {**page["pages"], "next": None}},
        lambda page: {"data": page["data"], "pages": {"total_pages": "3"}},
        lambda page: {**page, "data": page["data"][:100], "pages": {**page["pages"], "next": None}},
    ],
)
async def test_a_scan_that_ends_though_more_contacts_are_counted_is_unavailable(
    intercom: IntercomClient, sandbox: Sandbox, end: Callable[[Any], Any]
) -> None:
    sandbox.faults.inject(Rewrite(end), path="/contacts")
    with pytest.raises(UnavailableError, match="counts more contacts"):
        await scanned(intercom)


async def test_a_scan_whose_last_page_repeats_the_first_is_unavailable(
    intercom: IntercomClient, sandbox: Sandbox
) -> None:
    first: list[Any] = []

    def repeat(page: Any) -> Any:
        if first:
            return {**page, "data": first[0]["data"][:100], "pages": {"type": "pages", "next": None}}
        first.append(page)
        return page

    sandbox.faults.inject(Rewrite(repeat), path="/contacts")
    with pytest.raises(UnavailableError, match="counts more contacts"):
        await scanned(intercom)


async def test_a_scan_that_ends_too_early_once_is_asked_again(
    intercom: IntercomClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    sandbox.faults.inject(Rewrite(lambda page: {**page, "pages": None}), path="/contacts", times=2)
    assert await scanned(intercom) == all_ids(account)


@pytest.mark.parametrize("change", [-80, 80])
async def test_contacts_made_and_deleted_while_a_scan_runs_do_not_end_it(
    intercom: IntercomClient, account: SandboxAccount, sandbox: Sandbox, change: int
) -> None:
    def recount(page: Any) -> Any:
        total = page["total_count"] + change
        return {**page, "total_count": total, "pages": {**page["pages"], "total_pages": -(-total // 150)}}

    sandbox.faults.inject(Rewrite(recount), path="/contacts", skip=1)
    assert await scanned(intercom) == all_ids(account)


async def test_contacts_without_an_id_are_counted(
    intercom: IntercomClient, sandbox: Sandbox, stats: RequestStats
) -> None:
    sandbox.faults.inject(Rewrite(lambda page: {**page, "data": [{}, None, *page["data"]]}), times=1)
    assert len(await scanned(intercom)) == 400
    assert stats.unreadable == 2


async def test_a_cursor_that_leads_back_ends_as_unavailable(intercom: IntercomClient, sandbox: Sandbox) -> None:
    pages: list[Any] = []

    def lead_back(page: Any) -> Any:
        pages.append(page["pages"])
        return {**page, "pages": pages[0]}

    sandbox.faults.inject(Rewrite(lead_back), path="/contacts")
    with pytest.raises(UnavailableError, match="leads back"):
        await scanned(intercom)
    assert sandbox.requests.count(api="intercom") == 7


@pytest.mark.parametrize("data", [[], [{"id": "same"}], [{}]])
async def test_a_list_that_goes_on_without_anything_new_ends_as_unavailable(
    intercom: IntercomClient, sandbox: Sandbox, data: list[Any]
) -> None:
    numbers = itertools.count()

    def go_on(*place: Any) -> Rewrite:
        def change(page: Any) -> Any:
            return {**page, "data": data, "pages": {"next": {"starting_after": cursor(*place, next(numbers))}}}

        return Rewrite(change)

    sandbox.faults.inject(go_on(0), path="/contacts")
    sandbox.faults.inject(go_on(0, "0"), path="/contacts/search")
    with pytest.raises(UnavailableError, match="leads nowhere"):
        await scanned(intercom)
    with pytest.raises(UnavailableError, match="leads nowhere"):
        await found(intercom, "email", ["a@example.com"])
    assert sandbox.requests.count(api="intercom") < 40


async def test_a_search_by_email_finds_all_contacts_with_it(intercom: IntercomClient, account: SandboxAccount) -> None:
    emails = [contact.email for _, contact in account.contacts() if contact.email]
    expected = {contact.id for _, contact in account.contacts() if contact.email}
    assert await found(intercom, "email", emails) == expected


async def test_a_search_by_external_id_and_by_attribute(intercom: IntercomClient, account: SandboxAccount) -> None:
    contacts = [contact for _, contact in account.contacts()]
    keys = {contact.external_id for contact in contacts[:90] if contact.external_id}
    expected = {contact.id for contact in contacts if contact.external_id in keys}
    assert await found(intercom, "external_id", sorted(keys)) == expected
    bills = {bill for contact in contacts if (bill := contact.custom_attributes.get("billing_id")) is not None}
    expected = {contact.id for contact in contacts if contact.custom_attributes.get("billing_id") in bills}
    assert await found(intercom, "billing_id", sorted(bills)) == expected


async def test_a_search_follows_pages_in_the_body(intercom: IntercomClient, account: SandboxAccount) -> None:
    same = {account.add_contact(email="many@example.com", external_id=f"m-{number}").id for number in range(320)}
    pages = [page async for page in intercom.search(field="email", keys=["many@example.com"], keep=NOTHING)]
    assert [len(page.contacts) for page in pages] == [150, 150, 20]
    assert {contact.id for page in pages for contact in page.contacts} == same
    assert pages[0].total_count == 320


@pytest.mark.parametrize(
    ("second", "missing"),
    [
        ({"data": [{"id": "3"}], "total_count": 3}, 0),
        ({"data": [{"id": "1"}, {"id": "2"}], "total_count": 3}, 1),
        ({"data": [], "total_count": 3}, 1),
        ({"data": [{}], "total_count": 3}, 0),
        ({"data": [], "total_count": 2}, 0),
        ({"data": []}, 0),
        ({"data": [], "total_count": "200"}, 198),
        ({"data": [], "pages": {"page": 2, "total_pages": 2}}, 0),
        ({"data": [], "pages": {"page": 2, "total_pages": 3}}, 1),
    ],
)
async def test_contacts_that_a_search_counts_but_does_not_give_are_counted(second: Any, missing: int) -> None:
    first = {"data": [{"id": "1"}, {"id": "2"}], "total_count": 3, "pages": {"next": {"starting_after": "a"}}}
    stats = RequestStats()
    async with raw_server([reply(first), reply(second)]) as server, connected(server, stats) as intercom:
        await found(intercom, "email", ["a@example.com"])
    assert stats.missing_from_searches == missing


async def test_a_search_without_keys_asks_nothing(intercom: IntercomClient, stats: RequestStats) -> None:
    assert await found(intercom, "email", []) == set()
    assert stats.intercom == 0


class TestWhereSearchTakesFewKeys:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(search_longest_list=14)

    async def test_a_search_halves_until_it_is_taken_and_loses_none(
        self, intercom: IntercomClient, account: SandboxAccount, stats: RequestStats
    ) -> None:
        added = {account.add_contact(external_id=f"many-{number}").id for number in range(120)}
        assert await found(intercom, "external_id", [f"many-{number}" for number in range(120)]) == added
        # Fifty and twenty-five are refused, twelve are taken.
        assert stats.intercom == 2 + 10


async def test_once_a_search_was_taken_several_are_under_way(
    intercom: IntercomClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    at_once: list[int] = []

    def note(page: Any) -> Any:
        at_once.append(sum(each.status is None for each in sandbox.requests))
        return page

    sandbox.faults.inject(Delay(0.05), path="/contacts/search")
    sandbox.faults.inject(Rewrite(note), path="/contacts/search")
    added = {account.add_contact(external_id=f"many-{number}").id for number in range(700)}
    assert await found(intercom, "external_id", [f"many-{number}" for number in range(700)]) == added
    assert at_once[0] == 1
    assert max(at_once) >= 8
    assert len(at_once) == 14


async def test_a_key_that_intercom_never_takes_is_told(intercom: IntercomClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Respond(400), path="/contacts/search")
    with pytest.raises(RejectedError):
        await found(intercom, "email", [f"user{number}@example.com" for number in range(60)])
    assert sandbox.requests.count(api="intercom") == 6


async def test_an_update_sends_custom_attributes_alone_and_reads_them_back(
    intercom: IntercomClient, account: SandboxAccount, sandbox: Sandbox
) -> None:
    await intercom.create_attribute(name="mrr", data_type="float", description="MRR")
    await intercom.create_attribute(name="plan", data_type="string", description="Plan")
    contact = account.add_contact(email="ada@example.com", custom_attributes={"plan": "Gold"})
    updated = await intercom.update(contact.id, {"mrr": 12.5, "plan": None}, keep=frozenset({"mrr", "plan"}))
    assert updated.attributes == {"mrr": 12.5}
    written = [exchange.written for exchange in sandbox.requests if exchange.method == "PUT"]
    assert written == [("custom_attributes.mrr", "custom_attributes.plan")]
    stored = account.contact(contact.id)
    assert stored is not None
    assert stored.email == "ada@example.com"


@pytest.mark.parametrize(
    "effect", [Drop(), Drop(after_handling=True), Truncate(), Respond(200, "<html>"), Respond(502)]
)
async def test_an_update_whose_answer_is_lost_is_made_again(
    intercom: IntercomClient, account: SandboxAccount, sandbox: Sandbox, effect: Any
) -> None:
    await intercom.create_attribute(name="mrr", data_type="float", description="MRR")
    contact = account.add_contact(email="ada@example.com")
    sandbox.faults.inject(effect, method="PUT", times=2)
    updated = await intercom.update(contact.id, {"mrr": 3.0}, keep=frozenset({"mrr"}))
    assert updated.attributes == {"mrr": 3.0}


async def test_a_contact_that_is_deleted_or_merged_is_gone(intercom: IntercomClient, account: SandboxAccount) -> None:
    deleted, merged, kept = (account.add_contact(email=f"{name}@example.com") for name in ("a", "b", "c"))
    account.delete_contact(deleted.id)
    account.merge_contact(merged.id, into=kept.id)
    for contact, status in ((deleted, 404), (merged, 410)):
        with pytest.raises(GoneError) as caught:
            await intercom.update(contact.id, {"mrr": 1.0}, keep=NOTHING)
        assert caught.value.status == status
        assert caught.value.request_id


async def test_a_value_that_intercom_refuses(intercom: IntercomClient, account: SandboxAccount) -> None:
    contact = account.add_contact(email="ada@example.com")
    with pytest.raises(RejectedError) as caught:
        await intercom.update(contact.id, {"unknown_attribute": 1}, keep=NOTHING)
    assert caught.value.status == 400
    assert "unknown_attribute" in caught.value.message
    assert "unknown_attribute" not in str(caught.value)


async def test_a_token_revoked_in_between(intercom: IntercomClient, account: SandboxAccount) -> None:
    await intercom.me()
    account.access_token = None
    with pytest.raises(CredentialsRejectedError) as caught:
        await scanned(intercom)
    assert caught.value.code


class TestWithASmallBudget:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(intercom_limit=50)

    async def test_many_calls_at_once_stay_within_the_share(
        self, intercom: IntercomClient, sandbox: Sandbox, stats: RequestStats
    ) -> None:
        await asyncio.wait([asyncio.ensure_future(intercom.me()) for _ in range(60)], timeout=2.5)
        assert sandbox.requests.count(api="intercom") <= 40
        while sandbox.requests.count(api="intercom") < 8:  # noqa: ASYNC110 - the sandbox has no event to wait for
            await asyncio.sleep(0.05)
        assert stats.throttled == 0
