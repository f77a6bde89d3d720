"""The account: the data that both APIs read and write.

Tests and benchmarks read and change it from Python, through the same methods as the APIs.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from mogulsync.sandbox.attributes import AttributeRejectedError, SandboxAttributes, checked, unknown_attribute
from mogulsync.sandbox.billing import BillingGenerator
from mogulsync.sandbox.contacts import ContactGenerator, SandboxContact
from mogulsync.sandbox.customers import CustomerGenerator
from mogulsync.sandbox.generated import GeneratedRecords
from mogulsync.sandbox.identities import chartmogul_index, chartmogul_uuid, contact_id, contact_index, identity_index

API_KEY: Final = "sandbox-chartmogul-api-key"
"""ChartMogul's API key; made up, like everything here."""
ACCESS_TOKEN: Final = "sandbox-intercom-access-token"  # noqa: S105 - made up, opens nothing
"""Intercom's access token."""
CLIENT_ID: Final = "sandbox-client-id"
"""Intercom's OAuth client."""
CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105 - made up, opens nothing
"""Its secret."""

_KEY_ATTRIBUTES: Final = ("billing_id", "account_number", "crm_id")
"""Custom attributes whose generated values carry their person's number."""
_KEYS: Final = ("id", "email", "external_id", *(f"custom_attributes.{name}" for name in _KEY_ATTRIBUTES))
"""Searchable fields whose generated values carry their person's number."""
_GENERATED_ATTRIBUTES: Final = (*_KEY_ATTRIBUTES, "newsletter", "trial_ends_at", "lifetime_value", "customer_status")
"""Custom attributes that generated contacts hold."""


