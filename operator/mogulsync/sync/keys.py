"""Keys: emails or ids, by which customers and contacts are matched."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from mogulsync.chartmogul.models import Customer, SelectedDetails
from mogulsync.intercom.models import Contact
from mogulsync.resource.syncspec import EXTERNAL_ID_FIELD, Matching
from mogulsync.transport.json_values import text_forms, trimmed


class Keys(Protocol):
    """How customers and contacts are compared: by the keys of each."""

    def written(self, customer: Customer) -> Sequence[str]:
        """Return the customer's keys as ChartMogul has them, trimmed, blank ones left out."""
        ...

    def of_customer(self, customer: Customer) -> Sequence[str]:
        """Return the customer's keys as they are compared; empty when it has none that is usable."""
        ...

    def of_contact(self, contact: Contact) -> Sequence[str]:
        """Return the contact's keys as they are compared."""
        ...


class EmailKeys:
    """The email address, trimmed and case-folded."""

    def written(self, customer: Customer) -> Sequence[str]:
        """Return the address, if there is one."""
        email = (customer.email or "").strip()
        return (email,) if email else ()

    def of_customer(self, customer: Customer) -> Sequence[str]:
        """Return the address case-folded; the customer's own string where that changes nothing, to save memory."""
        return tuple(email if (key := email.casefold()) == email else key for email in self.written(customer))

    def of_contact(self, contact: Contact) -> Sequence[str]:
        """Return the contact's address, if it has one, and its form unescaped from HTML, if that differs."""
        if contact.email is None:
            return ()
        return [key for form in text_forms(contact.email) if (key := form.strip().casefold())]


class IdKeys:
    """Any of the customer's ids against any of the contact's listed attributes; case matters.

    Args:
        intercom_fields: The attributes: `external_id` or names of custom attributes.
        ids_of: Returns a customer's ids.
    """

    def __init__(self, intercom_fields: Sequence[str], ids_of: Callable[[Customer], Iterable[Any]]) -> None:
        self._fields = tuple(intercom_fields)
        self._ids_of = ids_of

    def written(self, customer: Customer) -> Sequence[str]:
        """Return every id, once."""
        return tuple(dict.fromkeys(key for value in self._ids_of(customer) if (key := trimmed(value))))

    def of_customer(self, customer: Customer) -> Sequence[str]:
        """Return every id, once."""
        return self.written(customer)

    def of_contact(self, contact: Contact) -> Sequence[str]:
        """Return the value of each listed attribute that has one: 42 and 42.0 are "42", booleans are none."""
        values = (
            contact.external_id if field == EXTERNAL_ID_FIELD else contact.attributes.get(field)
            for field in self._fields
        )
        texts = (key for value in values if (key := trimmed(value)))
        return [form.strip() for key in texts for form in text_forms(key)]


def external_ids(customer: Customer) -> Iterable[str | None]:
    """Return the customer's external ids."""
    return (*customer.external_ids, customer.external_id)


def keys_for(matching: Matching, selected: SelectedDetails) -> Keys:
    """Return the keys that customers and contacts are matched by.

    Args:
        matching: The spec's.
        selected: What is read of each customer; the custom attribute to match by is among it.
    """
    if matching.chartmogul_field == "Email":
        return EmailKeys()
    if matching.chartmogul_field == "UUID":
        return IdKeys(matching.intercom_fields, lambda customer: (customer.uuid,))
    if matching.chartmogul_field == "CustomAttribute":
        place = selected.custom.index(matching.chartmogul_key or "")
        return IdKeys(matching.intercom_fields, lambda customer: (customer.details.custom[place],))
    return IdKeys(matching.intercom_fields, external_ids)
