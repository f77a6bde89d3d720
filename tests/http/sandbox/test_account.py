import re
from collections import Counter
from itertools import islice
from typing import Any

import pytest

from mogulsync.sandbox import SandboxAccount


def key(email: str | None) -> str:
    return (email or "").strip().casefold()


def test_the_same_seed_makes_the_same_account() -> None:
    one, same, other = (SandboxAccount(seed=seed, customers=60, contacts=90) for seed in (5, 5, 6))
    assert list(one.contacts()) == list(same.contacts())
    assert list(one.customers()) == list(same.customers())
    assert list(one.contacts()) != list(other.contacts())
    assert list(one.customers()) != list(other.customers())


@pytest.mark.parametrize(("customers", "contacts"), [(0, 0), (0, 30), (30, 0), (1, 1), (17, 21), (500, 600)])
def test_every_size_makes_as_many_as_asked(customers: int, contacts: int) -> None:
    account = SandboxAccount(customers=customers, contacts=contacts)
    told = [contact for _, contact in account.contacts()]
    assert (len(told), len({contact.id for contact in told}), account.contact_count) == (contacts,) * 3
    assert len({customer["uuid"] for _, customer in account.customers()}) == customers == account.customer_count
    assert all(account.contact(contact.id) == contact for contact in told)


def test_the_usual_account_holds_what_real_ones_hold() -> None:
    account = SandboxAccount()
    contacts = [contact for _, contact in account.contacts()]
    customers = [customer for _, customer in account.customers()]
    emails = Counter(key(contact.email) for contact in contacts if contact.email)
    users = Counter(key(contact.email) for contact in contacts if contact.email and contact.role == "user")
    leads = {key(contact.email) for contact in contacts if contact.email and contact.role == "lead"}
    billed = Counter(key(customer["email"]) for customer in customers if customer["email"])
    known = {customer_id for customer in customers for customer_id in customer["external_ids"]}
    facts = {
        "users share an address": max(users.values()) > 1,
        "a lead has a user's address": bool(leads & set(users)),
        "addresses in odd case": any(c.email and c.email != c.email.lower() for c in contacts),
        "addresses with blanks": any(c.email and c.email != c.email.strip() for c in contacts),
        "addresses outside ASCII": any(c.email and not c.email.isascii() for c in contacts),
        "contacts without an address": any(not c.email for c in contacts),
        "contacts without a customer": bool(set(emails) - set(billed)),
        "customers without an address": any(c["email"] == "" for c in customers),
        "customers without a contact": bool(set(billed) - set(emails)),
        "customers that share an address": max(billed.values()) > 1,
        "customers merged from several": any(len(c["external_ids"]) > 1 for c in customers),
        "external ids in external_id": any(c.external_id in known for c in contacts),
        "external ids in a text attribute": any(c.custom_attributes.get("billing_id") in known for c in contacts),
        "external ids in a number attribute": any(
            str(c.custom_attributes.get("account_number")) in known for c in contacts
        ),
        "one account currency": {c["currency"] for c in customers} == {"USD"},
        "offsets other than UTC": any(not str(c["customer-since"]).endswith("+00:00") for c in customers),
    }
    assert [fact for fact, holds in facts.items() if not holds] == []
    matched = sum(1 for customer in customers if key(customer["email"]) in emails)
    assert 0.7 < matched / len(customers) < 0.95


def custom_attributes(account: SandboxAccount, name: str) -> list[Any]:
    held = [customer["attributes"]["custom"] for _, customer in account.customers()]
    return [values[name] for values in held if name in values]


def test_custom_attributes_come_in_every_type_and_in_both_forms() -> None:
    account = SandboxAccount()
    types = {
        (name, type(value))
        for name in ("crm_id", "health_score", "seats", "beta_tester", "renewal_at", "channel")
        for value in custom_attributes(account, name)
    }
    assert types == {
        ("crm_id", str),
        ("health_score", int),
        ("health_score", float),
        ("health_score", dict),
        ("seats", int),
        ("seats", str),
        ("beta_tester", bool),
        ("renewal_at", str),
        ("channel", str),
    }
    assert any(
        set(each) == {"value", "source"}
        for each in custom_attributes(account, "health_score")
        if isinstance(each, dict)
    )


def test_a_custom_attribute_matches_contacts() -> None:
    account = SandboxAccount()
    keys = {str(value).strip() for value in custom_attributes(account, "crm_id")}
    held = [contact.custom_attributes.get("crm_id") for _, contact in account.contacts()]
    assert 50 < sum(1 for each in held if each in keys) < 300


