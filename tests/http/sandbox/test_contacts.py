from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import Sandbox, SandboxAccount, SandboxOptions


def first_user(account: SandboxAccount) -> str:
    return next(contact.id for _, contact in account.contacts() if contact.role == "user")


def first_lead(account: SandboxAccount) -> str:
    return next(contact.id for _, contact in account.contacts() if contact.role == "lead")


def attributes_of(account: SandboxAccount, identifier: str) -> Mapping[str, Any]:
    contact = account.contact(identifier)
    assert contact
    return contact.custom_attributes


async def test_the_list_has_every_contact_once(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    told: list[str] = []
    query: dict[str, str] = {"per_page": "50"}
    while True:
        page = (await intercom.get("/contacts", params=query)).json()
        assert page["total_count"] == 170
        assert page["pages"]["total_pages"] == 4
        told += [contact["id"] for contact in page["data"]]
        if not page["pages"].get("next"):
            break
        query["starting_after"] = page["pages"]["next"]["starting_after"]
    assert told == [contact.id for _, contact in account.contacts()]


async def test_a_page_holds_ten_contacts_unless_asked_and_150_at_most(intercom: httpx2.AsyncClient) -> None:
    assert len((await intercom.get("/contacts")).json()["data"]) == 10
    assert len((await intercom.get("/contacts", params={"per_page": 150})).json()["data"]) == 150
    refused = await intercom.get("/contacts", params={"per_page": 151})
    assert refused.status_code == 400
    assert refused.json()["errors"] == [{"code": "parameter_invalid", "message": "Per Page is too big"}]


async def test_a_deleted_contact_is_told_no_more(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    gone = first_user(account)
    account.delete_contact(gone)
    page = (await intercom.get("/contacts", params={"per_page": 150})).json()
    assert page["total_count"] == 169
    assert gone not in [contact["id"] for contact in page["data"]]
    for method in ("GET", "PUT"):
        assert (await intercom.request(method, f"/contacts/{gone}")).status_code == 404


@pytest.mark.parametrize(("version", "status"), [("2.15", 404), ("2.16", 410)])
async def test_a_merged_contact_points_to_the_one_it_became(
    intercom: httpx2.AsyncClient, account: SandboxAccount, version: str, status: int
) -> None:
    lead, user = first_lead(account), first_user(account)
    account.merge_contact(lead, into=user)
    answer = await intercom.get(f"/contacts/{lead}", headers={"Intercom-Version": version})
    assert answer.status_code == status
    assert answer.headers.get("link") == (f'</contacts/{user}>; rel="canonical"' if status == 410 else None)


async def test_a_write_changes_what_it_names_and_nothing_else(
    intercom: httpx2.AsyncClient, sandbox: Sandbox, account: SandboxAccount
) -> None:
    user = first_user(account)
    before = (await intercom.get(f"/contacts/{user}")).json()
    values = {"lifetime_value": 19.5, "trial_ends_at": 1_790_000_000, "support_tier": "priority"}
    after = (await intercom.put(f"/contacts/{user}", json={"custom_attributes": values})).json()
    assert after["custom_attributes"] == before["custom_attributes"] | values
    changed = {"custom_attributes", "updated_at"}
    assert {key: after[key] for key in after if key not in changed} == {
        key: before[key] for key in before if key not in changed
    }
    assert (await intercom.get(f"/contacts/{user}")).json() == after
    assert sandbox.requests.select(method="PUT")[0].written == tuple(f"custom_attributes.{name}" for name in values)


async def test_null_clears_a_value(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    user = first_user(account)
    account.set_attributes(user, {"lifetime_value": 3.0})
    answer = await intercom.put(f"/contacts/{user}", json={"custom_attributes": {"lifetime_value": None}})
    assert answer.json()["custom_attributes"]["lifetime_value"] is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"unheard_of": 1}, "parameter_invalid"),
        ({"billing_id": 7}, "type_mismatch"),
        ({"lifetime_value": "7"}, "type_mismatch"),
        ({"lifetime_value": True}, "type_mismatch"),
        ({"trial_ends_at": 1.5}, "type_mismatch"),
        ({"account_number": False}, "type_mismatch"),
        ({"newsletter": 1}, "type_mismatch"),
        ({"billing_id": "x" * 256}, "parameter_invalid"),
        ({"support_tier": "no such option"}, "parameter_invalid"),
        ({"health_score": 4}, "parameter_invalid"),
    ],
)
async def test_a_value_that_cannot_be_stored_stores_nothing(
    intercom: httpx2.AsyncClient, account: SandboxAccount, values: dict[str, Any], code: str
) -> None:
    user = first_user(account)
    before = account.contact(user)
    answer = await intercom.put(f"/contacts/{user}", json={"custom_attributes": {"lifetime_value": 1.0, **values}})
    assert answer.status_code == 400
    body = answer.json()
    assert body["type"] == "error.list"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["errors"][0]["code"] == code
    assert account.contact(user) == before


