"""The accounts that the benchmark serves."""

from collections.abc import Iterator
from typing import Final

from mogulsync.sandbox import SandboxAccount, SandboxContact

_CONTACTS_PER_CUSTOMER: Final = 1.25
"""So that every customer whom the sandbox gives contacts has them all: a larger workspace has only strangers more."""
_CENTS: Final = 700


def account(customers: int, contacts: int | None = None) -> SandboxAccount:
    """Return an account; without a number of contacts it has a quarter more of them than customers."""
    if contacts is None:
        contacts = round(customers * _CONTACTS_PER_CUSTOMER)
    return SandboxAccount(seed=1, customers=customers, contacts=contacts)


def change(account: SandboxAccount, percent: int) -> None:
    """Give that share of the customers, evenly spread, another MRR."""
    for index in range(0, account.customer_count, 100 // percent):
        customer = account.customer_at(index)
        if customer is not None:
            mrr = customer["mrr"] + _CENTS
            account.change_customer(customer["uuid"], {"mrr": mrr, "arr": 12 * mrr})


def with_more_contacts(synced: SandboxAccount, contacts: int) -> SandboxAccount:
    """Return the account with the same customers and the same contacts, followed by strangers up to `contacts`."""
    grown = account(synced.customer_count, contacts)
    for attribute in synced.attributes:
        if attribute.custom and attribute.model == "contact" and grown.attributes.custom(attribute.name) is None:
            create(grown, attribute.name, attribute.data_type)
    for _, contact in synced.contacts():
        if set(contact.custom_attributes) - set(_original(grown, contact)):
            grown.set_attributes(contact.id, contact.custom_attributes)
    return grown


def create(account: SandboxAccount, name: str, data_type: str) -> None:
    """Create a custom contact attribute."""
    account.attributes.create({"name": name, "model": "contact", "data_type": data_type}, now=0)


def lone_addresses(account: SandboxAccount) -> Iterator[str]:
    """Yield the addresses that exactly one contact has, as they are stored."""
    times: dict[str, int] = {}
    for _, contact in account.contacts():
        if contact.email and contact.email.isascii():
            times[contact.email] = times.get(contact.email, 0) + 1
    return (email for email, count in times.items() if count == 1)


def _original(grown: SandboxAccount, contact: SandboxContact) -> Iterator[str]:
    found = grown.contact(contact.id)
    return iter(found.custom_attributes if found else ())
