"""Intercom gives some texts HTML-escaped: they stand for themselves and for their form unescaped once."""

import html
from typing import Any

import pytest

from mogulsync.resource.reasons import Outcome
from mogulsync.sandbox import Rewrite
from tests.support.sandbox_world import World


def escaped(body: Any) -> Any:
    """Return an answer with the texts of its contacts escaped, once."""
    for contact in body.get("data", [body]):
        for name in ("email", "external_id"):
            if isinstance(contact.get(name), str):
                contact[name] = html.escape(contact[name])
        values = contact.get("custom_attributes", {})
        values.update({name: html.escape(value) for name, value in values.items() if isinstance(value, str)})
    return body


@pytest.fixture
def escaping(world: World) -> World:
    """A sandbox that escapes the texts of contacts."""
    for method, path in (("GET", "/contacts"), ("POST", "/contacts/search"), ("PUT", "/contacts/[0-9a-f]+")):
        world.faults.inject(Rewrite(escaped), api="intercom", method=method, path=path)
    return world


async def test_an_email_with_an_apostrophe_matches(escaping: World) -> None:
    escaping.account.add_customer({"email": "o'brien@example.com", "mrr": 100})
    contact = escaping.account.add_contact(email="o'brien@example.com")
    report = await escaping.sync()
    assert (report.outcome, report.customers.matched) == (Outcome.SUCCEEDED, 1)
    assert escaping.stored(contact)["chartmogul_mrr"] == 1


@pytest.mark.parametrize("key", ["a&b", "a&amp;b", "<3"])
async def test_an_external_id_matches_in_every_listed_attribute(escaping: World, key: str) -> None:
    escaping.account.add_customer({"external_id": key, "external_ids": [key]})
    escaping.account.add_contact(external_id=key)
    escaping.account.add_contact(custom_attributes={"billing_id": key})
    report = await escaping.sync(
        matching={"chartmogulField": "ExternalID", "intercomFields": ["external_id", "billing_id"]}
    )
    assert report.contacts.updated == 2


async def test_values_are_stored_once_and_never_again(escaping: World) -> None:
    escaping.account.add_customer({"email": "ann@example.com", "status": "A & B <c> 'd' \"e\" &amp; f"})
    contact = escaping.account.add_contact(email="ann@example.com")
    first = await escaping.sync()
    assert (first.outcome, first.contacts.updated) == (Outcome.SUCCEEDED, 1)
    assert escaping.stored(contact)["chartmogul_status"] == "A & B <c> 'd' \"e\" &amp; f"
    assert (await escaping.sync()).contacts.unchanged == 1
