"""Generated people and ids. Every id, address and external id carries the index of its record.

So a lookup by any of them is arithmetic: no index of a million contacts is built or kept.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mogulsync.sandbox.generated import random_bits

FIRST_NUMBER: Final = 1001
"""The number of the first person."""

_GIVEN: Final = (
    ("Amara", "amara"), ("Björn", "bjorn"), ("Chloé", "chloe"), ("Dmitri", "dmitri"), ("Elif", "elif"),
    ("Farid", "farid"), ("Grace", "grace"), ("Hana", "hana"), ("Ines", "ines"), ("José", "jose"),
    ("Kwame", "kwame"), ("Łucja", "lucja"), ("Mei", "mei"), ("Noor", "noor"), ("Ørjan", "orjan"),
    ("Priya", "priya"), ("Quentin", "quentin"), ("Rosa", "rosa"), ("Søren", "soren"), ("Tomás", "tomas"),
    ("Uma", "uma"), ("Viktor", "viktor"), ("Wren", "wren"), ("Ximena", "ximena"), ("Yusuf", "yusuf"), ("Zoë", "zoe"),
)  # fmt: skip
_FAMILY: Final = (
    ("Abara", "abara"), ("Bergström", "bergstrom"), ("Castillo", "castillo"), ("D'Amico", "damico"), ("Eze", "eze"),
    ("Fischer", "fischer"), ("García", "garcia"), ("Haddad", "haddad"), ("Ito", "ito"), ("Jansen", "jansen"),
    ("Kowalczyk", "kowalczyk"), ("Lindqvist", "lindqvist"), ("Müller", "muller"), ("Nakamura", "nakamura"),
    ("O'Brien", "obrien"), ("Park", "park"), ("Quiroga", "quiroga"), ("Rossi", "rossi"), ("Şahin", "sahin"),
    ("Tanaka", "tanaka"), ("Urquhart", "urquhart"), ("Vega", "vega"), ("Wójcik", "wojcik"), ("Zhou", "zhou"),
)  # fmt: skip
_COMPANIES: Final = (
    "Alder", "Birchwood", "Copperfield", "Driftwood", "Evergreen", "Foxglove", "Granite", "Harbour", "Ironwood",
    "Juniper", "Kestrel", "Lantern", "Meadow", "Nightjar", "Orchard", "Pebble", "Quarry", "Rowan", "Saltmarsh",
)  # fmt: skip
_DOMAINS: Final = ("example.com", "example.org", "example.net")
_CONTACT_ID_LENGTH: Final = 24
_INDEX_DIGITS: Final = 12
_NUMBER: Final = re.compile(r"([0-9]+)(?:@|$)")
_MOST_DIGITS: Final = 15
_IDENTITY: Final = 1
_CONTACT_ID: Final = 2


class Identity(NamedTuple):
    """A person who may be a customer, a contact, or both."""

    ordinal: int
    """Place among all people, counted from 0."""
    number: int
    name: str
    company: str
    email: str
    """In lower case, without blanks around it."""


@lru_cache(maxsize=256)
def identity(seed: int, index: int) -> Identity:
    """Return the person at this index, counted from 0."""
    bits = random_bits(seed, index, _IDENTITY)
    number = FIRST_NUMBER + index
    given, plain_given = _GIVEN[bits % len(_GIVEN)]
    family, plain_family = _FAMILY[(bits >> 8) % len(_FAMILY)]
    company = _COMPANIES[(bits >> 16) % len(_COMPANIES)]
    domain = _DOMAINS[(bits >> 24) % len(_DOMAINS)]
    has_local_letters = (bits >> 32) % 64 == 0
    local = given.lower() if has_local_letters else f"{plain_given}.{plain_family}"
    return Identity(index, number, f"{given} {family}", company, f"{local}{number}@{company.lower()}.{domain}")


def identity_index(key: object) -> int | None:
    """Return the index of the person whose address, external id or number this may be, or None."""
    found = _NUMBER.search(str(key).strip())
    if not found or len(found[1]) > _MOST_DIGITS:
        return None
    index = int(found[1]) - FIRST_NUMBER
    return index if index >= 0 else None


def contact_id(seed: int, index: int) -> str:
    """Return an id of Intercom's form for the contact at this index: 24 hexadecimal digits."""
    prefix = 0x64000000 + random_bits(seed, index, _CONTACT_ID) % 0x2000000
    return f"{prefix:08x}{seed & 0xFFFF:04x}{index:0{_INDEX_DIGITS}x}"


def contact_index(seed: int, identifier: str) -> int | None:
    """Return the index that a contact's id carries, or None where it is no id of this account."""
    index = _carried_index(identifier) if len(identifier) == _CONTACT_ID_LENGTH else None
    return index if index is not None and contact_id(seed, index) == identifier else None


@lru_cache(maxsize=256)
def chartmogul_uuid(prefix: str, seed: int, index: int) -> str:
    """Return a uuid of ChartMogul's form: a prefix that names the kind, such as `cus`, and a UUID."""
    stream = sum(ord(letter) << (8 * place) for place, letter in enumerate(prefix))
    bits = f"{random_bits(seed, index, stream):016x}"
    return f"{prefix}_{bits[:8]}-{bits[8:12]}-4{bits[12:15]}-8{bits[13:16]}-{index:0{_INDEX_DIGITS}x}"


def chartmogul_index(prefix: str, seed: int, uuid: str) -> int | None:
    """Return the index that a ChartMogul uuid carries, or None where it is not of this kind or account."""
    index = _carried_index(uuid)
    return index if index is not None and chartmogul_uuid(prefix, seed, index) == uuid else None


def _carried_index(identifier: str) -> int | None:
    try:
        return int(identifier[-_INDEX_DIGITS:], 16)
    except ValueError:
        return None
