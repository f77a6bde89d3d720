"""Due times agree with those of Kubernetes' own parser, over generated expressions, zones and moments."""

import itertools
import random
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import available_timezones

import pytest

import robfigcron
from mogulsync.kube.cron import CronSchedule

CHANGING = (
    *("CET", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "America/Santiago"),
    *("America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Asuncion", "America/Sao_Paulo", "Asia/Amman"),
    *("Asia/Gaza", "Asia/Tehran", "America/Scoresbysund", "Atlantic/Azores", "Africa/Casablanca", "Pacific/Apia"),
    *("Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "UTC", "Etc/GMT+12", "Pacific/Kiritimati"),
)
"""Zones whose clocks change at odd times: several at midnight, one by half an hour, one by two hours, one by a day."""

GIVEN = (
    *("* * */2 * 4", "0 9 1,,2 * *", "0 9 30 2 *", "0 9 */1 * 1", "0 9 *,3 * 1", "0 9 1-7 * */2", "0 9 * * 7"),
    *("0 9 31 * *", "0 9 29 2 *", "59 23 31 12 *", "0 0 * * *", "30 2 * * *", "0 0 1 * *", ", * * * *", "5/15 * * * *"),
    *("0 9 * JAN-mar Mon,WED", "0 9 L * *", "60 * * * *", "0 9 *-5 * 3", "0 9 1-5-7 * *", "0 9 5-1 * *", "*/0 * * * *"),
    *("0 9 * * sun-sat", "0 9 */2/3 * *", "0 9 1-/2 * *", "00 09 01 01 00", "*/7 */5 */3 */2 */2", "0 9 * 2/3 *"),
)


@pytest.fixture(scope="module")
def program() -> Path:
    if shutil.which("go") is None:
        pytest.skip("no go on the PATH: robfig/cron cannot be asked")
    return robfigcron.find_program()


def item(chance: random.Random, least: int, most: int, names: Sequence[str]) -> str:
    low = chance.randint(least, most)
    high = chance.randint(low, most)
    name = chance.choice(names) if names else str(low)
    span = chance.choice(["*", str(low), str(low), f"{low}-{high}", f"0{low}", name])
    return span + chance.choice(["", "", "", f"/{chance.randint(1, most)}", "/2", "/1"])


def field(chance: random.Random, least: int, most: int, names: Sequence[str] = ()) -> str:
    if chance.random() < 0.4:
        return "*"
    items = [item(chance, least, most, names) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
    return chance.choice([",", ",", ",", ",,"]).join(items)


def expression(chance: random.Random) -> str:
    months = ("jan", "FEB", "Dec")
    days = ("sun", "MON", "Sat")
    minute = chance.choice(["0", "30", "59", "*/20", field(chance, 0, 59)])
    hour = chance.choice(["0", "1", "2", "9", "23", field(chance, 0, 23)])
    return " ".join((minute, hour, field(chance, 1, 31), field(chance, 1, 12, months), field(chance, 0, 6, days)))


def moment(chance: random.Random) -> int:
    """Return a moment, often in a night in which clocks change somewhere."""
    begin = datetime(2015, 1, 1, tzinfo=UTC)
    anywhere = begin + timedelta(seconds=chance.randint(0, 15 * 366 * 86400))
    month, day = chance.choice([(3, 8), (3, 29), (4, 5), (9, 6), (10, 4), (10, 25), (11, 1), (12, 30), (2, 28)])
    near = anywhere.replace(month=month, day=day) + timedelta(hours=chance.randint(-30, 30))
    return int(chance.choice([anywhere, near, near.replace(minute=0, second=0)]).timestamp())


def ours(question: robfigcron.Question) -> list[int] | None:
    try:
        schedule = CronSchedule(question.schedule, question.time_zone)
    except ValueError:
        return None
    times: list[int] = []
    at: datetime | None = datetime.fromtimestamp(question.after, UTC)
    while len(times) < question.most and at is not None:
        at = schedule.after(at)
        times += [int(at.timestamp())] if at else []
    return times


def compare(program: Path, questions: Sequence[robfigcron.Question]) -> None:
    theirs = robfigcron.ask(program, questions)
    different = [
        (question, ours(question), answer)
        for question, answer in zip(questions, theirs, strict=True)
        if ours(question) != answer
    ]
    assert different == [], f"{len(different)} of {len(questions)}: {different[:5]}"


def test_known_traps_agree(program: Path) -> None:
    begin = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
    compare(program, [robfigcron.Question(each, "CET", begin, most=8) for each in GIVEN])


def test_generated_expressions_agree_in_zones_whose_clocks_change(program: Path) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable examples, not a secret
    questions = [
        robfigcron.Question(expression(chance), chance.choice(CHANGING), moment(chance), most=6) for _ in range(2000)
    ]
    compare(program, questions)


def test_daily_and_weekly_schedules_agree_over_a_year_in_every_zone(program: Path) -> None:
    begin = int(datetime(2025, 12, 31, tzinfo=UTC).timestamp())
    schedules = ("0 9 */7 * *", "0 0 * * 0", "30 2 * 3,4,9,10 *")
    zones = sorted(available_timezones() - {"localtime"})
    questions = [
        robfigcron.Question(schedule, zone, begin, most=60) for schedule, zone in itertools.product(schedules, zones)
    ]
    compare(program, questions)
