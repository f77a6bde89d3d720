"""Connect with Intercom, from the address that is printed to the Secret's manifest."""

import base64
import html
import re
import stat
import subprocess
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx2
import pytest
import yaml

from mogulsync.sandbox import ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Respond, Sandbox, Urls
from tests.support.command_line import Ended, call, call_into, finish, start

APP = {"INTERCOM_CLIENT_ID": CLIENT_ID, "INTERCOM_CLIENT_SECRET": CLIENT_SECRET}


def arguments(urls: Urls, *more: str) -> list[str]:
    ours = ["--url", urls.intercom, "--authorize-url", urls.authorize, "--token-url", urls.token]
    return ["connect", "intercom", *ours, "--no-browser", *more]


def address_printed(process: subprocess.Popen[str]) -> str:
    """Return the address that the command asks the person to visit."""
    assert process.stderr is not None
    seen = ""
    for line in process.stderr:
        seen += line
        if line.strip().startswith("http"):
            return line.strip()
    raise AssertionError(f"no address was printed: {seen}")


class Browser:
    """Follows pages and forms as a person's browser does, and does not mind the certificate."""

    def decide(self, address: str, decision: str) -> str:
        """Open the authorize page, press a button; return the address that it leads to."""
        with self._http() as http:
            page = http.get(address)
            assert page.status_code == 200, page.text
            hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
            fields = {name: html.unescape(value) for name, value in hidden.items()}
            answer = http.post(address, data={**fields, "decision": decision})
        assert answer.status_code == 302
        return str(answer.headers["location"])

    def open(self, address: str) -> str:
        """Return the page at an address."""
        with self._http() as http:
            return http.get(address).text

    @staticmethod
    def _http() -> httpx2.Client:
        return httpx2.Client(verify=False, follow_redirects=False, timeout=60)


def token_in(manifest: str) -> str:
    (key, value), *others = yaml.safe_load(manifest)["data"].items()
    assert (key, others) == ("access-token", [])
    return base64.b64decode(value).decode()


def log_in(process: subprocess.Popen[str], decision: str = "approve") -> tuple[Ended, str]:
    """Decide in the browser; return how the command ended, and what the browser showed."""
    browser = Browser()
    shown = browser.open(browser.decide(address_printed(process), decision))
    return finish(process), shown


@pytest.mark.parametrize("callback", ["https://localhost", "https://127.0.0.1", "http://localhost", "http://127.0.0.1"])
def test_a_login_gives_the_manifest_of_a_secret(urls: Urls, callback: str) -> None:
    process = start(*arguments(urls, "--redirect-uri", f"{callback}:0/back", "--namespace", "sales"), env=APP)
    ended, shown = log_in(process)
    assert ended.code == 0, ended.err
    assert "Connected" in shown
    manifest = yaml.safe_load(ended.out)
    assert (manifest["kind"], manifest["metadata"]["name"], manifest["metadata"]["namespace"]) == (
        "Secret",
        "intercom",
        "sales",
    )
    assert token_in(ended.out) == ACCESS_TOKEN
    assert "workspace Sandbox" in ended.err
    assert "region US" in ended.err


def test_the_callback_is_https_localhost_8976_by_default_and_the_port_can_be_changed(urls: Urls) -> None:
    process = start(*arguments(urls, "--port", "0"), env=APP)
    asked = httpx2.URL(address_printed(process)).params["redirect_uri"]
    process.kill()
    finish(process)
    assert urlsplit(asked).scheme == "https"
    assert (urlsplit(asked).hostname, urlsplit(asked).path) == ("localhost", "/callback")
    assert "https://localhost:8976/callback" in call("connect", "intercom", "--help").out.replace("\n", " ")


def test_an_address_that_is_pasted_needs_no_server(urls: Urls) -> None:
    process = start(*arguments(urls, "--redirect-uri", "https://example.com/back"), env=APP)
    ended = finish(process, Browser().decide(address_printed(process), "approve") + "\n")
    assert ended.code == 0, ended.err
    assert token_in(ended.out) == ACCESS_TOKEN
    process = start(*arguments(urls, "--paste"), env=APP)
    ended = finish(process, Browser().decide(address_printed(process), "approve") + "\n")
    assert ended.code == 0, ended.err


def test_denial_exits_4_and_says_so_here_and_in_the_browser(urls: Urls) -> None:
    ended, shown = log_in(start(*arguments(urls, "--port", "0"), env=APP), "deny")
    assert ended.code == 4
    assert "denied" in ended.err
    assert "denied" in shown
    assert not ended.out


def test_a_secret_that_cannot_be_applied_exits_1_and_says_so_here_and_in_the_browser(urls: Urls) -> None:
    apply = ["--apply", "--kubeconfig", "/nowhere/kubeconfig"]
    ended, shown = log_in(start(*arguments(urls, "--port", "0", *apply), env=APP))
    assert ended.code == 1
    for text in (ended.err, shown):
        assert "there is no kubeconfig /nowhere/kubeconfig" in text


