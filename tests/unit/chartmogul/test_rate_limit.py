"""How fast runs ask ChartMogul, alone and together, tried against a simulated one."""

import math
import random

import pytest

from mogulsync.chartmogul.rate_limit import ChartMogulRateLimit
from mogulsync.transport.rate_limiter import ResponseHead
from mogulsync.transport.settings import ChartMogulLimits
from tests.support.intercom_simulation import seeded
from tests.support.shared_api_simulation import SharedChartMogul, SharedSimulation, varied

GOOD = ResponseHead(200, {})
TOO_MANY = ResponseHead(429, {})
UNAVAILABLE = ResponseHead(503, {})


def policies(count: int, seed: int) -> list[ChartMogulRateLimit]:
    return [ChartMogulRateLimit(chance=seeded(seed * 100 + number).random) for number in range(count)]


def together(
    runs: int, *, work: int, seconds: float = 0.02, seed: int = 0, server: SharedChartMogul | None = None
) -> SharedSimulation:
    chance: random.Random = seeded(seed)
    simulation = SharedSimulation(
        server or SharedChartMogul(phase=0.37 * seed % 1),
        policies(runs, seed),
        work=work,
        seconds=varied(chance, seconds),
        begins=[chance.uniform(0.0, 0.3) for _ in range(runs)],
    )
    simulation.run()
    return simulation


@pytest.mark.parametrize(("seconds", "used"), [(0.005, 0.9), (0.1, 0.83), (0.4, 0.75)])
@pytest.mark.parametrize("phase", [0.0, 0.4])
def test_a_run_alone_is_never_refused_and_uses_the_limit(phase: float, seconds: float, used: float) -> None:
    simulation = together(1, work=1_000, seconds=seconds, server=SharedChartMogul(phase=phase))
    assert simulation.refused == 0
    assert simulation.rate >= used * 40


@pytest.mark.parametrize(("work", "longest"), [(5, 0.1), (50, 1.35)])
def test_a_small_run_alone_is_hardly_slowed_down(work: int, longest: float) -> None:
    simulation = SharedSimulation(
        SharedChartMogul(), policies(1, 0), work=work, seconds=varied(seeded(0), 0.01), begins=[0.0]
    )
    simulation.run()
    assert simulation.refused == 0
    assert simulation.ends[0] <= longest


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("runs", "work"), [(2, 600), (3, 1_000), (10, 600)])
def test_of_several_runs_the_last_ends_at_most_a_quarter_later_than_the_first(runs: int, work: int, seed: int) -> None:
    simulation = together(runs, work=work, seed=seed)
    assert simulation.spread <= 1.25
    assert simulation.rate >= 0.85 * 40
    assert simulation.refused <= (0.1 if runs < 10 else 0.4)


@pytest.mark.parametrize("refused_count", [False, True])
def test_so_it_is_where_any_second_counts(*, refused_count: bool) -> None:
    server = SharedChartMogul(sliding=True, refused_count=refused_count)
    simulation = together(3, work=1_000, server=server)
    assert simulation.spread <= 1.25
    assert simulation.rate >= 0.8 * 40


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("runs", [3, 10])
def test_connections_are_shared_evenly_too(runs: int, seed: int) -> None:
    simulation = together(runs, work=400, seconds=0.8, seed=seed)
    assert simulation.spread <= 1.25
    assert simulation.rate >= 0.7 * 20 / 0.8
    assert max(outcome.longest_row for outcome in simulation.outcomes) < 30


def test_a_run_soon_uses_what_the_others_leave() -> None:
    chance = seeded(1)
    pair = policies(2, 1)
    simulation = SharedSimulation(SharedChartMogul(), pair, work=400, seconds=varied(chance, 0.02), begins=[0.0, 15.0])
    simulation.run()
    # The first has 15 s alone, the second about as long, and they share the rest.
    assert max(simulation.ends) <= 800 / 40 * 1.35


def test_a_pause_after_a_refusal_doubles_until_another_answer_comes() -> None:
    policy = ChartMogulRateLimit(ChartMogulLimits(pause_first=1.0), chance=lambda: 1.0)
    now, pauses = 0.0, []
    for head in (TOO_MANY, TOO_MANY, TOO_MANY, GOOD, TOO_MANY):
        permit = policy.sent(now)
        policy.answered(permit, now, head)
        if head is TOO_MANY:
            pauses.append(policy.delay(now))
            now += policy.delay(now) + 0.01
    assert pauses == pytest.approx([1.0, 2.0, 4.0, 1.0])


def test_refusals_of_requests_in_flight_are_one_pause() -> None:
    policy = ChartMogulRateLimit(ChartMogulLimits(pause_first=1.0), chance=lambda: 1.0)
    permits = [policy.sent(0.0) for _ in range(5)]
    for permit in permits:
        policy.answered(permit, 0.1, TOO_MANY)
    assert policy.delay(0.1) == pytest.approx(1.0)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_by_all_requests(status: int) -> None:
    policy = ChartMogulRateLimit()
    policy.answered(policy.sent(0.0), 0.1, ResponseHead(status, {"retry-after": "7"}))
    assert policy.delay(0.1) == pytest.approx(7.0)
    policy.answered(policy.sent(8.0), 8.1, ResponseHead(status, {"retry-after": "3600"}))
    assert policy.delay(8.1) == pytest.approx(60.0)
    policy.answered(policy.sent(70.0), 70.1, ResponseHead(status, {"retry-after": "9" * 5_000}))
    assert policy.delay(70.1) == pytest.approx(60.0)


def test_a_retry_after_of_no_seconds_is_the_usual_pause_that_grows() -> None:
    policy = ChartMogulRateLimit(ChartMogulLimits(pause_first=1.0), chance=lambda: 1.0)
    now, pauses = 0.0, []
    for _ in range(3):
        policy.answered(policy.sent(now), now, ResponseHead(429, {"retry-after": "0"}))
        pauses.append(policy.delay(now))
        now += policy.delay(now) + 0.01
    assert pauses == pytest.approx([1.0, 2.0, 4.0])


def test_503_means_too_many_connections_only_where_another_request_was_just_answered() -> None:
    policy = ChartMogulRateLimit()
    assert policy.answered(policy.sent(0.0), 0.1, UNAVAILABLE) is False
    assert policy.answered(policy.sent(1.0), 1.1, GOOD) is False
    assert policy.answered(policy.sent(2.0), 2.1, UNAVAILABLE) is True
    assert policy.answered(policy.sent(12.0), 12.1, UNAVAILABLE) is False
    assert policy.answered(policy.sent(13.0), 13.1, TOO_MANY) is True
    assert policy.answered(policy.sent(14.0), 14.1, None) is False
    assert policy.answered(policy.sent(15.0), 15.1, ResponseHead(500, {})) is False
    assert policy.answered(policy.sent(16.0), 16.1, UNAVAILABLE) is False


def test_connections_fall_with_each_503_but_one_remains() -> None:
    policy = ChartMogulRateLimit()
    for second in range(60):
        policy.answered(policy.sent(float(second)), second + 0.1, UNAVAILABLE)
    assert policy.connections == 1.0
    policy.sent(1_000.0)
    assert policy.delay(1_000.0) == math.inf
