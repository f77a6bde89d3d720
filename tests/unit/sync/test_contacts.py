"""In which order contacts are read and looked at; what is read is the business of tests/http/sync."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any, cast

from mogulsync.intercom.pages import ContactPage
from mogulsync.sync.contacts import ContactReader
from mogulsync.sync.progress import Progress
from mogulsync.sync.readplan import Search, Searches


class ThreePages:
    """An Intercom with three pages of one contact, which notes when each is asked for and looked at."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    async def scan(self, *, keep: frozenset[str]) -> AsyncGenerator[ContactPage]:
        for number in range(3):
            self.notes.append(f"{number} asked for")
            yield ContactPage(Entries(number, self.notes), keep=keep, total_count=3)


class Entries(list[dict[str, Any]]):
    """What a page holds, as JSON."""

    def __init__(self, number: int, notes: list[str]) -> None:
        super().__init__([{"id": str(number)}])
        self._note = lambda: notes.append(f"{number} looked at")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._note()
        return super().__iter__()


async def test_the_next_page_is_asked_for_before_the_contacts_of_this_one_are_made() -> None:
    intercom = ThreePages()
    searches = Searches((Search("email", ["ada@example.com"]),), None)
    reader = ContactReader(cast("Any", intercom), searches, keep=frozenset(), progress=Progress())
    ids = [contact.id async for page in reader.pages("Scan") for contact in page]
    assert ids == ["0", "1", "2"]
    assert intercom.notes == [
        "0 asked for", "1 asked for", "0 looked at", "2 asked for", "1 looked at", "2 looked at",
    ]  # fmt: skip