def test_a_wrong_state_exits_4(urls: Urls) -> None:
    process = start(*arguments(urls, "--port", "0"), env=APP)
    asked = httpx2.URL(address_printed(process)).params
    shown = Browser().open(f"{asked['redirect_uri']}?{urlencode({'code': 'x', 'state': 'another'})}")
    ended = finish(process)
    assert ended.code == 4
    assert "state" in ended.err
    assert "Not connected" in shown


def test_nobody_coming_back_exits_4(urls: Urls) -> None:
    for how in (["--port", "0"], ["--paste"]):
        process = start(*arguments(urls, *how, "--timeout", "200ms"), env=APP)
        assert process.wait(60) == 4
        assert "--timeout" in finish(process).err


def test_a_refused_client_exits_4(urls: Urls) -> None:
    wrong = {**APP, "INTERCOM_CLIENT_SECRET": "another"}
    ended, shown = log_in(start(*arguments(urls, "--port", "0"), env=wrong))
    assert ended.code == 4
    assert "INTERCOM_CLIENT_SECRET" in ended.err
    assert "Not connected" in shown
    assert "another" not in ended.err + ended.out + shown


def test_a_code_that_is_refused_exits_4(urls: Urls) -> None:
    process = start(*arguments(urls, "--paste"), env=APP)
    state = httpx2.URL(address_printed(process)).params["state"]
    ended = finish(process, f"https://localhost:8976/callback?code=never-given&state={state}\n")
    assert ended.code == 4
    assert "code" in ended.err
    assert "never-given" not in ended.err


@pytest.mark.parametrize("pasted", ["", "hello", "https://localhost:8976/callback"])
def test_what_is_no_answer_of_intercom_is_refused(urls: Urls, pasted: str) -> None:
    process = start(*arguments(urls, "--paste"), env=APP)
    address_printed(process)
    ended = finish(process, f"{pasted}\n")
    assert ended.code in {1, 4}
    assert "again" in ended.err or "address" in ended.err


def test_other_requests_to_the_server_change_nothing(urls: Urls) -> None:
    process = start(*arguments(urls, "--redirect-uri", "http://127.0.0.1:0/back"), env=APP)
    address = address_printed(process)
    browser = Browser()
    there = httpx2.URL(address).params["redirect_uri"]
    assert browser.open(there.replace("/back", "/favicon.ico")) == ""
    assert "Connected" in browser.open(browser.decide(address, "approve"))
    assert finish(process).code == 0


def test_a_private_apps_token_comes_from_standard_input(urls: Urls) -> None:
    ended = call("connect", "intercom", "--url", urls.intercom, "--token", stdin=f"{ACCESS_TOKEN}\n")
    assert ended.code == 0, ended.err
    assert token_in(ended.out) == ACCESS_TOKEN


def test_a_token_that_intercom_does_not_accept_exits_4_and_is_never_shown(urls: Urls) -> None:
    ended = call("connect", "intercom", "--url", urls.intercom, "--token", stdin="dG9rOnNlY3JldA==\n")
    assert ended.code == 4
    assert "does not accept the token" in ended.err
    assert "dG9rOnNlY3JldA==" not in ended.out + ended.err


def test_a_file_that_others_could_read_is_closed_to_them(urls: Urls, tmp_path: Path) -> None:
    path = tmp_path / "secret.yaml"
    path.touch(mode=0o644)
    ended = call_into(path, "connect", "intercom", "--url", urls.intercom, "--token", stdin=ACCESS_TOKEN)
    assert ended.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token_in(ended.out) == ACCESS_TOKEN


@pytest.mark.parametrize(
    ("more", "env", "words"),
    [
        ([], {}, "INTERCOM_CLIENT_ID"),
        ([], {"INTERCOM_CLIENT_ID": CLIENT_ID}, "INTERCOM_CLIENT_SECRET"),
        (["--redirect-uri", "localhost:1/x"], APP, "--redirect-uri"),
        (["--redirect-uri", "https://localhost/x", "--port", "1"], APP, "--port"),
        (["--port", "70000"], APP, "--port"),
        (["--timeout", "5"], APP, "5m"),
        (["--region", "MARS"], APP, "--region"),
        (["--name", "Not A Name"], APP, "--name"),
        (["--token"], APP, "standard input"),
        (["--bogus"], APP, "--bogus"),
    ],
)
def test_a_wrong_command_line_exits_2_and_says_the_fix(
    urls: Urls, more: list[str], env: dict[str, str], words: str
) -> None:
    ended = call(*arguments(urls, *more), env=env)
    assert ended.code == 2
    assert words in ended.err


def test_a_token_endpoint_that_is_down_exits_1(urls: Urls, sandbox: Sandbox) -> None:
    sandbox.faults.inject(Respond(503), path="/oauth/token")
    process = start(*arguments(urls, "--token-url", "http://127.0.0.1:9/token", "--port", "0"), env=APP)
    ended, shown = log_in(process)
    assert ended.code == 1
    assert "token endpoint" in ended.err
    assert "Not connected" in shown


def test_a_port_that_is_taken_exits_1_and_says_the_fix(urls: Urls) -> None:
    taken = urlsplit(urls.intercom).port
    ended = call(*arguments(urls, "--redirect-uri", f"http://127.0.0.1:{taken}/x"), env=APP)
    assert ended.code == 1
    assert "--redirect-uri" in ended.err
