"""Durations and selections, as kubectl reads them."""

from datetime import timedelta

import click
import pytest

from mogulsync.cluster.reach import Selection
from mogulsync.commands.clusterarguments import Duration, selection


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("100ms", 0.1), ("0", 0), ("0s", 0), ("1h0m5s", 3605)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert Duration().convert(text, None, None) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "5 m", "5x", "-5m", "m5", "5m3", "1d", "five", "9" * 40 + "h"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(text, None, None)


@pytest.mark.parametrize(
    ("names", "all_namespaces", "selector", "everything", "expected"),
    [
        (("a", "b"), False, "", False, Selection(("a", "b"))),
        ((), True, "", False, Selection((), True)),
        ((), False, "x=y", False, Selection((), False, "x=y")),
        ((), False, "", True, Selection()),
        ((), True, "x=y", True, Selection((), True, "x=y")),
        ((), False, "", False, None),
        (("a",), True, "", False, None),
        (("a",), False, "x=y", False, None),
        (("a",), False, "", True, None),
    ],
)
def test_names_or_a_filter_and_never_both(
    *, names: tuple[str, ...], all_namespaces: bool, selector: str, everything: bool, expected: Selection | None
) -> None:
    if expected is None:
        with pytest.raises(click.UsageError):
            selection(names, all_namespaces=all_namespaces, selector=selector, everything=everything)
    else:
        found = selection(names, all_namespaces=all_namespaces, selector=selector, everything=everything)
        assert found == expected
