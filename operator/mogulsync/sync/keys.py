"""The keys by which customers and contacts meet: emails, or external ids."""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.resource.spec import EXTERNAL_ID_FIELD, Matching


class Keys(Protocol):
    """One way to match."""

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
        """Return the contact's address, if it has one."""
        key = (contact.email or "").strip().casefold()
        return (key,) if key else ()


class ExternalIdKeys:
    """Any of the customer's external ids against any of the contact's listed attributes; case matters."""

    def __init__(self, intercom_fields: Sequence[str]) -> None:
        self._fields = tuple(intercom_fields)

    def written(self, customer: Customer) -> Sequence[str]:
        """Return every external id, once."""
        ids = (*customer.external_ids, customer.external_id or "")
        return tuple(dict.fromkeys(stripped for value in ids if (stripped := value.strip())))

    def of_customer(self, customer: Customer) -> Sequence[str]:
        """Return every external id, once."""
        return self.written(customer)

    def of_contact(self, contact: Contact) -> Sequence[str]:
        """Return the value of each listed attribute that has one."""
        values = (
            contact.external_id if field == EXTERNAL_ID_FIELD else contact.attributes.get(field)
            for field in self._fields
        )
        return [key for value in values if (key := _as_key(value))]


def keys_for(matching: Matching) -> Keys:
    """Return the way to match that the spec asks for."""
    return EmailKeys() if matching.chartmogul_field == "Email" else ExternalIdKeys(matching.intercom_fields)


def _as_key(value: Any) -> str | None:
    """Return an attribute's value as an external id: 42 and 42.0 are "42", booleans are none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else str(value)
