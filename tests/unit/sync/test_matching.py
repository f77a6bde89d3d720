import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mogulsync.chartmogul.models import Customer
from mogulsync.intercom.models import Contact
from mogulsync.resource.report import Customers
from mogulsync.sync.keys import EmailKeys, IdKeys, external_ids
from mogulsync.sync.matching import UNMATCHED, Match, Matcher, Skip, UpdateAll, customer_counts, precedence
from tests.support.builders import contact, customer

Way = type[UpdateAll] | type[Skip]

IDS = IdKeys(["external_id", "other"], external_ids)


def decide(matcher: Matcher, contacts: list[Contact]) -> dict[str, str]:
    """Return each matched contact's id with the uuid of the customer whose data it takes."""
    seen = [match for each in contacts if isinstance(match := matcher.see(each), Match)]
    return {match.contact.id: match.customer.uuid for match in [*seen, *matcher.rest()]}


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (customer("z", status="Active"), customer("a", status="Past Due", mrr=9e9)),
        (customer("z", status="Past Due"), customer("a", status="Cancelled", mrr=9e9)),
        (customer("z", status="Cancelled"), customer("a", status="New Lead", mrr=9e9)),
        (customer("z", status="past_due"), customer("a", status="Cancelled", mrr=9e9)),
        (customer("a", status="Qualified Lead"), customer("z", status="never heard of")),
        (customer("a", status=None), customer("z", status="Working Lead")),
        (customer("z", mrr=200.0), customer("a", mrr=100.0, customer_since=9)),
        (customer("z", mrr=0.0), customer("a", mrr=None)),
        (customer("z", mrr=1.0, customer_since=2), customer("a", mrr=1.0, customer_since=1)),
        (customer("z", mrr=1.0, customer_since=1), customer("a", mrr=1.0, customer_since=None)),
        (customer("a"), customer("b")),
    ],
)
def test_a_shared_contact_goes_to_status_then_mrr_then_later_start_then_smaller_uuid(
    better: Customer, worse: Customer
) -> None:
    assert precedence(better) < precedence(worse)


@pytest.mark.parametrize("way", [UpdateAll, Skip])
def test_each_customer_counts_once(way: Way) -> None:
    customers = [
        customer("matched", email="a@x.io"),
        customer("unmatched", email="nobody@x.io"),
        customer("unmatchable"),
        customer("winner", email="shared@x.io", mrr=2.0),
        customer("loser", email="shared@x.io", mrr=1.0),
    ]
    matcher = way(customers, EmailKeys())
    assert decide(matcher, [contact("1", email="A@x.io"), contact("2", email="shared@x.io")]) == {
        "1": "matched",
        "2": "winner",
    }
    assert customer_counts(matcher) == Customers(total=5, matched=2, unmatched=1, unmatchable=1, conflicts=1)
    assert matcher.contact_count == 2


def test_update_all_gives_every_contact_the_data() -> None:
    matcher = UpdateAll([customer("one", email="a@x.io")], EmailKeys())
    assert decide(matcher, [contact("1", email="a@x.io"), contact("2", email="a@x.io")]) == {"1": "one", "2": "one"}
    assert customer_counts(matcher) == Customers(total=1, matched=1)


def test_a_loser_with_a_contact_of_its_own_is_matched() -> None:
    customers = [
        customer("winner", external_ids=("1",), mrr=2.0),
        customer("loser", external_ids=("1", "2"), mrr=1.0),
    ]
    matcher = UpdateAll(customers, IDS)
    assert decide(matcher, [contact("a", external_id="1"), contact("b", external_id="2")]) == {
        "a": "winner",
        "b": "loser",
    }
    assert customer_counts(matcher) == Customers(total=2, matched=2)


def test_skip_leaves_out_a_customer_of_several_contacts() -> None:
    matcher = Skip([customer("one", email="a@x.io")], EmailKeys())
    assert decide(matcher, [contact("1", email="a@x.io"), contact("2", email="a@x.io")]) == {}
    assert customer_counts(matcher) == Customers(total=1, ambiguous=1)
    assert matcher.contact_count == 0


def test_skip_counts_contacts_before_conflicts_are_settled_and_gives_the_contact_to_the_best_of_the_others() -> None:
    customers = [
        customer("skipped", external_ids=("1", "2"), mrr=9.0),
        customer("other", external_ids=("1",), mrr=1.0),
        customer("third", external_ids=("1",), mrr=0.5),
    ]
    matcher = Skip(customers, IDS)
    assert decide(matcher, [contact("a", external_id="1"), contact("b", external_id="2")]) == {"a": "other"}
    assert customer_counts(matcher) == Customers(total=3, matched=1, ambiguous=1, conflicts=1)
    assert matcher.contact_count == 1


@pytest.mark.parametrize("way", [UpdateAll, Skip])
def test_a_contact_that_comes_twice_counts_once(way: Way) -> None:
    matcher = way([customer("one", email="a@x.io")], EmailKeys())
    assert decide(matcher, [contact("1", email="a@x.io")] * 3) == {"1": "one"}
    assert customer_counts(matcher) == Customers(total=1, matched=1)
    assert matcher.contact_count == 1


