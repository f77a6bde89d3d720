"""Ids that look like the real ones and carry the index of their record."""

from functools import lru_cache
from typing import Final

from mogulsync.sandbox.chance import draw

_CONTACT_LENGTH: Final = 24
_INDEX_DIGITS: Final = 12
_PURPOSE: Final = 2


def contact_id(seed: int, index: int) -> str:
    """Return Intercom's kind of id for a contact: 24 hexadecimal digits."""
    return f"{0x64000000 + draw(seed, index, _PURPOSE) % 0x2000000:08x}{seed & 0xFFFF:04x}{index:0{_INDEX_DIGITS}x}"


def contact_index(seed: int, identifier: str) -> int | None:
    """Return the index that a contact's id carries, or None where it is no id of this account."""
    index = _index(identifier) if len(identifier) == _CONTACT_LENGTH else None
    return index if index is not None and contact_id(seed, index) == identifier else None


@lru_cache(maxsize=256)
def chartmogul_uuid(prefix: str, seed: int, index: int) -> str:
    """Return ChartMogul's kind of uuid: a prefix that tells what it is of, such as `cus`, and a UUID."""
    kind = sum(ord(letter) << (8 * place) for place, letter in enumerate(prefix))
    chance = f"{draw(seed, index, kind):016x}"
    return f"{prefix}_{chance[:8]}-{chance[8:12]}-4{chance[12:15]}-8{chance[13:16]}-{index:0{_INDEX_DIGITS}x}"


def chartmogul_index(prefix: str, seed: int, uuid: str) -> int | None:
    """Return the index that a ChartMogul uuid carries, or None where it is not of this kind or account."""
    index = _index(uuid)
    return index if index is not None and chartmogul_uuid(prefix, seed, index) == uuid else None


def _index(identifier: str) -> int | None:
    try:
        return int(identifier[-_INDEX_DIGITS:], 16)
    except ValueError:
        return None
