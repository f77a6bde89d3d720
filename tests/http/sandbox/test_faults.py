import time
from typing import Any

import httpx2
import pytest

from mogulsync.sandbox import Delay, Drop, RepeatFirstPage, Respond, Rewrite, Sandbox, SandboxAccount, Truncate


@pytest.mark.parametrize(
    ("effect", "status", "text"),
    [
        (Respond(503), 503, "service_unavailable"),
        (Respond(403), 403, "forbidden"),
        (Respond(502, "<html>Bad Gateway</html>"), 502, "<html>Bad Gateway</html>"),
        (Respond(200, b"\xff\xfe"), 200, ""),
        (Respond(200, {"type": "list"}), 200, '{"type":"list"}'),
    ],
)
async def test_another_answer_is_given(
    intercom: httpx2.AsyncClient, sandbox: Sandbox, effect: Respond, status: int, text: str
) -> None:
    sandbox.faults.inject(effect)
    answer = await intercom.get("/me")
    assert answer.status_code == status
    assert text in answer.text


async def test_it_may_bring_headers_of_its_own(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Respond(429, headers={"Retry-After": "2", "X-RateLimit-Remaining": "0"}))
    answer = await intercom.get("/me")
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining"]) == ("2", "0")


async def test_a_fault_skips_applies_and_passes(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    fault = sandbox.faults.inject(Respond(500), method="GET", path="/contacts/.*|/me", skip=1, times=2)
    statuses = [(await intercom.get("/me")).status_code for _ in range(4)]
    others = [(await intercom.get("/contacts")).status_code, (await intercom.post("/contacts/search")).status_code]
    assert statuses == [200, 500, 500, 200]
    assert others == [200, 400]
    assert (fault.matched_count, fault.applied_count) == (4, 2)
    sandbox.faults.inject(Respond(500))
    sandbox.faults.clear()
    assert (await intercom.get("/me")).status_code == 200


async def test_a_fault_of_one_api_leaves_the_other_alone(
    intercom: httpx2.AsyncClient, chartmogul: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    sandbox.faults.inject(Respond(500), api="chartmogul")
    assert [(await chartmogul.get("/ping")).status_code, (await intercom.get("/me")).status_code] == [500, 200]


@pytest.mark.parametrize(("effect", "stored"), [(Drop(), None), (Drop(after_handling=True), 5.0), (Truncate(9), 5.0)])
async def test_a_broken_connection_may_have_written_or_not(
    intercom: httpx2.AsyncClient,
    sandbox: Sandbox,
    account: SandboxAccount,
    effect: Drop | Truncate,
    stored: float | None,
) -> None:
    contact = next(contact for _, contact in account.contacts())
    sandbox.faults.inject(effect, method="PUT")
    with pytest.raises(httpx2.RemoteProtocolError):
        await intercom.put(f"/contacts/{contact.id}", json={"custom_attributes": {"lifetime_value": 5.0}})
    after = account.contact(contact.id)
    assert after
    assert after.custom_attributes.get("lifetime_value") == stored
    assert (await intercom.get("/me")).status_code == 200


async def test_an_answer_may_be_late(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Delay(0.2), times=1)
    began = time.monotonic()
    assert (await intercom.get("/me")).status_code == 200
    assert time.monotonic() - began >= 0.2


async def test_an_answer_may_be_rewritten(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    def same_cursor(body: Any) -> Any:
        return body | {"pages": body["pages"] | {"next": {"starting_after": "again"}}}

    sandbox.faults.inject(Rewrite(same_cursor), path="/contacts", times=1)
    assert (await intercom.get("/contacts")).json()["pages"]["next"] == {"starting_after": "again"}


async def test_a_fault_may_look_at_the_body(
    intercom: httpx2.AsyncClient, sandbox: Sandbox, account: SandboxAccount
) -> None:
    first = next(contact for _, contact in account.contacts())
    path = f"/contacts/{first.id}"
    sandbox.faults.inject(Respond(400), method="PUT", body=lambda sent: "crm_id" in sent["custom_attributes"])
    statuses = [
        (await intercom.put(path, json=body)).status_code
        for body in (
            {"custom_attributes": {"crm_id": "7", "newsletter": True}},
            {"custom_attributes": {"newsletter": True}},
            {},
        )
    ]
    assert statuses == [400, 200, 200]
    after = account.contact(first.id)
    assert after
    assert after.custom_attributes == {**first.custom_attributes, "newsletter": True}


async def test_a_later_page_may_repeat_the_first(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(RepeatFirstPage(), method="POST", path="/contacts/search")
    query = {"field": "role", "operator": "=", "value": "user"}
    first = (await intercom.post("/contacts/search", json={"query": query, "pagination": {"per_page": 5}})).json()
    paging = {"per_page": 5, "starting_after": first["pages"]["next"]["starting_after"]}
    second = (await intercom.post("/contacts/search", json={"query": query, "pagination": paging})).json()
    assert second["data"] == first["data"]
    assert second["pages"]["page"] == 2
    assert second["pages"]["next"] != first["pages"]["next"]


async def test_the_list_may_repeat_its_first_page_too(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(RepeatFirstPage(), method="GET", path="/contacts", skip=1, times=1)
    first = (await intercom.get("/contacts", params={"per_page": 5})).json()
    after = first["pages"]["next"]["starting_after"]
    second = (await intercom.get("/contacts", params={"per_page": 5, "starting_after": after})).json()
    assert second["data"] == first["data"]


async def test_retry_after_comes_beside_what_remains(intercom: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Respond(429, headers={"Retry-After": "2"}), times=1)
    answer = await intercom.get("/me")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


async def test_the_request_log_holds_method_path_and_status(
    intercom: httpx2.AsyncClient, chartmogul: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    await intercom.get("/me")
    await intercom.get("/contacts/nobody")
    await chartmogul.get("/customers?per_page=1")
    assert [(each.api, each.method, each.path, each.status) for each in sandbox.requests] == [
        ("intercom", "GET", "/me", 200),
        ("intercom", "GET", "/contacts/nobody", 404),
        ("chartmogul", "GET", "/customers", 200),
    ]
    assert sandbox.requests.count(api="intercom", path="/contacts/.*", status=404) == 1
    sandbox.requests.clear()
    assert sandbox.requests.count() == 0
