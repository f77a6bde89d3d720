"""Connect with Intercom in a real browser, and on a terminal."""

import sys

import pytest

from mogulsync.sandbox import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Urls
from tests.support.chromium import chromium
from tests.support.command_line import call_on_terminal, environment, finish, start

APP = {"INTERCOM_CLIENT_ID": CLIENT_ID, "INTERCOM_CLIENT_SECRET": CLIENT_SECRET}


@pytest.mark.parametrize(
    ("button", "shown", "code"), [("Authorize access", "Connected", 0), ("Deny", "Not connected", 4)]
)
def test_a_person_logs_in_with_chromium(urls: Urls, button: str, shown: str, code: int) -> None:
    ours = ["--url", urls.intercom, "--authorize-url", urls.authorize, "--token-url", urls.token]
    with chromium() as browser:
        process = start("connect", "intercom", *ours, "--no-browser", "--port", "0", env=APP)
        assert process.stderr is not None
        address = next(line.strip() for line in process.stderr if line.strip().startswith("http"))
        page = browser.new_context(ignore_https_errors=True).new_page()
        page.goto(address)
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name=shown, exact=True).wait_for()
        assert page.url.startswith("https://localhost:")
    ended = finish(process)
    assert ended.code == code, ended.err
    assert ACCESS_TOKEN not in ended.err


@pytest.mark.parametrize("side", ["intercom", "chartmogul"])
def test_a_manifest_is_never_written_to_a_terminal(urls: Urls, side: str) -> None:
    arguments = ["--url", urls.intercom, "--token"] if side == "intercom" else ["--url", urls.chartmogul]
    program = [sys.executable, "-m", "mogulsync", "connect", side, *arguments]
    ended = call_on_terminal(program, columns=100, env=environment({}))
    assert (ended.code, ended.out) == (2, "")
    assert "--apply" in ended.err
    assert "redirect" in ended.err
