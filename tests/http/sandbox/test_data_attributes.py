from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import SandboxAccount, SandboxOptions

NEW: dict[str, Any] = {"name": "chartmogul_mrr", "model": "contact", "data_type": "float", "description": "MRR"}


async def listed(intercom: httpx2.AsyncClient, **query: str) -> dict[str, dict[str, Any]]:
    answer = await intercom.get("/data_attributes", params={"model": "contact", **query})
    return {attribute["name"]: attribute for attribute in answer.json()["data"]}


async def test_the_list_holds_the_built_in_and_the_custom_ones(intercom: httpx2.AsyncClient) -> None:
    attributes = await listed(intercom)
    assert not attributes["email"]["custom"]
    assert attributes["billing_id"]["full_name"] == "custom_attributes.billing_id"
    assert attributes["support_tier"]["options"] == ["basic", "priority"]
    assert not attributes["health_score"]["api_writable"]
    assert "industry" not in attributes


async def test_archived_ones_are_listed_on_demand(intercom: httpx2.AsyncClient) -> None:
    assert "legacy_plan" not in await listed(intercom)
    assert (await listed(intercom, include_archived="true"))["legacy_plan"]["archived"]


async def test_a_created_one_can_be_written_at_once(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    created = (await intercom.post("/data_attributes", json=NEW)).json()
    assert (await listed(intercom))["chartmogul_mrr"] == created
    contact = next(contact for _, contact in account.contacts())
    answer = await intercom.put(f"/contacts/{contact.id}", json={"custom_attributes": {"chartmogul_mrr": 49}})
    assert answer.json()["custom_attributes"]["chartmogul_mrr"] == 49


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"name": "billing_id"}, "You already have 'billing_id' in your contact data"),
        ({"name": "legacy_plan"}, "You already have 'legacy_plan' in your contact data"),
        ({"name": "industry"}, "You already have 'industry' in your company data. To save this as new people data"),
        ({"name": "a.b"}, "must only contain alphanumeric characters"),
        ({"name": "!nv@l!d"}, "must only contain alphanumeric characters"),
        ({"name": ""}, "must only contain alphanumeric characters"),
        ({"name": " padded"}, "must only contain alphanumeric characters"),
        ({"name": None}, "must only contain alphanumeric characters"),
        ({"model": "lead"}, "must be either contact or company"),
        ({"data_type": "mithril"}, "Data Type isn't an option"),
        ({"data_type": None}, "Data Type isn't an option"),
        ({"data_type": "options"}, "SandboxOptions isn't an array"),
        ({"data_type": "options", "options": [{"value": "one"}]}, "at least two"),
    ],
)
async def test_one_that_cannot_be_is_refused(
    intercom: httpx2.AsyncClient, wanted: dict[str, Any], message: str
) -> None:
    answer = await intercom.post("/data_attributes", json={**NEW, **wanted})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "parameter_invalid"
    assert message in answer.json()["errors"][0]["message"]


async def test_a_workspace_holds_250_and_archiving_makes_room(
    intercom: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    while sum(1 for attribute in account.attributes if attribute.custom and not attribute.archived) < 250:
        account.attributes.create({**NEW, "name": f"filler {sum(1 for _ in account.attributes)}"})
    refused = await intercom.post("/data_attributes", json=NEW)
    assert (refused.status_code, "limit of 250" in refused.json()["errors"][0]["message"]) == (400, True)
    account.attributes.archive("newsletter")
    assert (await intercom.post("/data_attributes", json=NEW)).status_code == 200


async def test_a_change_keeps_what_it_does_not_name(intercom: httpx2.AsyncClient) -> None:
    before = (await listed(intercom))["support_tier"]
    change = {"archived": True, "options": [{"value": "a"}, {"value": "b"}]}
    after = (await intercom.put(f"/data_attributes/{before['id']}", json=change)).json()
    assert after == before | {"archived": True, "options": ["a", "b"]}


async def test_conversations_attributes_live_elsewhere(intercom: httpx2.AsyncClient) -> None:
    assert (await intercom.get("/data_attributes", params={"model": "conversation"})).status_code == 422


async def test_an_unknown_model_is_refused(intercom: httpx2.AsyncClient) -> None:
    answer = await intercom.get("/data_attributes", params={"model": "AAA"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "parameter_invalid")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class TestWhereNewAttributesLag:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def options(self, clock: Clock) -> SandboxOptions:
        return SandboxOptions(intercom_limit=None, attribute_write_lag=5, attribute_list_lag=20, clock=clock)

    async def test_a_created_one_is_unknown_to_writes_for_a_while(
        self, intercom: httpx2.AsyncClient, account: SandboxAccount, clock: Clock
    ) -> None:
        await intercom.post("/data_attributes", json=NEW)
        path = f"/contacts/{next(contact.id for _, contact in account.contacts())}"
        statuses = []
        for passed in (0, 4, 1):
            clock.now += passed
            values = {"custom_attributes": {"chartmogul_mrr": 49}}
            statuses.append((await intercom.put(path, json=values)).status_code)
        assert statuses == [400, 400, 200]

    async def test_a_created_one_is_missing_in_the_list_for_a_while_and_its_name_is_taken_at_once(
        self, intercom: httpx2.AsyncClient, clock: Clock
    ) -> None:
        await intercom.post("/data_attributes", json=NEW)
        assert (await intercom.post("/data_attributes", json=NEW)).status_code == 400
        assert "chartmogul_mrr" not in await listed(intercom)
        clock.now += 20
        assert "chartmogul_mrr" in await listed(intercom)
