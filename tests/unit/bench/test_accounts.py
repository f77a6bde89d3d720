"""The accounts that the benchmark serves are what its figures say they are."""

from itertools import islice

from bench.accounts import account, change, create, lone_addresses, with_more_contacts


def test_an_account_has_a_quarter_more_contacts_than_customers() -> None:
    assert account(100).contact_count == 125


def test_a_change_reaches_the_share_of_customers_that_was_asked_for() -> None:
    before, after = account(100), account(100)
    change(after, 2)
    changed = [
        now["uuid"]
        for (_, was), (_, now) in zip(before.customers(), after.customers(), strict=True)
        if was["mrr"] != now["mrr"]
    ]
    assert len(changed) == 2


def test_changing_again_changes_the_same_customers_further() -> None:
    made = account(100)
    change(made, 2)
    once = {customer["uuid"]: customer["mrr"] for _, customer in made.customers()}
    change(made, 2)
    assert sum(customer["mrr"] != once[customer["uuid"]] for _, customer in made.customers()) == 2


def test_a_grown_workspace_keeps_its_contacts_attributes_and_their_values() -> None:
    small = account(48)
    create(small, "chartmogul_mrr", "float")
    ids = [contact.id for _, contact in small.contacts()]
    small.set_attributes(ids[3], {"chartmogul_mrr": 12.5})
    grown = with_more_contacts(small, 500)
    assert grown.contact_count == 500
    assert [contact.id for _, contact in islice(grown.contacts(), len(ids))] == ids
    assert grown.attributes.custom("chartmogul_mrr") is not None
    assert [grown.contact(each) for each in ids] == [small.contact(each) for each in ids]


def test_a_lone_address_belongs_to_one_contact() -> None:
    made = account(100)
    emails = [contact.email for _, contact in made.contacts()]
    lone = list(lone_addresses(made))
    assert lone
    assert all(emails.count(email) == 1 for email in lone)
