"""What a person reads when the cluster cannot be used: one line, with the fix."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import Ended, call

Mogulsync = Callable[..., Ended]
COMMANDS = (["status"], ["status", "x"], ["sync-now", "x"], ["check-now", "x"], ["suspend", "x"], ["logs", "x"])


@pytest.mark.parametrize("command", [*COMMANDS, ["doctor"]], ids=" ".join)
def test_an_unreachable_cluster(command: list[str], tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}], users: [{name: u, user: {token: t}}]}"
    )
    ended = call(*command, "--kubeconfig", str(config))
    assert ended.code == 1
    told = ended.err + ended.out
    assert "https://127.0.0.1:9 is not reached" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kubeconfig", "/nowhere/config"], "there is no kubeconfig /nowhere/config"),
        (["--kubeconfig", "/dev/null"], "cannot be read"),
        (["--context", "nowhere"], "no usable context nowhere"),
        (["--namespace", "nowhere-at-all"], "there is no namespace nowhere-at-all"),
    ],
)
def test_a_way_that_leads_nowhere(mogulsync: Mogulsync, arguments: list[str], words: str) -> None:
    ended = mogulsync("status", "production", *arguments)
    assert ended.code == 1
    assert words in ended.err


def test_no_rights_at_all(mogulsync: Mogulsync, person: Callable[..., Path], namespace: str) -> None:
    nobody = person("nobody")
    for command in COMMANDS:
        ended = mogulsync(*command, kubeconfig=nobody)
        assert ended.code == 1
        assert f"no right to {'list pods' if command[0] == 'logs' else ''}" in ended.err
        assert f"in namespace {namespace}" in ended.err
        assert f"system:serviceaccount:{namespace}:nobody" in ended.err
