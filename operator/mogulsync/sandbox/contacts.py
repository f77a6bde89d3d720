"""Generated Intercom contacts and their JSON.

Contacts come in groups of twenty: the sixteen people of a group (a contact each), a second user with the address of one
of them, a lead with the address of another, and two strangers, who are nobody's customers. Past the customers' groups
there are only strangers. So the person of a contact, and the contacts of a person, are arithmetic.
"""

import json
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from mogulsync.sandbox.attributes import SandboxAttributes
from mogulsync.sandbox.billing import BillingGenerator, utc
from mogulsync.sandbox.generated import random_bits
from mogulsync.sandbox.identities import Identity, contact_id, identity

_PEOPLE: Final = 16
"""People of a group who may be customers."""
_GROUP: Final = 20
"""Contacts of a group."""
_SECOND_USER: Final = 16
_SECOND_LEAD: Final = 17
_STRANGERS: Final = 18
_ABOUT: Final = 20
_PAIRS: Final = 21
_FIRST_SEEN: Final = 1_600_000_000
"""When the first contacts were made, in unix seconds."""
_ODD_EMAILS: Final[dict[int, Callable[[str], str]]] = {
    **dict.fromkeys(range(2), lambda _: ""),
    **dict.fromkeys(range(2, 6), str.title),
    6: lambda email: f" {email}",
}
"""Addresses that are missing or odd, each at its places among a hundred."""


_NO_ATTRIBUTES: Final[Mapping[str, Any]] = MappingProxyType({})


class SandboxContact(NamedTuple):
    """A contact, lead or user."""

    id: str
    role: str = "user"
    email: str | None = None
    external_id: str | None = None
    name: str | None = None
    phone: str | None = None
    created_at: int = _FIRST_SEEN
    updated_at: int = _FIRST_SEEN
    custom_attributes: Mapping[str, Any] = _NO_ATTRIBUTES


