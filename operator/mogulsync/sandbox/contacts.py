"""The made-up Intercom contacts: who they are, and how the API tells them.

Contacts come in groups of twenty, which hold the sixteen people of a group (a contact each), a second user
with the address of one of them, a lead with the address of another, and two strangers. Past the customers'
groups there are only strangers. So the person of a contact, and the contacts of a person, are a matter of
arithmetic.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mogulsync.sandbox.chance import draw
from mogulsync.sandbox.customers import Billing
from mogulsync.sandbox.identifiers import contact_id
from mogulsync.sandbox.people import Person, person

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


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact, lead or user."""

    id: str
    role: str = "user"
    email: str | None = None
    external_id: str | None = None
    name: str | None = None
    phone: str | None = None
    created_at: int = _FIRST_SEEN
    updated_at: int = _FIRST_SEEN
    custom_attributes: Mapping[str, Any] = field(default_factory=dict)


class Workspace:
    """What the contacts of one account are made of."""

    def __init__(self, billing: Billing, *, customers: int, contacts: int) -> None:
        self._billing = billing
        self._seed = billing.seed
        self._groups = -(-customers // _PEOPLE)
        self._contacts = contacts

    def contact(self, index: int) -> Contact:
        """Return the contact at this index."""
        who, place = self._person_of(index)
        if place == _SECOND_USER:
            return self._make(index, who, role="user", email=who.email, external_id=f"alt-{who.number}")
        if place == _SECOND_LEAD:
            return self._make(index, who, role="lead", email=who.email, external_id=_lead_id(self._seed, who))
        chance = draw(self._seed, index, _ABOUT)
        is_lead = chance % 7 == 0
        external_id = _lead_id(self._seed, who) if is_lead else self._external_id(who, chance)
        email = _email(who, (chance >> 8) % 100)
        return self._make(index, who, role="lead" if is_lead else "user", email=email, external_id=external_id)

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

    def _person_of(self, index: int) -> tuple[Person, int]:
        """Return whose contact this is, and its place in its group."""
        people = self._groups * _PEOPLE
        group, place = divmod(index, _GROUP)
        if group >= self._groups:
            return person(self._seed, people + 2 * self._groups + index - self._groups * _GROUP), 0
        second_user, second_lead = self._pairs(group)
        if place >= _STRANGERS:
            who = people + 2 * group + place - _STRANGERS
        elif place == _SECOND_USER:
            who = group * _PEOPLE + second_user
        elif place == _SECOND_LEAD:
            who = group * _PEOPLE + second_lead
        else:
            who = group * _PEOPLE + place
        return person(self._seed, who), place

    def _pairs(self, group: int) -> tuple[int, int]:
        first = draw(self._seed, group, _PAIRS) % _PEOPLE
        return first, (first + 5) % _PEOPLE

    def _external_id(self, who: Person, chance: int) -> str:
        """Return the billing system's id for some, the product's own for the others."""
        if (chance >> 16) % 3 == 0:
            return self._billing.source_of(who.index).external_id(who.number)
        return f"user-{who.number}"

    def _make(self, index: int, who: Person, *, role: str, email: str | None, external_id: str) -> Contact:
        chance = draw(self._seed, index, _ABOUT)
        created = _FIRST_SEEN + chance % 150_000_000
        return Contact(
            id=contact_id(self._seed, index),
            role=role,
            email=email,
            external_id=external_id,
            name=None if role == "lead" and chance >> 20 & 1 else who.name,
            created_at=created,
            updated_at=created,
            custom_attributes=self._attributes(who, chance >> 24),
        )

    def _attributes(self, who: Person, chance: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        source = self._billing.source_of(who.index)
        if source.system == "Custom":
            made["account_number"] = who.number
        elif chance % 2:
            made["billing_id"] = (
                f" {source.external_id(who.number)} " if chance % 41 == 0 else source.external_id(who.number)
            )
        if chance >> 8 & 3 == 0:
            made["newsletter"] = bool(chance >> 10 & 1)
        if chance >> 11 & 7 == 0:
            made["trial_ends_at"] = 1_750_000_000 + chance % 30_000_000
        return made


def _lead_id(seed: int, who: Person) -> str:
    """Return a lead's external id: Intercom gives each a UUID."""
    chance = f"{draw(seed, who.number, _PAIRS):016x}"
    return f"{chance[:8]}-{chance[8:12]}-4{chance[12:15]}-a{chance[13:16]}-{who.number:012d}"


def _email(who: Person, chance: int) -> str | None:
    """Return the address as it came in: mostly right, at times missing or odd."""
    if chance < 2:  # noqa: PLR2004 - shares of a hundred, told apart right here
        return None
    if chance < 6:  # noqa: PLR2004 - as above
        return who.email.title()
    if chance < 7:  # noqa: PLR2004 - as above
        return f" {who.email}"
    return who.email


_TAIL: Final = (
    '"avatar":null,"owner_id":null,"social_profiles":{"type":"list","data":[]},"has_hard_bounced":false,'
    '"marked_email_as_spam":false,"unsubscribed_from_emails":false,"last_seen_at":null,"last_replied_at":null,'
    '"last_contacted_at":null,"last_email_opened_at":null,"last_email_clicked_at":null,"language_override":null,'
    '"browser":null,"browser_version":null,"browser_language":null,"os":null,"location":{"type":"location",'
    '"country":null,"region":null,"city":null,"country_code":null,"continent_code":null},"android_app_name":null,'
    '"android_app_version":null,"android_device":null,"android_os_version":null,"android_sdk_version":null,'
    '"android_last_seen_at":null,"ios_app_name":null,"ios_app_version":null,"ios_device":null,"ios_os_version":null,'
    '"ios_sdk_version":null,"ios_last_seen_at":null,"sms_consent":false,"unsubscribed_from_sms":false,'
)
"""What is the same in every contact here; written out because a scan tells it a million times."""


def contact_json(contact: Contact, workspace_id: str) -> str:
    """Return the contact as the API tells it (Intercom's OpenAPI description: contact).

    That description allows no null address, so a contact without one tells a blank.
    """
    text = json.dumps
    email = contact.email or ""
    lists = ",".join(
        f'"{name}":{{"type":"list","data":[],"url":"/contacts/{contact.id}/{path}","total_count":0,"has_more":false}}'
        for name, path in (
            ("tags", "tags"),
            ("notes", "notes"),
            ("companies", "companies"),
            ("opted_out_subscription_types", "subscriptions"),
            ("opted_in_subscription_types", "subscriptions"),
        )
    )
    return (
        f'{{"type":"contact","id":"{contact.id}","workspace_id":"{workspace_id}","role":"{contact.role}",'
        f'"external_id":{text(contact.external_id)},"email":{text(email)},'
        f'"email_domain":{text(email.strip().rpartition("@")[2])},"name":{text(contact.name)},'
        f'"phone":{text(contact.phone)},"created_at":{contact.created_at},"updated_at":{contact.updated_at},'
        f'"signed_up_at":{contact.created_at if contact.role == "user" else "null"},{_TAIL}{lists},'
        f'"custom_attributes":{text(dict(contact.custom_attributes))}}}'
    )
