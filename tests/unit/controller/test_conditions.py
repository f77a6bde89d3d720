"""The conditions distinguish the states of `state_table`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mogulsync.controller.blocker import Blocker
from mogulsync.controller.conditions import CheckProgress, CheckState, ConditionInputs, conditions, headline
from mogulsync.resource.status import Condition, Evidence, LastSync
from tests.support.state_table import GENERATION, STATES, State

UNDER_WAY = CheckProgress(state=CheckState.UNDER_WAY)
RETRYING = CheckProgress(state=CheckState.RETRYING)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PASSED = Evidence(reason="Succeeded", generation=GENERATION)
WELL = ConditionInputs(
    reference="production -n crm",
    generation=GENERATION,
    suspended=False,
    check=CheckProgress(state=CheckState.SETTLED),
    evidence=PASSED,
    last_sync=None,
)

SUCCEEDED = LastSync(outcome="Succeeded", reason="Succeeded", message="8 of 10 customers matched")
PARTIAL = LastSync(outcome="PartiallySucceeded", reason="PartiallySucceeded", message="1 failed")
FAILED = LastSync(outcome="Failed", reason="IntercomUnavailable", message="Intercom answers 503")
BEFORE = {"True": SUCCEEDED, "False": FAILED, "Unknown": None}
"""The last run that makes Synced what it was before."""


def refused(reason: str) -> ConditionInputs:
    """Return what a run that ended for this reason leaves."""
    evidence = Evidence(reason=reason, generation=GENERATION, message="the run's message")
    return replace(WELL, evidence=evidence, last_sync=LastSync(outcome="Failed", reason=reason, message="its message"))


def blocked(reason: str) -> ConditionInputs:
    return replace(WELL, blocker=Blocker(reason=reason, message="the API server's message"))


INPUTS = {
    "check under way": replace(WELL, check=UNDER_WAY, evidence=None),
    "ready, no run yet": WELL,
    "run under way": replace(WELL, last_sync=SUCCEEDED),
    "run under way after a failed one": replace(WELL, last_sync=FAILED),
    "last run succeeded": replace(WELL, last_sync=SUCCEEDED),
    "last run partial": replace(WELL, last_sync=PARTIAL),
    "last run failed, retry may help": replace(WELL, last_sync=FAILED),
    "guard tripped": refused("GuardTripped"),
    "attributes unusable": refused("AttributesNotUsable"),
    "credentials rejected": replace(refused("CredentialsRejected"), last_sync=None),
    "Secret missing": replace(WELL, missing_secret='secret "intercom" not found'),
    "invalid schedule": blocked("InvalidSchedule"),
    "name conflict": blocked("NameConflict"),
    "denied by a policy": blocked("Refused"),
    "webhook away": replace(WELL, blocker=Blocker(reason="RequestFailed", message="no answer", stalled=False)),
    "suspended": replace(WELL, suspended=True),
    "overdue": replace(WELL, missed=NOW - timedelta(hours=2)),
}
"""What the conditions follow from in each state."""

PRESENT = [state for state in STATES if state.ready]


def test_every_state_in_which_the_operator_has_spoken_is_here() -> None:
    assert set(INPUTS) == {state.name for state in PRESENT}


@pytest.mark.parametrize("state", PRESENT, ids=str)
def test_each_state_shows_what_the_table_says(state: State) -> None:
    found = INPUTS[state.name]
    for synced in state.synced:
        seen = replace(found, last_sync=BEFORE[synced]) if len(state.synced) > 1 else found
        listed = conditions(seen, before=[], now=NOW)
        by_type = {condition.type: condition for condition in listed}
        assert by_type["Ready"].status in state.ready
        assert by_type["Synced"].status == synced
        assert (by_type["Overdue"].status == "True") == state.overdue
        assert ("Reconciling" in by_type, "Stalled" in by_type) == (state.reconciling, state.stalled)
        if len(state.ready) == 1:
            assert by_type["Ready"].reason == state.ready_reason
        if len(state.synced) == 1:
            assert by_type["Synced"].reason == state.synced_reason
        assert {condition.observed_generation for condition in listed} == {GENERATION}
        assert all(condition.message for condition in listed)


@pytest.mark.parametrize(
    ("found", "ready", "reason"),
    [
        pytest.param(
            replace(refused("GuardTripped"), generation=GENERATION + 1),
            "True",
            "Ready",
            id="new generation lifts guard",
        ),
        pytest.param(
            replace(refused("CredentialsRejected"), check=UNDER_WAY), "Unknown", "Checking", id="checked anew"
        ),
        pytest.param(
            replace(refused("CredentialsRejected"), check=RETRYING),
            "False",
            "CredentialsRejected",
            id="no answer leaves what was known",
        ),
        pytest.param(replace(WELL, check=RETRYING), "True", "Ready", id="no answer leaves what was good"),
        pytest.param(replace(WELL, check=RETRYING, evidence=None), "Unknown", "Checking", id="no answer, none before"),
        pytest.param(
            replace(WELL, check=UNDER_WAY, missing_secret="x"),
            "False",
            "SecretNotFound",
            id="Secret before check",
        ),
        pytest.param(
            replace(blocked("InvalidSchedule"), missing_secret="x"), "False", "InvalidSchedule", id="schedule first"
        ),
        pytest.param(
            replace(WELL, blocker=Blocker(reason="Replacing", message="soon", stalled=False)),
            "Unknown",
            "Replacing",
            id="what passes by itself does not stall",
        ),
        pytest.param(
            replace(refused("GuardTripped"), suspended=True), "False", "GuardTripped", id="suspended, stalled"
        ),
    ],
)
def test_what_counts_most_is_said_first(found: ConditionInputs, ready: str, reason: str) -> None:
    shown = conditions(found, before=[], now=NOW)[0]
    assert (shown.status, shown.reason) == (ready, reason)


def test_only_a_change_of_status_moves_the_transition_time() -> None:
    first = conditions(WELL, before=[], now=NOW)
    later = NOW + timedelta(hours=1)
    suspended = conditions(replace(WELL, suspended=True, last_sync=SUCCEEDED), before=first, now=later)
    times = {condition.type: condition.last_transition_time for condition in suspended}
    assert times == {
        "Ready": "2026-11-24T09:00:00Z",
        "Synced": "2026-11-24T10:00:00Z",
        "Overdue": "2026-11-24T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("found", "words"),
    [(replace(WELL, last_sync=PARTIAL), "1 failed"), (blocked("NameConflict"), "the API server's message")],
)
def test_the_headline_is_readys_message_or_the_last_runs_when_ready(found: ConditionInputs, words: str) -> None:
    listed: list[Condition] = conditions(found, before=[], now=NOW)
    assert headline(listed) == words


def test_a_stalled_destination_says_what_a_person_can_do() -> None:
    for reason, fix in {"GuardTripped": "maxChangedPercent", "CredentialsRejected": "Secret"}.items():
        assert fix in headline(conditions(refused(reason), before=[], now=NOW))


def test_conditions_that_others_wrote_are_kept() -> None:
    other = Condition.model_validate(
        {
            "type": "example.com/Audited",
            "status": "True",
            "reason": "Audited",
            "message": "",
            "lastTransitionTime": "2026-11-01T00:00:00Z",
        }
    )
    stalled = conditions(blocked("NameConflict"), before=[other], now=NOW)
    listed = conditions(WELL, before=stalled, now=NOW)
    assert other in listed
    assert {condition.type for condition in listed} == {"Ready", "Synced", "Overdue", "example.com/Audited"}
