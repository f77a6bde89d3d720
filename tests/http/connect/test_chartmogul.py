"""The ChartMogul API key, from standard input to the Secret's manifest."""

import base64

import yaml

from mogulsync.sandbox import API_KEY, Respond, Sandbox, Urls
from tests.support.command_line import call


def test_a_key_is_verified_and_gives_the_manifest_of_a_secret(urls: Urls) -> None:
    ended = call("connect", "chartmogul", "--url", urls.chartmogul, "--name", "other", stdin=f"{API_KEY}\n")
    assert ended.code == 0, ended.err
    manifest = yaml.safe_load(ended.out)
    assert manifest["metadata"]["name"] == "other"
    assert base64.b64decode(manifest["data"]["api-key"]).decode() == API_KEY
    assert API_KEY not in ended.err


def test_a_key_that_chartmogul_does_not_accept_exits_4_and_is_never_shown(urls: Urls) -> None:
    ended = call("connect", "chartmogul", "--url", urls.chartmogul, stdin="wrong-key")
    assert ended.code == 4
    assert "does not accept the key" in ended.err
    assert "wrong-key" not in ended.out + ended.err


def test_a_subscription_that_has_ended_exits_4_and_is_not_taken_for_a_wrong_key(sandbox: Sandbox, urls: Urls) -> None:
    sandbox.faults.inject(Respond(402), api="chartmogul")
    ended = call("connect", "chartmogul", "--url", urls.chartmogul, stdin=API_KEY)
    assert ended.code == 4
    assert "renew the subscription of the ChartMogul account" in ended.err
    assert "get a new one" not in ended.err


def test_no_key_or_something_else_exits_2(urls: Urls) -> None:
    for stdin in ("", " \n", "two words", "two\nlines"):
        ended = call("connect", "chartmogul", "--url", urls.chartmogul, stdin=stdin)
        assert ended.code == 2
        assert "standard input" in ended.err


def test_an_api_that_is_not_reached_exits_1() -> None:
    ended = call("connect", "chartmogul", "--url", "http://127.0.0.1:9/v1", stdin="key")
    assert ended.code == 1
    assert "--url" in ended.err
