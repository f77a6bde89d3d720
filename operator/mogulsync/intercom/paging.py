"""Pages of Intercom's contacts: following cursors, without loops."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from mogulsync.intercom import parsing
from mogulsync.intercom.models import Contact
from mogulsync.transport.client import JsonResponse, MalformedResponseError


class ContactPage:
    """One page of contacts, and how many there are in all.

    Args:
        entries: The contacts as JSON values, each with an id.
        keep: The custom attributes to keep.
        total_count: Contacts in the whole list or answer; None when Intercom does not say.
    """

    def __init__(self, entries: Sequence[Mapping[str, Any]], *, keep: frozenset[str], total_count: int | None) -> None:
        self.total_count = total_count
        self._entries = entries
        self._keep = keep

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def ids(self) -> set[str]:
        """The ids of the contacts, without parsing them."""
        return {contact_id for entry in self._entries if (contact_id := parsing.contact_id(entry)) is not None}

    @cached_property
    def contacts(self) -> list[Contact]:
        """The contacts. They are parsed when first read, when the request for the next page is already sent."""
        read = (parsing.contact(entry, self._keep) for entry in self._entries)
        return [contact for contact in read if contact is not None]


class ContactPageReader:
    """Reads one list's pages. Give it each answer in turn.

    Args:
        keep: The custom attributes to keep of each contact.
    """

    def __init__(self, keep: frozenset[str]) -> None:
        self.unreadable = 0
        """Entries of the last page that have no id and are left out."""
        self._keep = keep
        self._cursors: set[int] = set()

    def read(self, body: JsonResponse) -> tuple[ContactPage, str | None]:
        """Return a page and the cursor of the next one.

        Raises:
            MalformedError: It is no page, or its cursor leads back to a page already read.
        """
        listed = parsing.listed(body.data)
        cursor = parsing.next_cursor(body.data)
        if cursor is not None:
            mark = hash(cursor)
            if mark in self._cursors:
                raise MalformedResponseError("its cursor leads back")
            self._cursors.add(mark)
        entries = [entry for entry in listed if parsing.contact_id(entry) is not None]
        self.unreadable = len(listed) - len(entries)
        return ContactPage(entries, keep=self._keep, total_count=parsing.total_count(body.data)), cursor
