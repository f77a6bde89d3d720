"""Intercom's own Python client (PyPI `python-intercom`) reads everything that the sandbox answers.

Its models are made without validation, so every record is validated here as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from intercom import (
    CreateContactRequestWithEmail,
    CreateDataAttributeRequestOne,
    Intercom,
    MultipleFilterSearchRequest,
    SingleFilterSearchRequest,
    StartingAfterPaging,
    UpdateDataAttributeRequestOptions,
    UpdateDataAttributeRequestOptionsOptionsItem,
)
from intercom.contacts.types.contact import Contact
from intercom.core.api_error import ApiError
from intercom.data_attributes.types.data_attribute import DataAttribute
from intercom.errors import UnauthorizedError

from mogulsync.sandbox import ACCESS_TOKEN, Respond, Sandbox, SandboxAccount, SandboxOptions, serve_in_thread

CONTACTS = 330
ONCE = {"max_retries": 0}


class Served:
    """A sandbox and clients of it."""

    def __init__(self, sandbox: Sandbox, url: str, http: httpx.Client) -> None:
        self.sandbox = sandbox
        self.account = sandbox.account
        self.client = Intercom(base_url=url, token=ACCESS_TOKEN, httpx_client=http)
        self.wrong = Intercom(base_url=url, token="wrong", httpx_client=http)


@contextmanager
def served(options: SandboxOptions) -> Iterator[Served]:
    sandbox = Sandbox(SandboxAccount(customers=250, contacts=CONTACTS), options)
    with serve_in_thread(sandbox) as urls, httpx.Client(timeout=30) as http:
        yield Served(sandbox, urls.intercom, http)


@pytest.fixture
def world() -> Iterator[Served]:
    with served(SandboxOptions(intercom_limit=None)) as sandbox:
        yield sandbox


def validated(contact: Contact) -> Contact:
    """Return the contact after checking every value against the client's types."""
    Contact.model_validate(contact.model_dump())
    return contact


def found(client: Intercom, query: Any, *, per_page: int = 7) -> list[Contact]:
    """Return all contacts of a search. The client's own pager never sends the cursor, so each page is asked for."""
    contacts: list[Contact] = []
    paging = StartingAfterPaging(per_page=per_page)
    while True:
        page = client.contacts.search(query=query, pagination=paging)
        contacts += [validated(contact) for contact in page.items or ()]
        pages = page.response.pages if page.response else None
        if pages is None or pages.next is None:
            return contacts
        paging = StartingAfterPaging(per_page=per_page, starting_after=pages.next.starting_after)


def test_it_lists_every_contact_by_pages(world: Served) -> None:
    read = [validated(contact) for contact in world.client.contacts.list(per_page=100)]
    expected = [contact for _, contact in world.account.contacts()]
    assert [(each.id, each.email, each.external_id, each.role) for each in read] == [
        (each.id, each.email, each.external_id, each.role) for each in expected
    ]
    assert [each.custom_attributes for each in read] == [dict(each.custom_attributes) for each in expected]
    assert any(each.email is None for each in read)


def test_it_lists_by_page_number(world: Served) -> None:
    third = world.client.contacts.list(page=3, per_page=100)
    assert [each.id for each in third.items or ()] == [
        each.id for at, each in world.account.contacts() if 200 <= at < 300
    ]
    beyond = world.client.contacts.list(page=9, per_page=100)
    assert (beyond.items, beyond.has_next) == ([], False)


def test_it_searches_by_pages(world: Served) -> None:
    leads = found(world.client, SingleFilterSearchRequest(field="role", operator="=", value="lead"))
    assert [each.id for each in leads] == [each.id for _, each in world.account.contacts() if each.role == "lead"]
    keys = [each.external_id for _, each in world.account.contacts()][:20]
    query = MultipleFilterSearchRequest(
        operator="AND",
        value=[
            SingleFilterSearchRequest(field="external_id", operator="IN", value=[str(key) for key in keys]),
            SingleFilterSearchRequest(field="role", operator="=", value="user"),
        ],
    )
    assert {each.external_id for each in found(world.client, query)} < set(keys)


def test_it_finds_one_contact_by_id_and_by_external_id(world: Served) -> None:
    user = next(contact for _, contact in world.account.contacts() if contact.role == "user")
    assert world.client.contacts.find(user.id).email == user.email
    assert world.client.contacts.show_contact_by_external_id(str(user.external_id)).id == user.id


