"""Pages of Intercom's contacts: following cursors, without loops, to the end."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

from mogulsync.intercom import parsing
from mogulsync.intercom.models import Contact
from mogulsync.transport.client import JsonResponse, MalformedResponseError
from mogulsync.transport.page_trail import PageTrail

PAGE_SIZE: Final = 150
"""Contacts a page, the most that Intercom gives."""

_TOLERANCE: Final = 0.05
"""The share of a scan's contacts that may be missing where only `total_count` says so, as it changes meanwhile."""


class ContactPage:
    """One page of contacts, and how many there are in all.

    Args:
        entries: The contacts as JSON values, each with an id.
        keep: The custom attributes to keep.
        total_count: Contacts in the whole list or answer; None when Intercom does not say.
    """

    def __init__(self, entries: Sequence[Mapping[str, Any]], *, keep: frozenset[str], total_count: int | None) -> None:
        self.total_count = total_count
        self.lacks_next = False
        """Whether it names no next page though it counts pages after it."""
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

    Of a scan, a page that names no next one is malformed where it says itself that contacts are left:

    - It counts pages after it, and `total_count`, where given, more contacts than were listed.
    - Over a twentieth of `total_count` was not listed, and the page does not look like the last: it is full, holds no
      contact that is new, or says nothing of pages at all.

    Contacts may be made and deleted while a scan runs, so of either count the lowest that any of its pages gave holds.

    Args:
        keep: The custom attributes to keep of each contact.
        scan: Whether all contacts are listed.
    """

    def __init__(self, keep: frozenset[str], *, scan: bool = False) -> None:
        self.unreadable = 0
        """Entries of the last page that have no id and are left out."""
        self._keep = keep
        self._scan = scan
        self._trail = PageTrail()
        self._extent = _Extent()

    def read(self, body: JsonResponse) -> tuple[ContactPage, str | None]:
        """Return a page and the cursor of the next one.

        Raises:
            MalformedError: It is no page, its cursor leads back to a page already read or, after pages that brought
                nothing new, nowhere, or it ends a scan too early.
        """
        listed = parsing.listed(body.data)
        cursor = parsing.next_cursor(body.data)
        entries = [entry for entry in listed if parsing.contact_id(entry) is not None]
        unreadable = len(listed) - len(entries)
        page = ContactPage(entries, keep=self._keep, total_count=parsing.total_count(body.data))
        new = self._trail.new(page.ids)
        extent = self._extent.after(body.data, new=len(new), unreadable=unreadable)
        if cursor is None:
            page.lacks_next = extent.counts_further_pages
            looks_ended = bool(new) and len(listed) < PAGE_SIZE and isinstance(body.data.get("pages"), dict)
            if self._scan and extent.lacks_contacts(looks_ended=looks_ended):
                raise MalformedResponseError("it names no next page but counts more contacts")
        else:
            self._trail.follow(cursor, new)
        self._extent = extent
        self.unreadable = unreadable
        return page, cursor


class _Extent(NamedTuple):
    """How much of a list was read, and the lowest counts of the whole that its pages gave."""

    contacts: int = 0
    pages: int = 0
    total_contacts: int | None = None
    total_pages: int | None = None

    def after(self, data: dict[str, Any], *, new: int, unreadable: int) -> "_Extent":
        """Return the extent after another page with so many new contacts, and so many that have no id."""
        return _Extent(
            self.contacts + new + unreadable,
            max(self.pages + 1, parsing.page_number(data) or 0),
            _lowest(self.total_contacts, parsing.total_count(data)),
            _lowest(self.total_pages, parsing.total_pages(data)),
        )

    @property
    def counts_further_pages(self) -> bool:
        return self.total_pages is not None and self.pages < self.total_pages

    def lacks_contacts(self, *, looks_ended: bool) -> bool:
        """Return whether a scan that ends here lacks contacts, by the rule of `ContactPageReader`."""
        if self.total_contacts is None:
            return self.counts_further_pages
        if self.counts_further_pages:
            return self.contacts < self.total_contacts
        return not looks_ended and self.contacts < self.total_contacts * (1 - _TOLERANCE)


def _lowest(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
