"""A refusal says why: the API's error code and the words of its message that hold no data."""

from mogulsync.sandbox import Respond
from tests.support.sandbox_world import WRITES, World


async def test_the_report_gives_the_code_and_the_harmless_words_of_the_first_refusal(world: World) -> None:
    world.pairs(2)
    await world.sync()
    for uuid in world.uuids():
        world.account.change_customer(uuid, {"mrr": 5})
    message = "Custom attribute 'ann@example.com' is too long"
    body = {"type": "error.list", "errors": [{"code": "parameter_invalid", "message": message}]}
    world.faults.inject(Respond(400, body=body), method="PUT", path=WRITES)
    report = await world.sync()
    assert [(error.reason, error.count) for error in report.errors] == [("Rejected", 2)]
    detail = report.errors[0].detail or ""
    assert "parameter_invalid" in detail
    assert "attribute … is too long" in detail
    assert "ann" not in detail


async def test_a_refusal_of_subscriptions_says_why_too(world: World) -> None:
    world.pairs(1)
    body = {"code": 400, "message": "customer is invalid", "param": "customer_uuid"}
    world.faults.inject(Respond(400, body=body), path="/customers/[^/]+/subscriptions")
    report = await world.sync(fields=[{"source": "Plan"}])
    assert "customer is invalid" in (report.errors[0].detail or "")
