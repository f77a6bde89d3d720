"""The patch of the status changes what differs and nothing else."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mogulsync.controller.statusupdate import merge_patch

LEAVES = st.integers(0, 3) | st.sampled_from(["a", ""]) | st.lists(st.integers(0, 1), max_size=2) | st.booleans()
DOCUMENTS = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(LEAVES, lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3), max_leaves=6),
    max_size=3,
)


def merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Apply a merge patch as RFC 7386 says."""
    result = deepcopy(document)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            known = result.get(key)
            result[key] = merged(known if isinstance(known, dict) else {}, value)
        else:
            result[key] = value
    return result


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_makes_the_one_of_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert merged(before, merge_patch(before, after)) == after


@given(DOCUMENTS)
def test_nothing_is_to_be_written_when_nothing_differs(document: dict[str, Any]) -> None:
    assert merge_patch(document, deepcopy(document)) == {}
