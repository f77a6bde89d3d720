"""In which order contacts are read and looked at; what is read is the business of tests/http/sync."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, cast

import pytest

from mogulsync.intercom.paging import ContactPage
from mogulsync.sync.contacts import ContactReader
from mogulsync.sync.progress import Progress
from mogulsync.sync.readplan import Search, Searches


class FourPages:
    """An Intercom with four pages of one contact, which notes when each is asked for and looked at."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    async def scan(self, *, keep: frozenset[str]) -> AsyncGenerator[ContactPage]:
        for number in range(4):
            self.notes.append(f"{number} asked for")
            yield ContactPage(Entries(number, self.notes), keep=keep, total_count=4)


class Entries(list[dict[str, Any]]):
    """What a page holds, as JSON."""

    def __init__(self, number: int, notes: list[str]) -> None:
        super().__init__([{"id": str(number)}])
        self._number = number
        self._notes = notes

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._notes.append(f"{self._number} looked at")
        return super().__iter__()


def reader_of(intercom: FourPages) -> ContactReader:
    searches = Searches((Search("email", ["ada@example.com"]),), None)
    return ContactReader(cast("Any", intercom), searches, keep=frozenset(), progress=Progress())


async def test_the_next_page_is_asked_for_before_the_contacts_of_this_one_are_made() -> None:
    intercom = FourPages()
    ids = [contact.id async for page in reader_of(intercom).pages("Scan") for contact in page]
    assert ids == ["0", "1", "2", "3"]
    assert intercom.notes == [
        "0 asked for", "1 asked for", "0 looked at", "2 asked for", "1 looked at",
        "3 asked for", "2 looked at", "3 looked at",
    ]  # fmt: skip


async def test_two_pages_are_read_ahead_and_no_more() -> None:
    intercom = FourPages()
    async with aclosing(reader_of(intercom).pages("Scan")) as pages:
        await anext(pages)
        await asyncio.sleep(0.01)
        assert intercom.notes == ["0 asked for", "1 asked for", "0 looked at", "2 asked for"]


async def test_an_error_comes_after_the_pages_before_it() -> None:
    class Fails(FourPages):
        async def scan(self, *, keep: frozenset[str]) -> AsyncGenerator[ContactPage]:
            async for page in super().scan(keep=keep):
                yield page
                if "2 asked for" in self.notes:
                    raise LookupError

    async with aclosing(reader_of(Fails()).pages("Scan")) as pages:
        assert [(await anext(pages))[0].id for _ in range(3)] == ["0", "1", "2"]
        with pytest.raises(LookupError):
            await anext(pages)
