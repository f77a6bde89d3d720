from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from mogulsync.sandbox import (
    ACCESS_TOKEN,
    API_KEY,
    CLIENT_ID,
    CLIENT_SECRET,
    Respond,
    Sandbox,
    SandboxAccount,
    SandboxOptions,
    Urls,
)

CALLBACK = "http://127.0.0.1:9/callback"
ASKED = {"client_id": CLIENT_ID, "state": "s&t", "redirect_uri": CALLBACK}


async def test_revoked_credentials_are_refused(
    intercom: httpx2.AsyncClient, chartmogul: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    assert [(await intercom.get("/me")).status_code, (await chartmogul.get("/ping")).status_code] == [200, 200]
    account.revoke_token()
    account.revoke_api_key()
    assert [(await intercom.get("/me")).status_code, (await chartmogul.get("/ping")).status_code] == [401, 401]


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", f"Bearer {API_KEY}", "Basic d3Jvbmc6"])
async def test_chartmogul_wants_the_key_as_the_user_name(urls: Urls, header: str) -> None:
    async with httpx2.AsyncClient() as client:
        answer = await client.get(f"{urls.chartmogul}/ping", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == 401


def answer_of(redirect: httpx2.Response) -> dict[str, str]:
    assert redirect.status_code == 302
    assert redirect.headers["location"].startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(redirect.headers["location"]).query).items()}


@pytest.mark.parametrize("as_form", [False, True])
async def test_a_person_who_agrees_gets_the_app_a_token_once(urls: Urls, as_form: bool) -> None:  # noqa: FBT001 - a table
    async with httpx2.AsyncClient() as client:
        page = await client.get(urls.authorize, params=ASKED)
        assert "s&amp;t" in page.text
        answer = answer_of(await client.post(urls.authorize, params=ASKED, data={"decision": "approve"}))
        assert answer["state"] == "s&t"
        wanted = {"code": answer["code"], "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        ask: dict[str, Any] = {"data": wanted} if as_form else {"json": wanted}
        token = await client.post(urls.token, **ask)
        assert token.json() == {"token_type": "Bearer", "token": ACCESS_TOKEN, "access_token": ACCESS_TOKEN}
        assert (await client.post(urls.token, **ask)).status_code == 400


async def test_without_a_browser_the_decision_goes_into_the_query(urls: Urls) -> None:
    async with httpx2.AsyncClient() as client:
        agreed = answer_of(await client.get(urls.authorize, params={**ASKED, "decision": "approve"}))
        refused = answer_of(await client.get(urls.authorize, params={**ASKED, "decision": "deny"}))
    assert set(agreed) == {"code", "state"}
    assert refused == {"error": "access_denied", "state": "s&t"}


async def test_a_new_token_works_after_the_old_one_was_revoked(
    urls: Urls, intercom: httpx2.AsyncClient, account: SandboxAccount
) -> None:
    account.revoke_token()
    async with httpx2.AsyncClient() as client:
        answer = answer_of(await client.get(urls.authorize, params={**ASKED, "decision": "approve"}))
        wanted = {"code": answer["code"], "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        await client.post(urls.token, json=wanted)
    assert (await intercom.get("/me")).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"client_id": "another"}, 401),
        ({"client_secret": "wrong"}, 401),
        ({"code": "made up"}, 400),
    ],
)
async def test_a_wrong_exchange_gets_no_token(urls: Urls, wrong: dict[str, str], status: int) -> None:
    wanted = {"code": "x", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **wrong}
    async with httpx2.AsyncClient() as client:
        assert (await client.post(urls.token, json=wanted)).status_code == status


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def code_for(client: httpx2.AsyncClient, urls: Urls) -> str:
    agreed = answer_of(await client.get(urls.authorize, params={**ASKED, "decision": "approve"}))
    return agreed["code"]


class TestWhereCodesExpire:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def options(self, clock: Clock) -> SandboxOptions:
        return SandboxOptions(oauth_code_lifetime=60, clock=clock)

    @pytest.mark.parametrize(("passed", "status"), [(59, 200), (60, 400)])
    async def test_a_code_works_for_its_lifetime(self, urls: Urls, clock: Clock, passed: float, status: int) -> None:
        async with httpx2.AsyncClient() as client:
            wanted = {"code": await code_for(client, urls), "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
            clock.now += passed
            assert (await client.post(urls.token, json=wanted)).status_code == status


@pytest.mark.parametrize(("redirect_uri", "status"), [(CALLBACK, 200), ("http://127.0.0.1:9/other", 400)])
async def test_a_code_is_for_the_redirect_uri_that_it_was_sent_to(urls: Urls, redirect_uri: str, status: int) -> None:
    async with httpx2.AsyncClient() as client:
        wanted = {
            "code": await code_for(client, urls),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri,
        }
        assert (await client.post(urls.token, data=wanted)).status_code == status


async def test_the_page_has_a_button_to_agree_and_one_to_deny(urls: Urls) -> None:
    async with httpx2.AsyncClient() as client:
        page = await client.get(urls.authorize, params=ASKED)
        assert '<button type="submit" name="decision" value="approve">Authorize access</button>' in page.text
        assert '<button type="submit" name="decision" value="deny">Deny</button>' in page.text
        assert page.headers["cache-control"] == "no-store"
        denied = answer_of(await client.post(urls.authorize, data={**ASKED, "decision": "deny"}))
    assert denied == {"error": "access_denied", "state": "s&t"}


async def test_faults_reach_the_page_and_the_token_endpoint(urls: Urls, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Respond(503), api="intercom", path="/auth/eagle/token", times=1)
    sandbox.faults.inject(Respond(500, "<h1>Oops</h1>"), api="intercom", path="/oauth", times=1)
    async with httpx2.AsyncClient() as client:
        assert (await client.get(urls.authorize, params=ASKED)).text == "<h1>Oops</h1>"
        assert (await client.post(urls.token, json={})).status_code == 503


@pytest.mark.parametrize("wrong", [{"client_id": "another"}, {"redirect_uri": "javascript:x"}, {"redirect_uri": ""}])
async def test_a_wrong_app_gets_no_page(urls: Urls, wrong: dict[str, str]) -> None:
    async with httpx2.AsyncClient() as client:
        assert (await client.get(urls.authorize, params={**ASKED, **wrong})).status_code == 400