@pytest.mark.parametrize("value", ["x" * 255, "Ünïcödé ✓", ""])
async def test_text_up_to_255_characters_is_stored(
    intercom: httpx2.AsyncClient, account: SandboxAccount, value: str
) -> None:
    answer = await intercom.put(f"/contacts/{first_user(account)}", json={"custom_attributes": {"billing_id": value}})
    assert answer.json()["custom_attributes"]["billing_id"] == value


async def test_a_value_for_an_archived_attribute_is_dropped_without_a_word(
    intercom: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    user = first_user(account)
    account.attributes.archive("lifetime_value")
    answer = await intercom.put(f"/contacts/{user}", json={"custom_attributes": {"lifetime_value": 5.0}})
    assert answer.status_code == 200
    assert "lifetime_value" not in answer.json()["custom_attributes"]


class TestWhereLeadsRefuseNull:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(leads_refuse_null=True)

    async def test_blank_text_clears_a_lead_instead(
        self, intercom: httpx2.AsyncClient, account: SandboxAccount
    ) -> None:
        lead = first_lead(account)
        account.set_attributes(lead, {"lifetime_value": 3.0})
        statuses = [
            (await intercom.put(f"/contacts/{lead}", json={"custom_attributes": {"lifetime_value": value}})).status_code
            for value in (None, "")
        ]
        assert statuses == [400, 200]
        assert attributes_of(account, lead)["lifetime_value"] is None

    async def test_users_take_it(self, intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
        path = f"/contacts/{first_user(account)}"
        assert (await intercom.put(path, json={"custom_attributes": {"lifetime_value": None}})).status_code == 200


@pytest.mark.parametrize(
    ("request_line", "headers", "status", "code"),
    [
        ("GET /nowhere", {}, 404, "not_found"),
        ("DELETE /contacts", {}, 405, "method_not_allowed"),
        ("GET /contacts", {"Accept": "text/html"}, 406, "media_type_not_acceptable"),
        ("GET /contacts", {"Intercom-Version": "1.99"}, 400, "intercom_version_invalid"),
        ("GET /contacts", {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ("GET /contacts", {"Authorization": "Basic c2FuZGJveA=="}, 401, "unauthorized"),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(
    intercom: httpx2.AsyncClient, request_line: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = await intercom.request(*request_line.split(), headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_a_user_is_found_by_external_id_and_a_lead_is_not(
    intercom: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    for identifier, status in ((first_user(account), 200), (first_lead(account), 404)):
        contact = account.contact(identifier)
        assert contact
        answer = await intercom.get(f"/contacts/find_by_external_id/{contact.external_id}")
        assert answer.status_code == status


async def test_me_names_the_workspace_and_its_region(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    app = (await intercom.get("/me")).json()["app"]
    assert (app["id_code"], app["name"], app["region"]) == (account.workspace_id, "Sandbox", "US")


async def test_a_contact_without_an_address_has_null(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    nameless = account.add_contact(external_id="nameless")
    body = (await intercom.get(f"/contacts/{nameless.id}")).json()
    assert (body["email"], body["email_domain"]) == (None, "")


async def test_page_numbers_lead_through_the_list(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    account.delete_contact(first_user(account))
    told: list[str] = []
    for number in (1, 2, 3, 4, 5):
        page = (await intercom.get("/contacts", params={"per_page": 50, "page": number})).json()
        told += [contact["id"] for contact in page["data"]]
        assert page["pages"]["page"] == number
    assert told == [contact.id for _, contact in account.contacts()]


@pytest.mark.parametrize(
    "query", [{"per_page": "0"}, {"per_page": "-1"}, {"per_page": "x"}, {"starting_after": "broken"}, {"page": "0"}]
)
async def test_a_page_that_cannot_be_is_refused(intercom: httpx2.AsyncClient, query: dict[str, str]) -> None:
    answer = await intercom.get("/contacts", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "new@example.com"}, 200, None),
        ({"external_id": "new", "role": "user"}, 200, None),
        ({"role": "lead"}, 200, None),
        ({"email": "new@example.com", "phone": "+49 30 1234567"}, 200, None),
        ({}, 400, "parameter_missing"),
        ({"name": "Nobody"}, 400, "parameter_missing"),
        ({"role": "king"}, 400, "parameter_invalid"),
        ({"email": 7}, 400, "type_mismatch"),
        ({"email": "x@example.com", "custom_attributes": {"unheard_of": 1}}, 400, "parameter_invalid"),
    ],
)
async def test_a_contact_is_created_or_refused(
    intercom: httpx2.AsyncClient, account: SandboxAccount, body: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await intercom.post("/contacts", json=body)
    assert answer.status_code == status
    if code is not None:
        assert answer.json()["errors"][0]["code"] == code
        assert account.contact_count == 170
        return
    created = answer.json()
    assert created["role"] == body.get("role", "user")
    assert account.contact_count == 171
    assert (await intercom.get(f"/contacts/{created['id']}")).json()["email"] == body.get("email")


async def test_a_user_is_not_created_twice(intercom: httpx2.AsyncClient, account: SandboxAccount) -> None:
    user = next(contact for _, contact in account.contacts() if contact.role == "user" and contact.email)
    for body in ({"email": user.email}, {"external_id": user.external_id}):
        answer = await intercom.post("/contacts", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "conflict")
    second = await intercom.post("/contacts", json={"email": user.email, "external_id": "another"})
    assert second.status_code == 200


class TestWhereTextsAreEscaped:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(intercom_limit=None, escape_html=True)

    async def test_texts_come_escaped_and_are_stored_as_sent(
        self, intercom: httpx2.AsyncClient, account: SandboxAccount
    ) -> None:
        user = first_user(account)
        account.change_contact(user, email="o'brien@example.com", name='Phone & "SMS" <x>')
        values = {"custom_attributes": {"billing_id": "R&D", "account_number": 7}}
        body = (await intercom.put(f"/contacts/{user}", json=values)).json()
        assert (body["email"], body["name"]) == ("o&#39;brien@example.com", "Phone &amp; &quot;SMS&quot; &lt;x&gt;")
        assert body["custom_attributes"]["billing_id"] == "R&amp;D"
        assert body["custom_attributes"]["account_number"] == 7
        assert attributes_of(account, user)["billing_id"] == "R&D"
        query = {"field": "email", "operator": "=", "value": "o'brien@example.com"}
        found = (await intercom.post("/contacts/search", json={"query": query})).json()
        assert [contact["email"] for contact in found["data"]] == ["o&#39;brien@example.com"]


class TestWhereDatesComeAsText:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(intercom_limit=None, iso_dates=True)

    async def test_date_attributes_are_given_as_iso_8601(
        self, intercom: httpx2.AsyncClient, account: SandboxAccount
    ) -> None:
        values = {"custom_attributes": {"trial_ends_at": 1_790_000_000, "account_number": 1_790_000_000}}
        body = (await intercom.put(f"/contacts/{first_user(account)}", json=values)).json()
        assert body["custom_attributes"]["trial_ends_at"] == "2026-09-21T14:13:20.000Z"
        assert body["custom_attributes"]["account_number"] == 1_790_000_000
