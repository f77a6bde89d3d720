import asyncio

import httpx2
import pytest

from mogulsync.sandbox import Delay, Sandbox, SandboxOptions


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_003.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


class TestIntercom:
    @pytest.fixture
    def options(self, clock: Clock) -> SandboxOptions:
        return SandboxOptions(intercom_limit=3, clock=clock)

    async def test_the_budget_of_ten_seconds_is_told_and_kept(self, intercom: httpx2.AsyncClient, clock: Clock) -> None:
        answers = [await intercom.get("/me") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
        assert {answer.headers["x-ratelimit-limit"] for answer in answers} == {"3"}
        assert {answer.headers["x-ratelimit-reset"] for answer in answers} == {"1000010"}
        assert answers[-1].json()["errors"][0]["code"] == "rate_limit_exceeded"
        clock.now = 1_000_010.0
        assert (await intercom.get("/me")).headers["x-ratelimit-remaining"] == "2"

    async def test_refusals_carry_it_too(self, intercom: httpx2.AsyncClient) -> None:
        answer = await intercom.get("/me", headers={"Authorization": "Bearer wrong"})
        assert (answer.status_code, answer.headers["x-ratelimit-remaining"]) == (401, "2")


class TestChartMogul:
    @pytest.fixture
    def options(self, clock: Clock) -> SandboxOptions:
        return SandboxOptions(chartmogul_limit=2, chartmogul_parallel=2, clock=clock)

    async def test_too_many_in_a_second_are_answered_429(self, chartmogul: httpx2.AsyncClient, clock: Clock) -> None:
        assert [(await chartmogul.get("/ping")).status_code for _ in range(3)] == [200, 200, 429]
        clock.now += 1
        assert (await chartmogul.get("/ping")).status_code == 200


async def test_too_many_at_once_are_answered_503(chartmogul: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Delay(2), api="chartmogul")
    answers = await asyncio.gather(*(chartmogul.get("/ping") for _ in range(25)))
    assert sorted(answer.status_code for answer in answers) == [200] * 20 + [503] * 5


class TestWithoutLimits:
    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(intercom_limit=None, chartmogul_limit=None, chartmogul_parallel=None)

    async def test_nothing_is_told_or_refused(
        self, intercom: httpx2.AsyncClient, chartmogul: httpx2.AsyncClient
    ) -> None:
        answers = [await chartmogul.get("/ping") for _ in range(60)] + [await intercom.get("/me")]
        assert {answer.status_code for answer in answers} == {200}
        assert "x-ratelimit-limit" not in answers[-1].headers
