"""Clearing: contacts that no customer matches and that hold values of fields (spec.unmatchedContacts: Clear)."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from mogulsync.intercom.models import Contact
from mogulsync.sync.differences import is_empty
from mogulsync.sync.fields import Field
from mogulsync.sync.keys import Keys
from mogulsync.sync.settings import CLEARS_KEPT_AT_LEAST


class ClearCandidates:
    """The contacts to clear, as far as contacts have been read.

    Args:
        fields: The fields that may be written.
        keys: How customers are matched.
        other_keys: Keys of customers that the run leaves out; contacts that these match are not cleared.
    """

    def __init__(self, fields: Sequence[Field], keys: Keys, other_keys: AbstractSet[str]) -> None:
        self._fields = tuple(fields)
        self._keys = keys
        self._other_keys = other_keys
        self._found: dict[str, tuple[Field, ...]] = {}
        self._uncollected = 0
        self._collecting = True
        self._same: dict[tuple[Field, ...], tuple[Field, ...]] = {}

    def see(self, contact: Contact) -> bool:
        """Record a contact that no chosen customer matches; return whether it is one to clear."""
        held = tuple(field for field in self._fields if not is_empty(contact.attributes.get(field.attribute)))
        if not held or not self._other_keys.isdisjoint(self._keys.of_contact(contact)):
            return False
        if not self._collecting:
            self._uncollected += 1
            return True
        # Contacts hold the same few sets of fields, so that one more costs little but its id.
        self._found[contact.id] = self._same.setdefault(held, held)
        return True

    def drop(self, contact_id: str) -> None:
        """Take out a contact that was changed while contacts were read, so that a customer matches it after all."""
        self._found.pop(contact_id, None)

    @property
    def collected(self) -> bool:
        """Whether the ids of all candidates are kept."""
        return self._collecting

    def limit(self, contact_count: int | None) -> None:
        """Keep no more ids, and only count on, once more than half of all contacts are candidates.

        They are more than can match then, so that none will be cleared, and memory stays bounded by what is changed.

        Args:
            contact_count: Contacts in the whole workspace; None when Intercom does not say.
        """
        if contact_count is not None and 2 * len(self._found) > max(contact_count, CLEARS_KEPT_AT_LEAST):
            self._uncollected += len(self._found)
            self._found.clear()
            self._collecting = False

    def __len__(self) -> int:
        return len(self._found) + self._uncollected

    def clears(self, refused: AbstractSet[str]) -> Iterator[tuple[str, tuple[Field, ...]]]:
        """Yield each contact's id with the fields to clear, but for refused attributes."""
        for contact_id, held in self._found.items():
            left = tuple(field for field in held if field.attribute not in refused)
            if left:
                yield contact_id, left
