"""How fast a run asks Intercom, tried against a simulated one."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mogulsync.intercom.rate_limit import IntercomRateLimit, read_budget
from mogulsync.transport.rate_limiter import Permit, ResponseHead
from mogulsync.transport.settings import IntercomLimits
from tests.support import shared_api_simulation
from tests.support.intercom_simulation import Headers, Server, Simulation, poisson, seeded, steady, varied
from tests.support.shared_api_simulation import SharedIntercom, SharedSimulation

DATE = "Tue, 24 Nov 2026 10:00:03 GMT"
RESET = 1795514410
"""Seven seconds after that date."""


def share_of(server: Server, percent: int) -> int:
    return max(1, server.limit * percent // 100)


servers = st.builds(
    Server,
    limit=st.integers(1, 200),
    phase=st.none() | st.floats(0.0, 10.0),
    clock_offset=st.floats(-1e6, 1e6),
    round_up=st.booleans(),
    dated=st.booleans(),
)


@given(
    server=servers,
    percent=st.integers(1, 100),
    slowest=st.floats(0.0, 3.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_a_run_alone_never_exceeds_its_share_nor_is_refused(
    server: Server, percent: int, slowest: float, seed: int
) -> None:
    latency = varied(seeded(seed), 0.0, slowest)
    outcome = Simulation(server, IntercomRateLimit(rate_limit_percent=percent), latency=latency).run(35.0)
    assert outcome.refused == 0
    assert outcome.most_in_a_window <= share_of(server, percent)


@given(
    server=servers,
    percent=st.integers(1, 100),
    demand=st.floats(0.0, 2.0),
    hidden=st.sets(st.sampled_from(["x-ratelimit-reset", "x-ratelimit-remaining", "date"])),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40, deadline=None)
def test_the_share_holds_whatever_others_do_and_whatever_is_not_sent(
    server: Server, percent: int, demand: float, hidden: set[str], seed: int
) -> None:
    chance = seeded(seed)
    outcome = Simulation(
        server,
        IntercomRateLimit(rate_limit_percent=percent),
        latency=varied(chance, 0.0, 1.0),
        others=poisson(chance, demand * server.limit / 10),
        headers_sent=lambda headers: {name: value for name, value in headers.items() if name not in hidden},
    ).run(35.0)
    assert outcome.most_in_a_window <= share_of(server, percent)
    assert outcome.answered > 0 or demand > 0


LATENCIES = {"at once": (0.002, 0.01), "50 ms": (0.04, 0.06), "500 ms": (0.4, 0.6), "very uneven": (0.0, 1.0)}


@pytest.mark.parametrize("lowest_highest", LATENCIES.values(), ids=LATENCIES)
@pytest.mark.parametrize("phase", [3.7, None])
@pytest.mark.parametrize(("limit", "percent"), [(1666, 100), (166, 80), (10, 100), (1, 100)])
def test_nine_tenths_of_the_allowed_rate_are_used(
    limit: int, percent: int, phase: float | None, lowest_highest: tuple[float, float]
) -> None:
    server = Server(limit, phase=phase)
    latency = varied(seeded(1), *lowest_highest)
    outcome = Simulation(server, IntercomRateLimit(rate_limit_percent=percent), latency=latency).run(60.0)
    assert outcome.refused == 0
    assert outcome.answered >= 0.9 * 6 * share_of(server, percent)


@pytest.mark.parametrize(
    "headers_sent",
    [
        lambda headers: headers,
        lambda headers: {**headers, "x-ratelimit-reset": "0"},
        lambda headers: {name: value for name, value in headers.items() if name != "x-ratelimit-reset"},
        lambda headers: {name: value for name, value in headers.items() if name != "date"},
    ],
    ids=["all sent", "reset senseless", "reset not sent", "date not sent"],
)
@pytest.mark.parametrize("per_second", [20, 80, 140])
def test_beside_others_it_is_not_refused_and_the_budget_is_used(per_second: int, headers_sent: Any) -> None:
    chance = seeded(7)
    server = Server(1666, phase=2.5)
    outcome = Simulation(
        server,
        IntercomRateLimit(rate_limit_percent=100),
        latency=varied(chance, 0.03, 0.2),
        others=poisson(chance, per_second),
        headers_sent=headers_sent,
    ).run(60.0)
    assert outcome.refused == 0
    assert outcome.answered + 60 * per_second >= 0.85 * 6 * 1666


def test_a_burst_of_others_costs_at_most_the_rest_of_the_window() -> None:
    server = Server(1000)
    burst = [12.0 + 0.001 * each for each in range(950)]
    simulation = Simulation(
        server, IntercomRateLimit(rate_limit_percent=100), latency=steady(0.02, 0.02), others=iter(burst)
    )
    outcome = simulation.run(60.0)
    assert outcome.refused == 0
    assert outcome.per_window[10.0] < 400
    assert outcome.per_window[40.0] > 900


def test_requests_are_spread_over_the_window() -> None:
    outcome = Simulation(Server(1000), IntercomRateLimit(rate_limit_percent=100), latency=steady(0.02, 0.02)).run(60.0)
    per_second = Counter(int(when) for when in outcome.sent)
    assert max(per_second.values()) <= 130
    assert min(per_second[second] for second in range(59)) >= 70


ABSURD: dict[str, Headers] = {
    "none": {},
    "limit 0": {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"},
    "negative": {"x-ratelimit-limit": "-5", "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "-9"},
    "text": {"x-ratelimit-limit": "many", "x-ratelimit-remaining": "some", "x-ratelimit-reset": "soon"},
    "huge": {"x-ratelimit-limit": "9" * 5000, "x-ratelimit-remaining": "9" * 5000, "x-ratelimit-reset": "9" * 5000},
    "more remaining than there are": {"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "99999"},
    "far future": {"x-ratelimit-limit": "10000", "x-ratelimit-remaining": "9000", "x-ratelimit-reset": "99999999999"},
    "fractions": {"x-ratelimit-limit": "1.5", "x-ratelimit-remaining": "0.5", "x-ratelimit-reset": "1e9"},
    "other digits": {"x-ratelimit-limit": "١٦٦٦", "x-ratelimit-remaining": "²"},
}


@pytest.mark.parametrize("headers", ABSURD.values(), ids=ABSURD)
def test_senseless_headers_neither_stop_nor_break_a_run(headers: Headers) -> None:
    simulation = Simulation(
        Server(10**9),
        IntercomRateLimit(rate_limit_percent=80),
        latency=steady(0.02, 0.02),
        headers_sent=lambda _: headers,
    )
    assert simulation.run(20.0).answered > 1000


@given(
    st.dictionaries(
        st.sampled_from(["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "date"]), st.text()
    )
)
@example({"x-ratelimit-limit": "5", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "99", "date": DATE})
def test_any_text_in_the_headers_reads_as_a_budget_that_makes_sense(headers: Headers) -> None:
    budget = read_budget(headers)
    assert budget.limit is None or budget.limit >= 1
    assert budget.remaining is None or 0 <= budget.remaining <= (budget.limit or 0)
    assert budget.left is None or 0 <= budget.left <= 60


def test_a_window_s_end_is_known_by_the_server_s_own_clock() -> None:
    headers = {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "3", "x-ratelimit-reset": str(RESET), "date": DATE}
    assert read_budget(headers).left == 7.0


def first_answer(policy: IntercomRateLimit, answer: ResponseHead | None, now: float = 0.0) -> Permit:
    permit = policy.sent(now)
    policy.answered(permit, now, answer)
    return permit


def test_until_the_first_answer_one_request_is_under_way_at_a_time() -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    permit = policy.sent(0.0)
    assert policy.delay(0.0) > 1e9
    policy.answered(permit, 0.1, None)
    assert policy.delay(0.1) == 0
    permit = policy.sent(0.1)
    assert policy.delay(0.1) > 1e9
    policy.answered(permit, 0.2, ResponseHead(200, {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "999"}))
    policy.sent(0.2)
    assert policy.delay(0.2) == 0


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"x-ratelimit-limit": "1666", "x-ratelimit-reset": str(RESET), "date": DATE}, 7.0, 8.0),
        ({"x-ratelimit-limit": "1666", "x-ratelimit-remaining": "900", "x-ratelimit-reset": str(RESET)}, 9.0, 10.0),
        ({"retry-after": "4"}, 4.0, 4.0),
        ({"retry-after": "4", "x-ratelimit-reset": str(RESET), "date": DATE}, 7.0, 8.0),
        ({"retry-after": "900"}, 60.0, 60.0),
        ({"retry-after": "9999999999"}, 60.0, 60.0),
        ({"retry-after": "20", "x-ratelimit-remaining": "0", "x-ratelimit-limit": "9"}, 20.0, 20.0),
        ({}, 1.0, 1.0),
    ],
)
def test_after_a_429_nothing_is_sent_until_the_window_ends_and_then_one_request(
    headers: Headers, least: float, most: float
) -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    first_answer(policy, ResponseHead(429, headers))
    now, waited = 0.0, 0.0
    while (delay := policy.delay(now)) > 0:
        now += delay
        waited += delay
    assert least <= waited <= most
    probe = policy.sent(now)
    assert probe.probe
    assert policy.delay(now + 5) > 1e9
    policy.answered(probe, now + 5, ResponseHead(200, {"x-ratelimit-limit": "1666", "x-ratelimit-remaining": "1600"}))
    assert policy.delay(now + 5) == 0


BUDGET = {
    "x-ratelimit-limit": "1666",
    "x-ratelimit-remaining": "1600",
    "x-ratelimit-reset": str(RESET),
    "date": DATE,
}
"""What an answer says while requests remain."""


def test_retry_after_is_what_counts_where_requests_remain() -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    now = 0.0
    for _ in range(60):
        while (delay := policy.delay(now)) > 0:
            now += delay
        assert policy.answered(policy.sent(now), now + 0.05, ResponseHead(429, {**BUDGET, "retry-after": "2"})) is True
        now += 0.05
        assert policy.delay(now) == pytest.approx(2.0)
    assert now <= 60 * 2.1


@pytest.mark.parametrize("retry_after", ["0", "Tue, 24 Nov 2026 09:00:00 GMT"])
def test_a_retry_after_of_no_seconds_while_requests_remain_is_a_short_pause_that_grows(retry_after: str) -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    refused = ResponseHead(429, {**BUDGET, "retry-after": retry_after})
    first_answer(policy, ResponseHead(200, BUDGET))
    now, pauses = 1.0, []
    for _ in range(6):
        permits = [policy.sent(now) for _ in range(4)]
        for permit in permits:
            policy.answered(permit, now + 0.1, refused)
        now += 0.1
        pauses.append(policy.delay(now))
        now += policy.delay(now)
    assert pauses == pytest.approx([1, 2, 4, 8, 10, 10])
    assert not policy.sent(now).probe
    first_answer(policy, ResponseHead(200, BUDGET), now)
    first_answer(policy, refused, now)
    assert policy.delay(now) == pytest.approx(1.0)


def test_429s_of_requests_in_flight_are_waited_out_together() -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    headers = {
        "x-ratelimit-limit": "1666",
        "x-ratelimit-remaining": "1600",
        "x-ratelimit-reset": str(RESET),
        "date": DATE,
    }
    first_answer(policy, ResponseHead(200, headers))
    permits = [policy.sent(10.0) for _ in range(8)]
    for permit in permits:
        policy.answered(permit, 10.1, ResponseHead(429, {**headers, "retry-after": "2"}))
    assert policy.delay(10.1) == pytest.approx(2.0)
    assert policy.delay(12.2) == 0


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("runs", "work", "limit", "seconds"),
    [(3, 4_000, 1666, 0.05), (3, 4_000, 1666, 0.5), (10, 1_500, 1666, 0.05), (3, 400, 166, 0.05), (10, 150, 166, 0.05)],
)
def test_of_several_runs_the_last_ends_at_most_a_quarter_later_than_the_first(
    runs: int, work: int, limit: int, seconds: float, seed: int
) -> None:
    chance = seeded(seed)
    simulation = SharedSimulation(
        SharedIntercom(Server(limit, phase=3.1 * seed % 10)),
        [IntercomRateLimit(rate_limit_percent=80) for _ in range(runs)],
        work=work,
        seconds=shared_api_simulation.varied(chance, seconds),
        begins=[chance.uniform(0.0, 0.5) for _ in range(runs)],
    )
    simulation.run()
    assert simulation.spread <= 1.25
    assert simulation.refused <= 0.01
    assert simulation.rate >= 0.75 * limit / 10


def test_429s_without_a_word_lengthen_the_pause() -> None:
    policy = IntercomRateLimit(rate_limit_percent=80)
    now, pauses = 0.0, []
    for _ in range(6):
        first_answer(policy, ResponseHead(429, {}), now)
        start = now
        while (delay := policy.delay(now)) > 0:
            now += delay
        pauses.append(now - start)
    assert pauses == pytest.approx([1, 2, 4, 8, 10, 10])


def test_concurrency_follows_latency_so_that_the_rate_is_used() -> None:
    def after(latency: float, limit: int) -> int:
        policy = IntercomRateLimit(rate_limit_percent=100)
        headers = {"x-ratelimit-limit": str(limit), "x-ratelimit-remaining": str(limit - 1)}
        policy.answered(policy.sent(0.0), latency, ResponseHead(200, headers))
        return policy.concurrency

    assert after(0.05, 1666) >= 0.05 * 166.6
    assert after(0.5, 1666) >= 0.5 * 166.6
    assert after(0.001, 1666) < 20
    assert after(10.0, 100_000) == IntercomLimits().connections_max
