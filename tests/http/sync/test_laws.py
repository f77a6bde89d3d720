"""What holds for any data and any sequence of faults."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mogulsync.resource.reasons import Outcome
from mogulsync.sandbox import Drop, Respond, SandboxAccount, Truncate
from mogulsync.sandbox.faults import Effect
from tests.support import sandbox_world

EFFECTS = st.sampled_from(
    [
        Respond(400),
        Respond(404),
        Respond(500),
        Respond(200, body="no json"),
        Drop(),
        Drop(after_handling=True),
        Truncate(),
    ]
)
PATHS = st.sampled_from([".*", "/contacts", sandbox_world.WRITES, "/customers.*", "/data_attributes", "/me"])
FAULTS = st.lists(
    st.tuples(EFFECTS, PATHS, st.integers(0, 20), st.integers(1, 12)),
    max_size=4,
)
_SPECS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "fields": st.sampled_from(
            [
                [{"source": "MRR"}, {"source": "Plan"}, {"source": "LastUpdated"}],
                [{"source": "Tags"}, {"source": "BillingCycle"}, {"source": "CompanyName"}],
            ]
        ),
        "unmatchedContacts": st.sampled_from(["Keep", "Clear"]),
        "emptyValues": st.sampled_from(["Clear", "Keep"]),
        "maxChangedPercent": st.sampled_from([100, 99, 10]),
        "matching": st.sampled_from(
            [
                {"chartmogulField": "Email", "ambiguous": "UpdateAll"},
                {"chartmogulField": "Email", "ambiguous": "Skip"},
                {"chartmogulField": "ExternalID", "intercomFields": ["external_id", "billing_id"]},
                {"chartmogulField": "UUID", "intercomFields": ["external_id"]},
            ]
        ),
        "intercom": st.sampled_from([{"readPlan": "Auto"}, {"readPlan": "Scan"}, {"readPlan": "Search"}]),
    }
)
SPECS = _SPECS.filter(lambda spec: spec["unmatchedContacts"] == "Keep" or spec["intercom"]["readPlan"] != "Search")
UNHURRIED = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@UNHURRIED
@given(seed=st.integers(0, 1000), faults=FAULTS, spec=SPECS)
def test_counts_add_up_and_the_next_run_finishes_whatever_went_wrong(
    seed: int, faults: list[tuple[Effect, str, int, int]], spec: dict[str, Any]
) -> None:
    async def story() -> None:
        account = SandboxAccount(seed=seed, customers=8, contacts=20)
        async with sandbox_world.world(account) as world:
            for effect, path, skip, times in faults:
                world.faults.inject(effect, path=path, skip=skip, times=times)
            await world.sync(**spec)
            world.faults.clear()
            settled = {**spec, "maxChangedPercent": 100}
            finished = await world.sync(**settled)
            assert finished.outcome is Outcome.SUCCEEDED
            again = await world.sync(**settled)
            assert again.contacts.unchanged == again.contacts.matched == finished.contacts.matched
            assert again.contacts.cleared == 0
            dry = await world.sync(dry_run=True, **settled)
            assert dry.contacts == again.contacts

    asyncio.run(story())
