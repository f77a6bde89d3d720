from typing import Any

import pytest

from mogulsync.resource.sources import Source
from mogulsync.sync.clearing import ClearCandidates
from mogulsync.sync.keys import EmailKeys
from tests.support.builders import contact, field, fields

MRR, STATUS = field(Source.MRR), field(Source.CUSTOMER_STATUS)


def candidates(*other_keys: str) -> ClearCandidates:
    return ClearCandidates(fields(Source.MRR, Source.CUSTOMER_STATUS), EmailKeys(), frozenset(other_keys))


@pytest.mark.parametrize(
    ("values", "held"),
    [
        ({"chartmogul_mrr": 5}, (MRR,)),
        ({"chartmogul_mrr": 0}, (MRR,)),
        ({"chartmogul_mrr": 5, "chartmogul_status": "Active"}, (MRR, STATUS)),
        ({"chartmogul_mrr": None, "chartmogul_status": ""}, ()),
        ({"newsletter": True}, ()),
        ({}, ()),
    ],
)
def test_a_contact_is_cleared_of_the_values_that_it_holds(values: dict[str, Any], held: tuple[Any, ...]) -> None:
    found = candidates()
    assert found.see(contact("c1", **values)) is bool(held)
    assert list(found.clears(frozenset())) == ([("c1", held)] if held else [])


def test_contacts_of_customers_that_are_left_out_are_none_to_clear() -> None:
    found = candidates("other@example.com")
    assert not found.see(contact("c1", email=" Other@example.com", chartmogul_mrr=5))
    assert found.see(contact("c2", email="gone@example.com", chartmogul_mrr=5))
    assert len(found) == 1


def test_a_contact_that_comes_twice_counts_once_and_may_be_dropped() -> None:
    found = candidates()
    for _ in range(2):
        found.see(contact("c1", chartmogul_mrr=5))
    assert len(found) == 1
    found.drop("c1")
    found.drop("unknown")
    assert len(found) == 0


def test_refused_attributes_are_left_out() -> None:
    found = candidates()
    found.see(contact("c1", chartmogul_mrr=5, chartmogul_status="Active"))
    found.see(contact("c2", chartmogul_mrr=5))
    assert list(found.clears(frozenset({"chartmogul_mrr"}))) == [("c1", (STATUS,))]


def test_ids_of_more_than_half_of_all_contacts_are_not_kept_but_counted() -> None:
    found = candidates()
    for number in range(12_000):
        found.see(contact(f"c{number}", chartmogul_mrr=5))
    found.limit(None)
    found.limit(30_000)
    assert len(list(found.clears(frozenset()))) == 12_000
    found.limit(22_000)
    found.see(contact("one more", chartmogul_mrr=5))
    assert not found.collected
    assert len(found) == 12_001
    assert list(found.clears(frozenset())) == []


def test_a_small_workspace_keeps_all_ids() -> None:
    found = candidates()
    for number in range(100):
        found.see(contact(f"c{number}", chartmogul_mrr=5))
    found.limit(100)
    assert found.collected
