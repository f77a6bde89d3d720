"""Made-up people: names and addresses. Everybody's number is part of everything that identifies them.

That number is what makes the account cheap: whoever holds an address or an external id can tell from it
which contacts and customers it may belong to, without an index of them all.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from mogulsync.sandbox.chance import draw

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
_NUMBER: Final = re.compile(r"([0-9]+)(?:@|$)")
_MOST_DIGITS: Final = 15
_PURPOSE: Final = 1


class Person(NamedTuple):
    """Somebody who may be a customer, a contact, or both."""

    ordinal: int
    """Place among all people, counted from 0."""
    number: int
    name: str
    company: str
    email: str
    """In lower case, without blanks around it."""


@lru_cache(maxsize=256)
def person(seed: int, index: int) -> Person:
    """Return the person at this index, counted from 0."""
    chance = draw(seed, index, _PURPOSE)
    number = FIRST_NUMBER + index
    given, plain_given = _GIVEN[chance % len(_GIVEN)]
    family, plain_family = _FAMILY[(chance >> 8) % len(_FAMILY)]
    company = _COMPANIES[(chance >> 16) % len(_COMPANIES)]
    domain = _DOMAINS[(chance >> 24) % len(_DOMAINS)]
    has_local_letters = (chance >> 32) % 64 == 0
    local = given.lower() if has_local_letters else f"{plain_given}.{plain_family}"
    return Person(index, number, f"{given} {family}", company, f"{local}{number}@{company.lower()}.{domain}")


def person_index(key: object) -> int | None:
    """Return the index of the person whose address, external id or number this may be, or None."""
    found = _NUMBER.search(str(key).strip())
    if not found or len(found[1]) > _MOST_DIGITS:
        return None
    index = int(found[1]) - FIRST_NUMBER
    return index if index >= 0 else None