class ContactGenerator:
    """Generates the contacts of one account."""

    def __init__(self, billing: BillingGenerator, *, customers: int, contacts: int) -> None:
        self._billing = billing
        self._seed = billing.seed
        self._groups = -(-customers // _PEOPLE)
        self._contacts = contacts

    def contact(self, index: int) -> SandboxContact:
        """Return the contact at this index."""
        who, place = self._person_of(index)
        bits = random_bits(self._seed, index, _ABOUT)
        role, email = "user", who.email
        if place == _SECOND_USER:
            external_id = f"alt-{who.number}"
        elif place == _SECOND_LEAD:
            role, external_id = "lead", _lead_id(bits, who)
        else:
            odd = _ODD_EMAILS.get((bits >> 8) % 100)
            email = odd(email) if odd else email
            if bits % 7 == 0:
                role, external_id = "lead", _lead_id(bits, who)
            elif (bits >> 16) % 3 == 0:
                external_id = self._billing.source_of(who.ordinal).external_id(who.number)
            else:
                external_id = f"user-{who.number}"
        created = _FIRST_SEEN + bits % 150_000_000
        return SandboxContact(
            id=contact_id(self._seed, index),
            role=role,
            email=email or None,
            external_id=external_id,
            name=None if role == "lead" and bits >> 20 & 1 else who.name,
            created_at=created,
            updated_at=created,
            custom_attributes=self._attributes(who, bits >> 24) | (_former(bits) if place >= _STRANGERS else {}),
        )

    def contacts_of(self, person_index: int) -> list[int]:
        """Return the indexes of the contacts that this person has."""
        people = self._groups * _PEOPLE
        if person_index < people:
            group, place = divmod(person_index, _PEOPLE)
            places = [place]
            second_user, second_lead = self._pairs(group)
            places += [_SECOND_USER] * (place == second_user) + [_SECOND_LEAD] * (place == second_lead)
            indexes = [group * _GROUP + each for each in places]
        elif person_index < people + 2 * self._groups:
            group, place = divmod(person_index - people, 2)
            indexes = [group * _GROUP + _STRANGERS + place]
        else:
            indexes = [person_index - people - 2 * self._groups + self._groups * _GROUP]
        return [index for index in indexes if index < self._contacts]

    def _person_of(self, index: int) -> tuple[Identity, int]:
        """Return whose contact this is, and its place in its group."""
        people = self._groups * _PEOPLE
        group, place = divmod(index, _GROUP)
        if group >= self._groups:
            return identity(self._seed, people + 2 * self._groups + index - self._groups * _GROUP), 0
        second_user, second_lead = self._pairs(group)
        if place >= _STRANGERS:
            who = people + 2 * group + place - _STRANGERS
        elif place == _SECOND_USER:
            who = group * _PEOPLE + second_user
        elif place == _SECOND_LEAD:
            who = group * _PEOPLE + second_lead
        else:
            who = group * _PEOPLE + place
        return identity(self._seed, who), place

    def _pairs(self, group: int) -> tuple[int, int]:
        first = random_bits(self._seed, group, _PAIRS) % _PEOPLE
        return first, (first + 5) % _PEOPLE

    def _attributes(self, who: Identity, bits: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        source = self._billing.source_of(who.ordinal)
        if source.system == "Custom":
            made["account_number"] = who.number
        elif bits % 2:
            made["billing_id"] = (
                f" {source.external_id(who.number)} " if bits % 41 == 0 else source.external_id(who.number)
            )
        if bits >> 8 & 3 == 0:
            made["newsletter"] = bool(bits >> 10 & 1)
        if bits >> 11 & 7 == 0:
            made["trial_ends_at"] = 1_750_000_000 + bits % 30_000_000
        if bits >> 16 & 3 == 0:
            made["crm_id"] = f"CRM-{who.number}"
        return made


def _former(bits: int) -> dict[str, Any]:
    """Return what an earlier tool wrote to a stranger who once was a customer: nothing for most."""
    return {"lifetime_value": bits % 90_000 / 100, "customer_status": "Cancelled"} if bits >> 40 & 3 == 0 else {}


def _lead_id(bits: int, who: Identity) -> str:
    """Return a lead's external id: Intercom gives each a UUID."""
    digits = f"{bits:016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-a{digits[13:16]}-{who.number:012d}"


_LISTS: Final = ",".join(
    f'"{name}":{{"type":"list","data":[],"url":"/contacts/%(id)s/{path}","total_count":0,"has_more":false}}'
    for name, path in (
        ("tags", "tags"),
        ("notes", "notes"),
        ("companies", "companies"),
        ("opted_out_subscription_types", "subscriptions"),
        ("opted_in_subscription_types", "subscriptions"),
    )
)
_TEMPLATE: Final = (
    '{"type":"contact","id":"%(id)s","workspace_id":"%(workspace)s","external_id":%(external_id)s,"role":"%(role)s",'
    '"email":%(email)s,"email_domain":%(domain)s,"phone":%(phone)s,"name":%(name)s,"avatar":null,"owner_id":null,'
    '"social_profiles":{"type":"list","data":[]},"has_hard_bounced":false,"marked_email_as_spam":false,'
    '"unsubscribed_from_emails":false,"created_at":%(created)d,"updated_at":%(updated)d,"signed_up_at":%(signed_up)s,'
    '"last_seen_at":null,"last_replied_at":null,"last_contacted_at":null,"last_email_opened_at":null,'
    '"last_email_clicked_at":null,"language_override":null,"browser":null,"browser_version":null,'
    '"browser_language":null,"os":null,"location":{"type":"location","country":null,"region":null,"city":null,'
    '"country_code":null,"continent_code":null},"android_app_name":null,"android_app_version":null,'
    '"android_device":null,"android_os_version":null,"android_sdk_version":null,"android_last_seen_at":null,'
    '"ios_app_name":null,"ios_app_version":null,"ios_device":null,"ios_os_version":null,"ios_sdk_version":null,'
    '"ios_last_seen_at":null,"sms_consent":false,"unsubscribed_from_sms":false,'
    f'{_LISTS},"custom_attributes":%(attributes)s}}'
)
"""A contact's JSON, written out because a scan gives a million of them."""


class ContactForm(NamedTuple):
    """The form in which contacts are given."""

    escapes_html: bool = False
    """Whether texts are escaped for HTML, as recorded answers of Intercom show names (`Phone &amp; SMS`)."""
    iso_dates: bool = False
    """Whether date attributes are given as ISO 8601 and not as unix seconds."""


_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})


def contact_json(contact: SandboxContact, workspace_id: str, attributes: SandboxAttributes, form: ContactForm) -> str:
    """Return the contact as the API gives it.

    Keys are those of Intercom's OpenAPI description (contact). A contact without an address has null there, as recorded
    answers show, though the description does not say so.
    """
    text = _escaped_text if form.escapes_html else _text
    email = contact.email or None
    return _TEMPLATE % {
        "id": contact.id,
        "workspace": workspace_id,
        "external_id": text(contact.external_id),
        "role": contact.role,
        "email": text(email),
        "domain": text((email or "").strip().rpartition("@")[2]),
        "phone": text(contact.phone),
        "name": text(contact.name),
        "created": contact.created_at,
        "updated": contact.updated_at,
        "signed_up": contact.created_at if contact.role == "user" else "null",
        "attributes": json.dumps(_values(contact, attributes, form)) if contact.custom_attributes else "{}",
    }


def _values(contact: SandboxContact, attributes: SandboxAttributes, form: ContactForm) -> dict[str, Any]:
    held = dict(contact.custom_attributes)
    if form.escapes_html:
        held = {name: value.translate(_ESCAPES) if isinstance(value, str) else value for name, value in held.items()}
    if form.iso_dates:
        dates = {each.name for each in attributes if each.custom and each.data_type == "date"}
        held |= {name: utc(held[name]) for name in dates & set(held) if isinstance(held[name], int)}
    return held


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _escaped_text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value.translate(_ESCAPES))