def test_it_creates_and_updates_contacts(world: Served) -> None:
    request = CreateContactRequestWithEmail(email="new@example.com", name="New", custom_attributes={"billing_id": "7"})
    created = world.client.contacts.create(request=request)
    assert (created.email, created.custom_attributes) == ("new@example.com", {"billing_id": "7"})
    values: dict[str, Any] = {"lifetime_value": 12.5, "billing_id": None}
    updated = world.client.contacts.update(str(created.id), custom_attributes=values)
    assert updated.custom_attributes == values
    stored = world.account.contact(str(created.id))
    assert stored
    assert (stored.email, dict(stored.custom_attributes)) == ("new@example.com", values)
    with pytest.raises(ApiError) as raised:
        world.client.contacts.create(request=request, request_options=ONCE)
    assert raised.value.status_code == 409
    assert f"already exists with id={created.id}" in raised.value.body["errors"][0]["message"]


def test_it_lists_creates_and_changes_attributes(world: Served) -> None:
    attributes = world.client.data_attributes.list(model="contact", include_archived=True).data or []
    for attribute in attributes:
        DataAttribute.model_validate(attribute.model_dump())
    assert {"legacy_plan", "email", "crm_id"} <= {attribute.name for attribute in attributes}
    created = world.client.data_attributes.create(
        request=CreateDataAttributeRequestOne(name="chartmogul_mrr", model="contact", data_type="float")
    )
    assert (created.name, created.data_type, created.custom) == ("chartmogul_mrr", "float", True)
    tier = next(attribute for attribute in attributes if attribute.name == "support_tier")
    items = [UpdateDataAttributeRequestOptionsOptionsItem(value=value) for value in ("basic", "gold")]
    changed = world.client.data_attributes.update(
        tier.id or 0, request=UpdateDataAttributeRequestOptions(options=items)
    )
    assert changed.options == ["basic", "gold"]


def test_it_reads_the_admin_and_the_workspace(world: Served) -> None:
    me = world.client.admins.identify()
    assert me
    assert me.app
    assert (me.app.id_code, me.app.region) == (world.account.workspace_id, "US")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (SingleFilterSearchRequest(field="tag_id", operator="IN", value=["1"]), "parameter_invalid"),
        (SingleFilterSearchRequest(field="created_at", operator=">", value="yesterday"), "parameter_invalid"),
        (SingleFilterSearchRequest(field="shoe_size", operator="=", value="42"), "parameter_invalid"),
    ],
)
def test_it_raises_what_a_wrong_search_is_answered(world: Served, query: SingleFilterSearchRequest, code: str) -> None:
    with pytest.raises(ApiError) as raised:
        world.client.contacts.search(query=query, request_options=ONCE)
    assert raised.value.status_code == 400
    assert raised.value.body["errors"][0]["code"] == code


def test_it_raises_refusals_and_outages(world: Served) -> None:
    client = world.client.contacts
    with pytest.raises(UnauthorizedError) as unauthorized:
        world.wrong.contacts.list()
    assert unauthorized.value.body.errors[0].code == "unauthorized"
    with pytest.raises(ApiError, match="status_code: 404"):
        client.find("0" * 24)
    with pytest.raises(ApiError, match="status_code: 400"):
        client.list(starting_after="broken", request_options=ONCE)
    with pytest.raises(ApiError, match="status_code: 400"):
        client.list(per_page=0, request_options=ONCE)
    with pytest.raises(ApiError, match="status_code: 400"):
        client.update(next(each.id for _, each in world.account.contacts()), custom_attributes={"unheard_of": 1})
    world.sandbox.faults.inject(Respond(503))
    with pytest.raises(ApiError, match="status_code: 503"):
        client.list(request_options=ONCE)


def test_it_raises_at_the_rate_limit() -> None:
    with served(SandboxOptions(intercom_limit=2, clock=lambda: 1_000.0)) as world:
        for _ in range(2):
            world.client.contacts.list(per_page=1)
        with pytest.raises(ApiError, match="status_code: 429") as raised:
            world.client.contacts.list(request_options=ONCE)
    assert raised.value.body["errors"][0]["code"] == "rate_limit_exceeded"
    assert (raised.value.headers or {})["x-ratelimit-remaining"] == "0"
