"""The operator's benchmark: its arithmetic, and that the bare client is given the operator's own writes."""

import pytest

from bench_operator.latency import percentile
from bench_operator.rehearsal import NAME, UID, rehearse
from bench_operator.rollout import growth_targets


def test_the_99th_percentile_of_a_hundred_and_one_delays_leaves_one_above() -> None:
    delays = [float(each) for each in range(101)]
    assert percentile(delays, 50) == 50
    assert percentile(delays, 99) == 99


@pytest.mark.parametrize(("seconds", "met"), [(30.0, True), (35.0, True), (40.0, False)])
def test_growth_compares_the_seconds_for_each_at_the_two_largest_sizes(seconds: float, *, met: bool) -> None:
    (target,) = growth_targets([(100, 50.0), (1000, 10.0), (3000, seconds)])
    assert target.figure == pytest.approx(seconds / 30)
    assert target.met is met


def test_one_size_shows_nothing_of_growth() -> None:
    assert growth_targets([(100, 5.0)]) == []


async def test_the_bare_client_is_given_what_the_operator_writes() -> None:
    rehearsed = await rehearse()
    assert [(each.method, each.resource.kind, each.subresource) for each in rehearsed.at_once] == [
        ("PATCH", "CronJob", None),
        ("POST", "Job", None),
        ("PATCH", "IntercomDestination", "status"),
    ]
    assert [(each.method, each.resource.kind) for each in rehearsed.after_check] == [
        ("PATCH", "IntercomDestination"),
        ("POST", "Event"),
    ]
    ready, *_ = rehearsed.after_check[0].body["status"]["conditions"]
    assert (ready["type"], ready["status"]) == ("Ready", "True")


async def test_everything_that_is_written_names_the_destination_that_it_is_for() -> None:
    rehearsed = await rehearse()
    for write in [*rehearsed.at_once, *rehearsed.after_check]:
        assert NAME in str(write)
        if write.resource.kind != "IntercomDestination":
            assert UID in str(write.body)
