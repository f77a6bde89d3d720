"""The benchmark's parts with the real command: what arrives is seen, and can be sent again."""

import sys

import pytest

from bench.accounts import account
from bench.programs import ProgramError, run
from bench.replay import replay
from bench.sandbox import Limits, served
from bench.scenarios.bareloop import contact_seconds
from bench.worker import manifest, sync


def test_every_request_of_a_sync_is_seen_and_the_account_comes_back_synced() -> None:
    made = account(20)
    with served(made) as sandbox:
        first = sync(manifest(sandbox.urls))
        arrivals = sandbox.arrivals()
        after = sandbox.account()
    assert first.updated == first.matched_contacts > 0
    assert sum(each.api == "intercom" for each in arrivals) == first.intercom_requests
    assert sum(each.api == "chartmogul" for each in arrivals) == first.chartmogul_requests
    assert {each.status for each in arrivals} == {200}
    assert 0 < contact_seconds(arrivals) < first.took.seconds
    with served(after) as sandbox:
        assert sync(manifest(sandbox.urls)).updated == 0


def test_a_served_account_stays_as_it_was_where_it_came_from() -> None:
    made = account(20)
    with served(made) as sandbox:
        sync(manifest(sandbox.urls))
    assert not any("chartmogul_mrr" in contact.custom_attributes for _, contact in made.contacts())


@pytest.mark.parametrize("pages_in_turn", [False, True])
def test_recorded_requests_are_answered_alike_by_a_fresh_account(*, pages_in_turn: bool) -> None:
    made = account(20)
    with served(made, record=True) as sandbox:
        sync(manifest(sandbox.urls))
        requests = sandbox.sent()
        written = sandbox.account()
    start = next(at for at, each in enumerate(requests) if each.path.startswith("/contacts"))
    with served(made) as sandbox:
        replayed = replay(requests[:start], requests[start:], sandbox.urls, concurrency=4, pages_in_turn=pages_in_turn)
        assert len(sandbox.arrivals()) == len(requests)
        again = sandbox.account()
    assert replayed.seconds > 0
    attributes = [[contact.custom_attributes for _, contact in each.contacts()] for each in (written, again)]
    assert attributes[0] == attributes[1]


def test_a_limit_is_told_and_kept() -> None:
    with served(account(20), Limits(intercom=5)) as sandbox:
        assert sync(manifest(sandbox.urls, percent=100)).throttled == 0


def test_peak_memory_is_the_programs_own_and_not_that_of_whoever_starts_it() -> None:
    ballast = bytearray(200 * 1024 * 1024)
    ballast[::4096] = b"x" * len(ballast[::4096])
    took = run([sys.executable, "-c", "pass"], {}).took
    assert 1 < took.peak_mib < 100


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(ProgramError, match="ended with 3: no luck"):
        run([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"], {})
