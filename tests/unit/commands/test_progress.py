import json
from collections.abc import Callable

import pytest

from mogulsync.commands.progress import JsonProgress, Pace, PlainProgress
from mogulsync.sync.progress import Phase, Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def advance(progress: Progress, phase: Phase, *, done: int, total: int | None) -> None:
    counter = progress.of(phase)
    counter.done, counter.total = done, total


def test_rate_and_expected_end_count_from_the_look_before_the_phase_was_seen(clock: Clock) -> None:
    pace = Pace(clock)
    progress = Progress()
    advance(progress, Phase.WRITES, done=20, total=100)
    clock.now = 2.0
    assert [look[2:] for look in pace.look(progress)] == [(10.0, 8.0)]
    advance(progress, Phase.WRITES, done=60, total=None)
    clock.now = 3.0
    assert [look[2:] for look in pace.look(progress)] == [(20.0, None)]


def test_the_rate_of_a_phase_that_has_finished_stays(clock: Clock) -> None:
    pace = Pace(clock)
    progress = Progress()
    advance(progress, Phase.CUSTOMERS, done=20, total=20)
    progress.of(Phase.CUSTOMERS).finished = True
    for clock.now in (2.0, 100.0):
        assert [look[2] for look in pace.look(progress)] == [10.0]


def test_plain_lines_show_only_what_moved(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    lines = PlainProgress(clock)
    progress = Progress()
    advance(progress, Phase.CUSTOMERS, done=5, total=None)
    clock.now = 5.0
    lines.show(progress)
    lines.show(progress)
    advance(progress, Phase.CONTACTS, done=150, total=600)
    clock.now = 10.0
    lines.show(progress)
    assert capsys.readouterr().err.splitlines() == ["customers: 5, 1/s", "contacts: 150 of 600, 30/s, 15 s left"]


@pytest.mark.parametrize("display", [JsonProgress])
def test_json_lines_are_for_machines(
    clock: Clock, capsys: pytest.CaptureFixture[str], display: Callable[[Clock], JsonProgress]
) -> None:
    shown = display(clock)
    progress = Progress()
    advance(progress, Phase.WRITES, done=10, total=40)
    clock.now = 1.0
    shown.show(progress)
    assert json.loads(capsys.readouterr().err) == {
        "progress": [
            {"phase": "writes", "done": 10, "total": 40, "finished": False, "perSecond": 10.0, "secondsLeft": 3}
        ]
    }