def test_profiles_hold_what_people_leave_there() -> None:
    customers = [customer for _, customer in SandboxAccount().customers()]
    tags = {tag for customer in customers for tag in customer["attributes"]["tags"]}
    facts = {
        "tags with commas": "annual, prepaid" in tags,
        "tags with blanks around": any(tag != tag.strip() for tag in tags),
        "blank tags": "" in tags,
        "a tag twice": any(len(set(c["attributes"]["tags"])) < len(c["attributes"]["tags"]) for c in customers),
        "no tags": any(not c["attributes"]["tags"] for c in customers),
        "countries spelt out": any(c["address"]["country"] == "United States" for c in customers),
        "countries as a code only": any(c["country"] and c["address"]["country"] is None for c in customers),
        "no country": any(not c["country"] for c in customers),
        "no company": any(c["company"] == "" for c in customers),
        "trials": any(c["free_trial_started_at"] for c in customers)
        and any(not c["free_trial_started_at"] for c in customers),
        "trials with an offset": any(str(c["free_trial_started_at"]).endswith("-04:00") for c in customers),
        "leads and former leads": {bool(c["lead_created_at"]) for c in customers if c["mrr"]} == {True, False},
        "billing systems": {c["billing-system-type"] for c in customers} == {"Stripe", "Chargebee", "Custom", ""},
        "several ids of one data source": any(
            len(c["data_source_uuids"]) > len(set(c["data_source_uuids"])) for c in customers
        ),
    }
    assert [fact for fact, holds in facts.items() if not holds] == []


def test_free_subscriptions_count_for_nothing() -> None:
    account = SandboxAccount()
    free = {
        customer["status"]
        for _, customer in account.customers()
        for each in account.subscriptions(customer["uuid"])
        if (each["plan"], each["status"], each["mrr"]) == ("Free", "active", 0) and customer["mrr"] == 0
    }
    assert "Cancelled" in free
    assert any(status.endswith("Lead") for status in free)


def test_a_subscription_that_ended_keeps_its_mrr_and_the_customer_has_none() -> None:
    account = SandboxAccount()
    ended = [
        each["mrr"]
        for _, customer in account.customers()
        if customer["status"] == "Cancelled" and customer["mrr"] == 0
        for each in account.subscriptions(customer["uuid"])
        if each["status"] == "inactive"
    ]
    assert ended
    assert all(ended)


def test_subscriptions_are_billed_by_month_quarter_and_year() -> None:
    account = SandboxAccount()
    cycles = {
        (each["billing-cycle"], each["billing-cycle-count"])
        for _, customer in account.customers()
        for each in account.subscriptions(customer["uuid"])
    }
    assert cycles == {("month", 1), ("month", 3), ("year", 1)}


def test_invoices_may_be_in_another_currency_than_the_accounts() -> None:
    account = SandboxAccount(currency="JPY")
    customers = [customer for _, customer in account.customers()]
    assert {(customer["currency"], customer["currency-sign"]) for customer in customers} == {("JPY", "¥")}
    assert {each["currency"] for c in customers for each in account.subscriptions(c["uuid"])} == {"JPY"}
    invoiced = {each["currency"] for customer in customers for each in account.invoices(customer["uuid"])}
    assert {"USD", "EUR", "GBP", "CHF"} == invoiced


def test_some_contacts_of_nobody_hold_values_of_an_earlier_tool() -> None:
    account = SandboxAccount()
    billed = {key(customer["email"]) for _, customer in account.customers()} - {""}
    left = [contact for _, contact in account.contacts() if contact.custom_attributes.get("lifetime_value")]
    assert 5 < len(left) < 40
    assert not any(key(contact.email) in billed for contact in left)
    assert {contact.custom_attributes["customer_status"] for contact in left} == {"Cancelled"}


def test_users_have_external_ids_of_their_own() -> None:
    contacts = [contact for _, contact in SandboxAccount().contacts()]
    assert max(Counter(contact.external_id for contact in contacts).values()) == 1


def test_transactions_come_in_every_kind() -> None:
    account = SandboxAccount()
    invoices = [invoice for index, _ in account.customers() for invoice in account.invoices_at(index)]
    customers = {customer["uuid"]: customer for _, customer in account.customers()}
    kinds = {
        (each["type"], each["result"], each["amount_in_cents"] is None, each["disabled"])
        for invoice in invoices
        for each in invoice["transactions"]
    }
    assert {
        ("payment", "successful", False, False),
        ("payment", "successful", True, False),
        ("payment", "successful", False, True),
        ("payment", "failed", False, False),
        ("refund", "successful", False, False),
    } <= kinds
    assert any(invoice["currency"] != customers[invoice["customer_uuid"]]["currency"] for invoice in invoices)
    assert any(not invoice["transactions"] for invoice in invoices)


def test_nobody_has_an_address_that_could_be_somebodys() -> None:
    account = SandboxAccount(customers=2000, contacts=2500)
    addresses = [contact.email for _, contact in account.contacts()]
    addresses += [customer["email"] for _, customer in account.customers()]
    outside = [each for each in addresses if each and not re.search(r"@[a-z]+\.example\.(com|org|net)$", key(each))]
    assert outside == []


def test_a_million_contacts_cost_nothing_until_they_are_asked_for() -> None:
    account = SandboxAccount(customers=100_000, contacts=1_000_000)
    assert account.contact_count == 1_000_000
    _, last = next(islice(account.contacts(999_999), 1))
    assert account.contact(last.id) == last
    assert account.candidate_contacts("external_id", [last.external_id]) == {999_999}


@pytest.mark.parametrize("identifier", ["", "nobody", "0" * 24, "ü" * 24, "-1".rjust(24, "0")])
def test_what_is_no_id_of_a_contact_finds_none(identifier: str) -> None:
    account = SandboxAccount(customers=5, contacts=5)
    assert account.contact(identifier) is None
    with pytest.raises(KeyError):
        account.delete_contact(identifier)