@pytest.mark.parametrize("way", [UpdateAll, Skip])
def test_a_contact_that_matches_by_two_attributes_counts_once(way: Way) -> None:
    matcher = way([customer("one", external_ids=("1", "2"))], IDS)
    assert decide(matcher, [contact("a", external_id="1", other=2.0)]) == {"a": "one"}
    assert matcher.contact_count == 1


def test_nothing_is_kept_of_contacts_that_match_nobody() -> None:
    matcher = Skip([customer("one", email="a@x.io")], EmailKeys())
    for number in range(100):
        matcher.see(contact(str(number), email=f"{number}@x.io"))
        matcher.see(contact(f"b{number}", email="a@x.io"))
    assert not matcher._waiting


KEYS = st.sampled_from("abcde")
CUSTOMERS = st.lists(
    st.builds(
        customer,
        uuid=st.uuids().map(str),
        external_ids=st.lists(KEYS, max_size=3, unique=True).map(tuple),
        status=st.sampled_from(["Active", "Past Due", "Cancelled", "New Lead", None]),
        mrr=st.sampled_from([None, 0.0, 1.0, 2.0]),
        customer_since=st.sampled_from([None, 1, 2]),
    ),
    max_size=6,
    unique_by=lambda each: each.uuid,
)
CONTACTS = st.lists(
    st.builds(
        lambda number, own, other: contact(f"c{number}", external_id=own, other=other),
        st.integers(0, 10_000),
        st.none() | KEYS,
        st.none() | KEYS,
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)


@pytest.mark.parametrize("way", [UpdateAll, Skip])
@given(customers=CUSTOMERS, contacts=CONTACTS, shuffle=st.randoms())
def test_the_order_of_customers_and_contacts_and_repeats_change_nothing(
    way: Way, customers: list[Customer], contacts: list[Contact], shuffle: random.Random
) -> None:
    first = way(customers, IDS)
    expected = decide(first, contacts)
    again = [*contacts, *shuffle.sample(contacts, len(contacts) // 2)]
    shuffle.shuffle(again)
    second = way(shuffle.sample(customers, len(customers)), IDS)
    assert decide(second, again) == expected
    assert customer_counts(second) == customer_counts(first)
    assert second.contact_count == first.contact_count == len(expected)


@pytest.mark.parametrize("way", [UpdateAll, Skip])
@given(customers=CUSTOMERS, contacts=CONTACTS)
def test_customers_add_up_at_every_moment(way: Way, customers: list[Customer], contacts: list[Contact]) -> None:
    matcher = way(customers, IDS)
    for each in [*contacts, None]:
        counts = customer_counts(matcher)
        parts = (counts.matched, counts.ambiguous, counts.unmatched, counts.unmatchable, counts.conflicts)
        assert min(parts) >= 0
        assert sum(parts) == counts.total == len(customers)
        if each is not None:
            matcher.see(each)


@given(customers=CUSTOMERS, contacts=CONTACTS)
def test_both_ways_agree_with_the_rules_read_literally(customers: list[Customer], contacts: list[Contact]) -> None:
    def keys_of(each: Contact) -> set[Any]:
        return {each.external_id, each.attributes.get("other")} - {None}

    matching = {who.uuid: [c.id for c in contacts if keys_of(c) & set(who.external_ids)] for who in customers}
    skipped = {uuid for uuid, ids in matching.items() if len(ids) > 1}

    def best_of(contact_id: str, left_out: set[str]) -> str | None:
        claimants = [who for who in customers if contact_id in matching[who.uuid] and who.uuid not in left_out]
        return min(claimants, key=precedence).uuid if claimants else None

    for way, left_out in ((UpdateAll, set()), (Skip, skipped)):
        expected = {c.id: best for c in contacts if (best := best_of(c.id, left_out))}
        matcher = way(customers, IDS)
        assert decide(matcher, contacts) == expected
        assert customer_counts(matcher).ambiguous == len(left_out)
        assert customer_counts(matcher).matched == len(set(expected.values()))


def test_one_customer_costs_little_memory() -> None:
    count = 20_000
    source = random.Random(1)  # noqa: S311 - made-up ids
    tracemalloc.start()
    try:
        customers = [
            customer(
                f"cus_{source.randrange(16**32):032x}",
                external_id=(own := f"ext-{number}"),
                external_ids=(own,),
                email=f"person.{number}@example.com",
                mrr=float(number),
                arr=float(number * 12),
                customer_since=1_600_000_000 + number,
                url=f"https://app.chartmogul.com/#/customers/{number}-somebody",
            )
            for number in range(count)
        ]
        matcher = UpdateAll(customers, EmailKeys())
        for each in customers:
            matcher.see(contact(f"{source.randrange(16**24):024x}", email=each.email))
        per_customer = tracemalloc.get_traced_memory()[0] / count
    finally:
        tracemalloc.stop()
    assert per_customer < 1100


@pytest.mark.parametrize("way", [UpdateAll, Skip])
def test_a_contact_that_no_customer_matches_is_told_from_one_that_only_a_skipped_customer_matches(way: Way) -> None:
    matcher = way([customer("a", external_ids=("1",))], IDS)
    assert matcher.see(contact("none", external_id="2")) is UNMATCHED
    for contact_id in ("first", "second", "third"):
        assert matcher.see(contact(contact_id, external_id="1")) is not UNMATCHED