class SandboxAccount:
    """A ChartMogul account and the Intercom workspace of the same people.

    Attributes:
        attributes: Intercom's data attributes.
        access_token: The one that Intercom accepts; None: it refuses every token.
        api_key: The one that ChartMogul accepts; None: it refuses every key.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        customers: int = 500,
        contacts: int = 600,
        region: str = "US",
        name: str = "Sandbox",
        time_zone: str = "Etc/UTC",
        currency: str = "USD",
    ) -> None:
        self.seed = seed
        self.region = region
        self.name = name
        self.time_zone = time_zone
        self.workspace_id = f"sb{seed:06d}"
        self.attributes = SandboxAttributes()
        self.access_token: str | None = ACCESS_TOKEN
        self.api_key: str | None = API_KEY
        self.currency = currency
        self.billing = BillingGenerator(seed, currency)
        self._customer_generator = CustomerGenerator(self.billing)
        self._contact_generator = ContactGenerator(self.billing, customers=customers, contacts=contacts)
        self._customers = GeneratedRecords(customers, self._customer_generator.customer)
        self._contacts = GeneratedRecords(contacts, self._contact_generator.contact)
        self._subscriptions: dict[int, list[dict[str, Any]]] = {}
        self._invoices: dict[int, list[dict[str, Any]]] = {}
        self._generated_customers = customers
        self._merged: dict[int, tuple[str, str | None]] = {}
        self._added_at: dict[int, float] = {}
        self._changed_keys: set[int] = set()

    # ChartMogul

    @property
    def customer_count(self) -> int:
        """How many customers there are."""
        return len(self._customers)

    def customers(self, start: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the index and the JSON of every customer from index `start` on."""
        return self._customers.scan(start)

    def customer(self, uuid: str) -> dict[str, Any] | None:
        """Return a copy of the customer's JSON, or None where there is none."""
        index = self.customer_index(uuid)
        found = None if index is None else self._customers.get(index)
        return None if found is None else dict(found)

    def add_customer(self, values: Mapping[str, Any] | None = None) -> str:
        """Add an active customer that has nothing but what `values` gives, and return its uuid."""
        index = self._customers.end
        source = self.billing.sources[0]
        record: dict[str, Any] = {
            **self._customer_generator.customer(index),
            "external_id": "",
            "external_ids": [],
            "data_source_uuid": source.uuid,
            "data_source_uuids": [source.uuid],
            "billing-system-type": source.system,
            "email": "",
            "status": "Active",
            "lead_created_at": None,
            "free_trial_started_at": None,
            "attributes": {"tags": [], "stripe": {}, "clearbit": {}, "custom": {}},
            "mrr": 0,
            "arr": 0,
            **(values or {}),
        }
        self._customers.add(record)
        return str(record["uuid"])

    def change_customer(self, uuid: str, changes: Mapping[str, Any]) -> None:
        """Change some of the customer's values, keyed as the API keys them (`mrr` in cents, `customer-since`).

        Raises:
            KeyError: There is no such customer.
        """
        index = self._known_customer(uuid)
        self._customers.put(index, {**(self._customers.get(index) or {}), **changes})

    def delete_customer(self, uuid: str) -> None:
        """Remove the customer.

        Raises:
            KeyError: There is no such customer.
        """
        self._customers.remove(self._known_customer(uuid))

    def subscriptions(self, uuid: str) -> list[dict[str, Any]]:
        """Return the customer's subscriptions.

        Raises:
            KeyError: There is no such customer.
        """
        index = self._known_customer(uuid)
        if index in self._subscriptions or index >= self._generated_customers:
            return self._subscriptions.get(index, [])
        return self.billing.subscriptions(index)

    def set_subscriptions(self, uuid: str, subscriptions: list[dict[str, Any]]) -> None:
        """Give the customer these subscriptions; its MRR stays as it is.

        Raises:
            KeyError: There is no such customer.
        """
        self._subscriptions[self._known_customer(uuid)] = subscriptions

    def invoices(self, uuid: str) -> list[dict[str, Any]]:
        """Return the customer's invoices, disabled ones included.

        Raises:
            KeyError: There is no such customer.
        """
        return self.invoices_at(self._known_customer(uuid))

    def invoices_at(self, index: int) -> list[dict[str, Any]]:
        """Return the invoices of the customer at this index."""
        if index in self._invoices or index >= self._generated_customers:
            return self._invoices.get(index, [])
        return self.billing.invoices(index)

    def set_invoices(self, uuid: str, invoices: list[dict[str, Any]]) -> None:
        """Give the customer these invoices.

        Raises:
            KeyError: There is no such customer.
        """
        self._invoices[self._known_customer(uuid)] = invoices

    def plans(self) -> list[dict[str, Any]]:
        """Return the plans."""
        return [plan.to_json() for plan in self.billing.plans]

    def data_sources(self) -> list[dict[str, Any]]:
        """Return the data sources."""
        return [source.to_json() for source in self.billing.sources]

    def candidate_customers(self, key: str) -> list[int]:
        """Return, ascending, the indexes of customers among which all with this external id or email are."""
        index = identity_index(key)
        guess = set() if index is None else {index, index + 1}  # some have the email of the one before them
        return sorted(guess | {changed for changed, _ in self._customers.stored()})

    def customer_index_at(self, position: int) -> int:
        """Return the index of the customer at this position in the list of all, counted from 0."""
        return self._customers.index_at(position)

    def invoice_customer_index(self, uuid: str) -> int | None:
        """Return the index of the customer that has the invoice with this uuid, or None where there is none."""
        for index, invoices in self._invoices.items():
            if any(invoice.get("uuid") == uuid for invoice in invoices):
                return index
        carried = self.billing.invoice_customer(uuid)
        return carried if carried is not None and self._customers.get(carried) is not None else None

    def customer_at(self, index: int) -> dict[str, Any] | None:
        """Return the customer at this index."""
        return self._customers.get(index)

    # Intercom

    @property
    def contact_count(self) -> int:
        """How many contacts there are."""
        return len(self._contacts)

    def contacts(self, start: int = 0) -> Iterator[tuple[int, SandboxContact]]:
        """Yield the index of every contact from index `start` on, and the contact."""
        return self._contacts.scan(start)

    def contact_index_at(self, position: int) -> int:
        """Return the index of the contact at this position in the list of all, counted from 0."""
        return self._contacts.index_at(position)

    def contact(self, identifier: str) -> SandboxContact | None:
        """Return the contact, or None where there is none, or where it was merged into another."""
        index = contact_index(self.seed, identifier)
        return None if index is None else self._contacts.get(index)

    def contact_at(self, index: int) -> SandboxContact | None:
        """Return the contact at this index."""
        return self._contacts.get(index)

    def merged_into(self, identifier: str) -> str | None:
        """Return the id of the contact that this one was merged into, if it was."""
        index = contact_index(self.seed, identifier)
        return self._merged[index][0] if index in self._merged else None

    def external_id_merged_into(self, external_id: str) -> str | None:
        """Return the id of the contact that the one with this external id was merged into, if it was."""
        return next((into for into, was in self._merged.values() if was == external_id), None)

    def added_at(self, index: int) -> float:
        """Return when a contact was added, in unix seconds; 0 for generated ones."""
        return self._added_at.get(index, 0.0)

    def add_contact(
        self,
        *,
        email: str | None = None,
        external_id: str | None = None,
        role: str = "user",
        name: str | None = None,
        phone: str | None = None,
        custom_attributes: Mapping[str, Any] | None = None,
        now: float = 0.0,
    ) -> SandboxContact:
        """Add a contact and return it; `now`, in unix seconds, is when search begins to lag behind."""
        index = self._contacts.end
        contact = SandboxContact(
            id=contact_id(self.seed, index),
            role=role,
            email=email,
            external_id=external_id,
            name=name,
            phone=phone,
            custom_attributes=dict(custom_attributes or {}),
        )
        self._contacts.add(contact)
        self._changed_keys.add(index)
        self._added_at[index] = now
        return contact

    def change_contact(self, identifier: str, **changes: Any) -> SandboxContact:
        """Change fields of the contact, named as in `SandboxContact`, and return it.

        Raises:
            KeyError: There is no such contact.
        """
        index = self._known_contact(identifier)
        contact = (self._contacts.get(index) or SandboxContact(identifier))._replace(**changes)
        self._contacts.put(index, contact)
        if set(changes) - {"custom_attributes", "updated_at"}:
            self._changed_keys.add(index)
        return contact

    def set_attributes(self, identifier: str, values: Mapping[str, Any]) -> SandboxContact:
        """Set custom attributes of the contact without the API's checks; the others stay. Return the contact.

        Raises:
            KeyError: There is no such contact.
        """
        index = self._known_contact(identifier)
        contact = self._contacts.get(index) or SandboxContact(identifier)
        if set(values) & set(_GENERATED_ATTRIBUTES):
            self._changed_keys.add(index)
        return self.change_contact(identifier, custom_attributes={**contact.custom_attributes, **values})

    def write_attributes(self, identifier: str, values: Mapping[str, Any], *, now: int) -> SandboxContact:
        """Set custom attributes as `PUT /contacts/{id}` does and return the contact.

        Values of archived attributes are dropped without a word, as Intercom drops them.

        Raises:
            KeyError: There is no such contact.
            AttributeRejectedError: A value cannot be stored; then none is.
        """
        self.set_attributes(identifier, self.check_attributes(values))
        return self.change_contact(identifier, updated_at=now)

    def check_attributes(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what would be stored of these custom attributes: all but those that are archived.

        Raises:
            AttributeRejectedError: A value cannot be stored.
        """
        stored: dict[str, Any] = {}
        for name, value in values.items():
            attribute = self.attributes.custom(name)
            if attribute is None:
                raise AttributeRejectedError(unknown_attribute(name))
            if not attribute.archived:
                stored[name] = checked(attribute, value)
        return stored

    def delete_contact(self, identifier: str) -> None:
        """Remove the contact: the API answers 404 from now on.

        Raises:
            KeyError: There is no such contact.
        """
        self._contacts.remove(self._known_contact(identifier))

    def merge_contact(self, identifier: str, *, into: str) -> None:
        """Merge the contact into another: the API answers 410 from now on (404 before version 2.16).

        Raises:
            KeyError: There is no such contact.
        """
        index = self._known_contact(identifier)
        contact = self._contacts.get(index)
        self._merged[index] = (into, contact.external_id if contact else None)
        self._contacts.remove(index)

    def merged_from(self, identifier: str) -> list[str]:
        """Return the ids of the contacts that were merged into this one."""
        return [contact_id(self.seed, index) for index, (into, _) in self._merged.items() if into == identifier]

    def candidate_contacts(self, field: str, values: Iterable[object]) -> set[int] | None:
        """Return the indexes of contacts among which all are whose field equals one of the values.

        None: every contact has to be looked at.
        """
        if None in (wanted := list(values)):
            return None
        if field in _KEYS:
            guess = set(self._changed_keys)
            for value in wanted:
                index = contact_index(self.seed, str(value)) if field == "id" else None
                guess.update(() if index is None else (index,))
                whose = identity_index(value)
                guess.update(() if whose is None else self._contact_generator.contacts_of(whose))
            return guess
        name = field.removeprefix("custom_attributes.")
        if name != field and name not in _GENERATED_ATTRIBUTES:
            return {index for index, _ in self._contacts.stored()}
        return None

    # Credentials

    def revoke_token(self) -> None:
        """Make Intercom refuse every token."""
        self.access_token = None

    def revoke_api_key(self) -> None:
        """Make ChartMogul refuse every key."""
        self.api_key = None

    def customer_index(self, uuid: str) -> int | None:
        """Return the index that a customer's uuid carries, or None where it is none of this account."""
        return chartmogul_index("cus", self.seed, uuid)

    def _known_customer(self, uuid: str) -> int:
        index = self.customer_index(uuid)
        if index is None or self._customers.get(index) is None:
            raise KeyError(uuid)
        return index

    def _known_contact(self, identifier: str) -> int:
        index = contact_index(self.seed, identifier)
        if index is None or self._contacts.get(index) is None:
            raise KeyError(identifier)
        return index

    @property
    def account_uuid(self) -> str:
        """Id of the ChartMogul account."""
        return chartmogul_uuid("acc", self.seed, 0)
