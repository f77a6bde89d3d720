"""A cache has the latest state of each object, whatever order states are seen in."""

import json
from typing import Any

import pytest

from mogulsync.kube.cache import Cache
from mogulsync.kube.objects import NamespacedName, Object

ONE = NamespacedName("crm", "one")


def seen(name: str, version: int, *, namespace: str = "crm", colour: str = "red") -> Object:
    metadata: dict[str, Any] = {"namespace": namespace, "name": name, "resourceVersion": str(version)}
    return {"metadata": metadata, "colour": colour, "large": True}


@pytest.fixture
def cache() -> Cache[str]:
    return Cache(
        transform=lambda each: {key: value for key, value in each.items() if key != "large"},
        index=lambda each: str(each["colour"]),
    )


def test_only_a_newer_state_is_news(cache: Cache[str]) -> None:
    assert [cache.put(seen("one", version)) for version in (10, 10, 9, 101)] == [True, False, False, True]
    kept = cache.get(ONE)
    assert kept is not None
    assert kept["metadata"]["resourceVersion"] == "101"
    assert "large" not in kept


def test_objects_share_the_strings_of_their_keys(cache: Cache[str]) -> None:
    for name in ("one", "two"):
        state = seen(name, 1) | {"parts": [{"some key": name}]}
        cache.put(json.loads(json.dumps(state)))
    one, two = (cache.get(NamespacedName("crm", name)) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert (one["parts"], two["parts"]) == ([{"some key": "one"}], [{"some key": "two"}])
    assert {id(key) for key in one} == {id(key) for key in two}
    assert {id(key) for key in one["parts"][0]} == {id(key) for key in two["parts"][0]}


def test_an_object_is_found_under_its_present_index_value_only(cache: Cache[str]) -> None:
    cache.put(seen("one", 1))
    cache.put(seen("one", 2, colour="blue"))
    assert cache.by_index("red") == []
    assert len(cache.by_index("blue")) == 1
    cache.drop(ONE)
    assert cache.by_index("blue") == []


def test_what_a_list_lacks_is_missing_unless_it_was_seen_later(cache: Cache[str]) -> None:
    for each in (seen("one", 5), seen("two", 6), seen("three", 20), seen("other", 7, namespace="sales")):
        cache.put(each)
    missing = cache.missing_from({ONE}, namespace="crm", until="10")
    assert [each["metadata"]["name"] for each in missing] == ["two"]
    assert len(cache.missing_from(set(), namespace=None, until="10")) == 3


def test_the_newest_version_is_a_namespaces_or_that_of_all(cache: Cache[str]) -> None:
    assert cache.newest_version(None) == 0
    cache.put(seen("one", 5))
    cache.put(seen("other", 70, namespace="sales"))
    assert (cache.newest_version("crm"), cache.newest_version(None)) == (5, 70)


def test_clearing_a_namespace_leaves_the_others(cache: Cache[str]) -> None:
    cache.put(seen("one", 5))
    cache.put(seen("other", 70, namespace="sales"))
    assert [each["metadata"]["name"] for each in cache.clear("crm")] == ["one"]
    assert cache.names() == [NamespacedName("sales", "other")]
    assert cache.put(seen("one", 1)), "an older state counts again"
