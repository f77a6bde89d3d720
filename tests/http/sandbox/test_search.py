from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mogulsync.sandbox import SandboxAccount, SandboxContact, SandboxOptions
from mogulsync.sandbox.search import ContactSearch, SearchRejectedError, SearchRules

Filter = dict[str, Any]
ACCOUNT = SandboxAccount(seed=1, customers=110, contacts=180)
CONTACTS = [contact for _, contact in ACCOUNT.contacts()]
DAY = 86_400


def filter_of(field: str, operator: str, value: Any) -> Filter:
    return {"field": field, "operator": operator, "value": value}


def found(query: object, **rules: Any) -> list[SandboxContact]:
    return [contact for _, contact in ContactSearch(ACCOUNT, SearchRules(**rules)).find(query, None, now=0)]


def day(seconds: int) -> int:
    return datetime.fromtimestamp(seconds, UTC).toordinal()


MIDDLE = CONTACTS[50].created_at
NUMBER = next(c.custom_attributes["account_number"] for c in CONTACTS if "account_number" in c.custom_attributes)


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        (filter_of("role", "=", "lead"), lambda c: c.role == "lead"),
        (filter_of("role", "!=", "lead"), lambda c: c.role != "lead"),
        (filter_of("email", "=", CONTACTS[7].email), lambda c: c.email == CONTACTS[7].email),
        (filter_of("email", "=", None), lambda c: c.email is None),
        (filter_of("email", "~", "example.org"), lambda c: "example.org" in (c.email or "")),
        (filter_of("email", "!~", "example.org"), lambda c: "example.org" not in (c.email or "")),
        (filter_of("email", "^", "zoe"), lambda c: (c.email or "").startswith("zoe")),
        (filter_of("email", "$", ".net"), lambda c: (c.email or "").endswith(".net")),
        (
            filter_of("external_id", "IN", [CONTACTS[3].external_id, "nobody", CONTACTS[99].external_id]),
            lambda c: c.external_id in (CONTACTS[3].external_id, CONTACTS[99].external_id),
        ),
        (
            filter_of("external_id", "NIN", [CONTACTS[3].external_id]),
            lambda c: c.external_id != CONTACTS[3].external_id,
        ),
        (
            filter_of("custom_attributes.account_number", "=", NUMBER),
            lambda c: c.custom_attributes.get("account_number") == NUMBER,
        ),
        (
            filter_of("custom_attributes.account_number", "IN", [str(NUMBER)]),
            lambda c: c.custom_attributes.get("account_number") == NUMBER,
        ),
        (
            filter_of("custom_attributes.account_number", ">=", NUMBER),
            lambda c: c.custom_attributes.get("account_number", -1) >= NUMBER,
        ),
        (
            filter_of("custom_attributes.newsletter", "=", True),
            lambda c: c.custom_attributes.get("newsletter") is True,
        ),
        (filter_of("created_at", ">", MIDDLE), lambda c: day(c.created_at) > day(MIDDLE)),
        (filter_of("created_at", "<", str(MIDDLE)), lambda c: day(c.created_at) < day(MIDDLE)),
        (filter_of("created_at", "=", MIDDLE - MIDDLE % DAY), lambda c: day(c.created_at) == day(MIDDLE)),
        (filter_of("id", "=", CONTACTS[20].id), lambda c: c.id == CONTACTS[20].id),
        (
            {
                "operator": "AND",
                "value": [
                    {"operator": "OR", "value": [filter_of("role", "=", "lead"), filter_of("email", "^", "z")]},
                    filter_of("email", "$", ".com"),
                ],
            },
            lambda c: (c.role == "lead" or (c.email or "").startswith("z")) and (c.email or "").endswith(".com"),
        ),
    ],
)
def test_a_query_finds_the_contacts_that_fit_it(query: Filter, fits: Callable[[SandboxContact], bool]) -> None:
    expected = [contact for contact in CONTACTS if fits(contact)]
    assert expected, "the example has to find something"
    assert found(query) == expected


KEYS = [
    (field, value)
    for contact in CONTACTS
    for field, value in (
        ("id", contact.id),
        ("email", contact.email),
        ("external_id", contact.external_id),
        ("custom_attributes.billing_id", contact.custom_attributes.get("billing_id")),
        ("custom_attributes.account_number", contact.custom_attributes.get("account_number")),
    )
    if value is not None
]


def value_of(contact: SandboxContact, field: str) -> Any:
    name = field.removeprefix("custom_attributes.")
    return getattr(contact, field) if name == field else contact.custom_attributes.get(name)


@settings(deadline=None)
@given(st.lists(st.sampled_from(KEYS), min_size=1, max_size=15))
def test_a_key_finds_exactly_the_contacts_that_have_it(keys: list[tuple[str, Any]]) -> None:
    query = {"operator": "OR", "value": [filter_of(field, "=", value) for field, value in keys]}
    expected = [each for each in CONTACTS if any(value_of(each, field) == value for field, value in keys)]
    assert found(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        None,
        [],
        {},
        filter_of("shoe_size", "=", "42"),
        filter_of("custom_attributes.unheard_of", "=", "42"),
        filter_of("email", ">", "a"),
        filter_of("created_at", "!=", MIDDLE),
        filter_of("created_at", ">=", MIDDLE),
        filter_of("created_at", "IN", [MIDDLE]),
        filter_of("custom_attributes.trial_ends_at", "!=", MIDDLE),
        *(filter_of("tag_id", operator, ["7"]) for operator in ("IN", "NIN")),
        *(filter_of("tag_id", operator, "7") for operator in ("<", ">", "~", "!~", "^", "$")),
        filter_of("created_at", ">", "yesterday"),
        filter_of("email", "IN", "a@example.com"),
        filter_of("email", "=", ["a@example.com"]),
        filter_of("custom_attributes.newsletter", "=", "perhaps"),
        {"operator": "OR", "value": []},
        {"operator": "OR", "value": [filter_of("role", "=", "lead")] * 16},
        {
            "operator": "OR",
            "value": [{"operator": "OR", "value": [{"operator": "OR", "value": [filter_of("role", "=", "lead")]}]}],
        },
    ],
)
def test_what_is_no_query_is_refused(query: object) -> None:
    with pytest.raises(SearchRejectedError):
        found(query)


