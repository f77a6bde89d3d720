"""Requests to the sandbox with any JSON anywhere in them: no answer is the server's failure, and each is JSON."""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote

import httpx2
from hypothesis import given, settings
from hypothesis import strategies as st

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, CLIENT_ID, CLIENT_SECRET, Sandbox, SandboxAccount, SandboxOptions
from mogulsync.sandbox.pagination import cursor
from tests.support.any_json import json_texts, paths, with_text

ATTRIBUTES = ("billing_id", "account_number", "trial_ends_at", "newsletter", "lifetime_value", "support_tier")
FIELDS = ("email", "role", "created_at", "signed_up_at", *(f"custom_attributes.{name}" for name in ATTRIBUTES))
OPERATORS = ("=", "!=", "IN", "NIN", "<", ">", "<=", "~", "^")
CONTACT = next(contact.id for _, contact in SandboxAccount(customers=5, contacts=8).contacts())
UPDATE: dict[str, Any] = {
    **dict.fromkeys(("email", "external_id", "name", "phone"), "x"),
    "role": "user",
    "custom_attributes": {},
}
ATTRIBUTE: dict[str, Any] = {
    "name": "odd",
    "model": "contact",
    "data_type": "options",
    "description": "x",
    "options": [{"value": "a"}, {"value": "b"}],
    "messenger_writable": True,
    "archived": False,
}
TOKEN = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": "x", "redirect_uri": "x"}
FORMS = st.fixed_dictionaries({"iso_dates": st.booleans(), "escape_html": st.booleans()})
INTERCOM = f"Bearer {ACCESS_TOKEN}"
CHARTMOGUL = f"Basic {base64.b64encode(f'{API_KEY}:'.encode()).decode()}"
LISTS = (
    "/chartmogul/v1/customers",
    "/chartmogul/v1/customers?system=Stripe",
    "/chartmogul/v1/customers/search?email=x",
    "/chartmogul/v1/invoices",
    "/chartmogul/v1/plans",
    "/intercom/contacts",
)


@st.composite
def searches(draw: st.DrawFn) -> tuple[str, str, Any]:
    field, operator = draw(st.sampled_from(FIELDS)), draw(st.sampled_from(OPERATORS))
    body: dict[str, Any] = {
        "query": {"field": field, "operator": operator, "value": ["x"] if operator in ("IN", "NIN") else "x"},
        "pagination": {"per_page": 2, "starting_after": cursor(0, 0, 1)},
    }
    if draw(st.booleans()):
        body["query"] = {"operator": "AND", "value": [body["query"]]}
    if draw(st.booleans()):
        body["sort"] = {"field": "created_at", "order": "ascending"}
    return "POST", "/contacts/search", body


BODIES = searches() | st.sampled_from(
    [
        ("POST", "/contacts", UPDATE),
        ("PUT", f"/contacts/{CONTACT}", UPDATE),
        *(("PUT", f"/contacts/{CONTACT}", {"custom_attributes": {name: None}}) for name in ATTRIBUTES),
        ("POST", "/data_attributes", ATTRIBUTE),
        ("PUT", "/data_attributes/41", ATTRIBUTE),
        ("POST", "/auth/eagle/token", TOKEN),
    ]
)


async def answers(account: SandboxAccount, requests: list[tuple[str, str, str | None]], **options: Any) -> None:
    """Make the requests in order, in this process, so that an exception of the sandbox reaches the test."""
    sandbox = Sandbox(account, SandboxOptions(intercom_limit=None, chartmogul_limit=None, **options))
    transport = httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        for method, path, content in requests:
            credentials = INTERCOM if path.startswith("/intercom") else CHARTMOGUL
            headers = {"Content-Type": "application/json", "Authorization": credentials}
            answer = await client.request(method, path, content=content, headers=headers)
            assert answer.status_code < 500, (method, path, content)
            json.loads(answer.content, parse_constant=_no_json)


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def _no_json(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@settings(max_examples=150)
@given(request=BODIES, text=json_texts, form=FORMS, data=st.data())
def test_any_json_in_a_body_is_taken_or_refused(
    request: tuple[str, str, Any], text: str, form: dict[str, bool], data: st.DataObject
) -> None:
    method, path, body = request
    content = with_text(body, data.draw(st.sampled_from(list(paths(body)))), text)
    by_date = {"query": {"field": "custom_attributes.trial_ends_at", "operator": ">", "value": 0}}
    requests: list[tuple[str, str, str | None]] = [
        (method, f"/intercom{path}", content),
        ("GET", "/intercom/contacts", None),  # what was stored can be given, and searched
        ("GET", "/intercom/data_attributes", None),
        ("POST", "/intercom/contacts/search", json.dumps(by_date)),
    ]
    asyncio.run(answers(SandboxAccount(customers=5, contacts=8), requests, **form))


@settings(max_examples=150)
@given(
    path=st.sampled_from(LISTS),
    name=st.sampled_from(["page", "per_page", "cursor", "starting_after"]),
    text=json_texts | st.integers(min_value=0).map(str),
    wrapped=st.sampled_from([None, 1, 2]),
)
def test_any_page_is_given_or_refused(path: str, name: str, text: str, wrapped: int | None) -> None:
    value = text if wrapped is None else _base64(with_text([1] * wrapped, (0,), text))
    url = f"{path}{'&' if '?' in path else '?'}{name}={quote(value)}"
    asyncio.run(answers(SandboxAccount(customers=5, contacts=8), [("GET", url, None)]))
