"""The command line of `mogulsync operator`."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mogulsync.commands import operator
from mogulsync.controller.options import OperatorOptions


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[OperatorOptions]:
    """What the operator is started with, in place of its start."""
    options: list[OperatorOptions] = []
    monkeypatch.setattr(operator, "_run", options.append)
    return options


def run(*arguments: str, **environment: str | None) -> Result:
    return CliRunner().invoke(operator.command, arguments, env={"MOGULSYNC_IMAGE": None, **environment})


def test_without_options_it_serves_all_namespaces_and_elects_a_leader(started: list[OperatorOptions]) -> None:
    assert run(MOGULSYNC_IMAGE="img").exit_code == 0
    (options,) = started
    assert (options.image, options.namespaces, options.leader_elect) == ("img", (), True)
    assert (str(options.metrics_address), str(options.health_address)) == (":8080", ":8081")
    assert options.lease_name == "mogulsync"
    assert options.job.model_dump(exclude_unset=True) == {}


def test_every_option_is_taken(started: list[OperatorOptions], tmp_path: Path) -> None:
    defaults = tmp_path / "jobs.yaml"
    defaults.write_text("resources: {limits: {memory: 256Mi}}\nenv: [{name: HTTPS_PROXY, value: 'http://proxy'}]\n")
    result = run(
        *("--image", "img", "--namespace", "crm", "--namespace", "sales", "--namespace", "crm"),
        *("--metrics-address", "127.0.0.1:1", "--health-address", "[::1]:2", "--lease-name", "two"),
        *("--log-level", "warning", "--no-leader-elect", "--job-defaults", str(defaults)),
    )
    assert result.exit_code == 0, result.output
    (options,) = started
    assert options.namespaces == ("crm", "sales")
    assert (options.metrics_address.port, options.health_address.port) == (1, 2)
    assert (options.lease_name, options.leader_elect) == ("two", False)
    assert options.job.model_dump(by_alias=True, exclude_unset=True) == {
        "resources": {"limits": {"memory": "256Mi"}},
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy"}],
    }


def test_an_empty_file_of_defaults_sets_nothing(started: list[OperatorOptions], tmp_path: Path) -> None:
    (tmp_path / "jobs.yaml").write_text("# nothing yet\n")
    assert run("--image", "img", "--job-defaults", str(tmp_path / "jobs.yaml")).exit_code == 0
    assert started[0].job.model_dump(exclude_unset=True) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"resource: {}", "job.resource: unknown field, did you mean resources?"),
        (b"resources: {limit: {}}", "job.resources.limit: unknown field, did you mean limits?"),
        (b"nodeSelector: [a]", "job.nodeSelector"),
        (b"- a", "is not a mapping"),
        (b"a: b: c", "not valid YAML or JSON at line 1"),
        (b"{}\n---\n{}", "holds 2 documents"),
        (b"activeDeadlineSeconds: 0", "job.activeDeadlineSeconds: 0"),
        (b"securityContext: {runAsUser: 0}", "job.securityContext.runAsUser"),
        (b"env: [{name: INTERCOM_ACCESS_TOKEN, value: hunter2}]", "job.env"),
        (b"\xff\xfe", "no text in UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_wrong_defaults_end_it_with_exit_2_and_say_the_fix(
    started: list[OperatorOptions], tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "jobs.yaml"
    if content is not None:
        path.write_bytes(content)
    result = run("--image", "img", "--job-defaults", str(path))
    assert result.exit_code == 2
    assert words in result.output
    assert "jobs.yaml" in result.output
    assert "hunter2" not in result.output
    assert started == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "MOGULSYNC_IMAGE"),
        (("--image", "x", "--log-level", "loud"), "debug"),
        (("--image", "x", "--lease-name", "No Name"), "--lease-name"),
        (("--image", "x", "--namespace", "a/b"), "--namespace"),
        (("--image", "x", "--health-address", "localhost:http"), "HOST:PORT"),
    ],
)
def test_a_wrong_command_line_is_exit_2_and_names_the_fix(
    started: list[OperatorOptions], arguments: tuple[str, ...], words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert started == []


@pytest.mark.parametrize("option", ["--job-defaults", "--lease-name", "--log-level", "--namespace", "Examples:"])
def test_help_names_every_option_and_has_examples(option: str) -> None:
    assert option in run("--help").output