def test_a_list_may_be_limited() -> None:
    assert found(filter_of("email", "IN", [CONTACTS[0].email, "x"]), longest_list=2)
    with pytest.raises(SearchRejectedError, match="at most 2"):
        found(filter_of("email", "IN", ["x", "y", "z"]), longest_list=2)


def test_case_counts_unless_told_otherwise() -> None:
    odd = next(contact for contact in CONTACTS if contact.email and contact.email != contact.email.lower())
    query = filter_of("email", "=", str(odd.email).lower())
    assert odd not in found(query)
    assert odd in found(query, ignores_case=True)


def test_what_was_changed_is_found_by_what_it_is_now() -> None:
    account = SandboxAccount(customers=10, contacts=10)
    search = ContactSearch(account, SearchRules())
    contact = next(contact for _, contact in account.contacts() if contact.email)
    account.change_contact(contact.id, email="renamed@example.com")
    account.attributes.create({"name": "code", "model": "contact", "data_type": "string"})
    account.set_attributes(contact.id, {"code": "A-7"})
    for field, value, expected in (
        ("email", "renamed@example.com", [contact.id]),
        ("email", contact.email, []),
        ("custom_attributes.code", "A-7", [contact.id]),
    ):
        hits = [each.id for _, each in search.find(filter_of(field, "=", value), None, now=0)]
        assert hits == expected


def test_a_new_contact_is_found_once_the_index_has_caught_up() -> None:
    account = SandboxAccount(customers=5, contacts=5)
    search = ContactSearch(account, SearchRules(lag=60))
    account.add_contact(email="new@example.com", now=1000)
    query = filter_of("email", "=", "new@example.com")
    assert [len(search.find(query, None, now=now)) for now in (1000, 1059, 1060)] == [0, 0, 1]


async def pages(intercom: httpx2.AsyncClient, body: dict[str, Any]) -> list[str]:
    told: list[str] = []
    pagination: dict[str, Any] = {"per_page": 7}
    while True:
        page = (await intercom.post("/contacts/search", json={**body, "pagination": pagination})).json()
        told += [contact["id"] for contact in page["data"]]
        if not page["pages"].get("next"):
            assert page["total_count"] == len(told)
            return told
        pagination["starting_after"] = page["pages"]["next"]["starting_after"]


@pytest.mark.parametrize("order", [None, "ascending", "descending"])
async def test_the_pages_have_everything_found_once_and_in_order(
    intercom: httpx2.AsyncClient, account: SandboxAccount, order: str | None
) -> None:
    expected = [contact for _, contact in account.contacts() if contact.role == "lead"]
    body: dict[str, Any] = {"query": filter_of("role", "=", "lead")}
    if order:
        body["sort"] = {"field": "created_at", "order": order}
        expected.sort(key=lambda contact: contact.created_at, reverse=order == "descending")
    assert await pages(intercom, body) == [contact.id for contact in expected]


async def test_a_cursor_in_the_url_is_ignored(intercom: httpx2.AsyncClient) -> None:
    body = {"query": filter_of("role", "=", "user"), "pagination": {"per_page": 5}}
    first = (await intercom.post("/contacts/search", json=body)).json()
    after = {"starting_after": first["pages"]["next"]["starting_after"]}
    again = (await intercom.post("/contacts/search", params=after, json=body)).json()
    assert again["data"] == first["data"]


@pytest.mark.parametrize(
    "paging",
    [
        {"per_page": 0},
        {"per_page": 151},
        {"per_page": "many"},
        {"starting_after": "broken"},
        {"starting_after": "WzFd"},
        {"starting_after": "W1sxXSwibm8iLG51bGxd"},
        "next",
    ],
)
async def test_a_page_that_cannot_be_is_refused(intercom: httpx2.AsyncClient, paging: Any) -> None:
    body = {"query": filter_of("role", "=", "user"), "pagination": paging}
    answer = await intercom.post("/contacts/search", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "parameter_invalid")


async def test_a_wrong_order_is_refused_by_its_own_code(intercom: httpx2.AsyncClient) -> None:
    body = {"query": filter_of("role", "=", "user"), "sort": {"field": "created_at", "order": "desc"}}
    answer = await intercom.post("/contacts/search", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_sort_order")


class TestWithALimitedList:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(search_longest_list=3)

    async def test_a_longer_one_is_answered_400(self, intercom: httpx2.AsyncClient) -> None:
        statuses = [
            (
                await intercom.post("/contacts/search", json={"query": filter_of("email", "IN", ["x"] * length)})
            ).status_code
            for length in (3, 4)
        ]
        assert statuses == [200, 400]
