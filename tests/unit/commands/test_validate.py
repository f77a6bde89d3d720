"""`mogulsync validate`, as a user runs it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.destinations import destination, field_list

Run = Callable[..., "subprocess.CompletedProcess[str]"]
EXAMPLES = Path(__file__).parents[3] / "examples"
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"api-key": "hush"}}
GOOD = destination()
BAD = destination({"metadata.name": "staging", "spec.schedule": "@daily"} | field_list("MRR", "MRR"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `mogulsync validate` in an empty folder."""

    def run(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(  # noqa: S603 - ours
            [sys.executable, "-m", "mogulsync", "validate", *arguments],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def write(folder: Path, name: str, *documents: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump_all(documents))


def test_right_manifest_is_named_and_exits_0(run: Run, tmp_path: Path) -> None:
    write(tmp_path, "good.yaml", GOOD)
    ended = run("good.yaml")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "good.yaml: production: valid\n", "")


def test_wrong_manifest_is_named_with_every_problem_and_exits_1(run: Run, tmp_path: Path) -> None:
    write(tmp_path, "all.yaml", GOOD, BAD)
    ended = run("all.yaml")
    assert ended.returncode == 1
    assert ended.stdout == "all.yaml: production: valid\n"
    problems = ended.stderr.splitlines()
    assert len(problems) == 2
    assert problems[0] == "all.yaml: staging: spec.fields: MRR is named twice; name each source once"
    assert problems[1].startswith('all.yaml: staging: spec.schedule: "@daily": must be five cron fields')


def test_json_and_standard_input_are_read(run: Run) -> None:
    assert run("-", stdin=json.dumps(GOOD)).stdout == "standard input: production: valid\n"


def test_list_that_kubectl_prints_is_read(run: Run) -> None:
    ended = run("-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": [GOOD, SECRET, BAD]}))
    assert ended.returncode == 1
    assert ended.stdout == "standard input: production: valid\n"
    assert "standard input: staging: spec.fields" in ended.stderr


def test_folders_are_searched_and_other_kinds_and_hidden_files_passed_over(run: Run, tmp_path: Path) -> None:
    write(tmp_path, "deploy/secret.yaml", SECRET)
    write(tmp_path, "deploy/eu/one.yml", SECRET, GOOD)
    write(tmp_path, "deploy/two.json", destination({"metadata.name": "two"}))
    write(tmp_path, "deploy/.git/three.yaml", BAD)
    (tmp_path / "deploy" / "README.md").write_text("spec: [")
    ended = run("deploy")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "deploy/eu/one.yml: production: valid\ndeploy/two.json: two: valid\n"


def test_folder_without_any_destination_is_fine(run: Run, tmp_path: Path) -> None:
    write(tmp_path, "deploy/secret.yaml", SECRET)
    ended = run("deploy")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["secret.yaml"], "", "secret.yaml holds no IntercomDestination"),
        (["-"], "", "standard input holds no IntercomDestination"),
        (["-"], "just words", "standard input holds no IntercomDestination"),
        (["good.yaml", "secret.yaml"], "", "secret.yaml holds no IntercomDestination"),
        (["nowhere.yaml"], "", "cannot read nowhere.yaml: No such file or directory"),
        ([], "", "Missing argument 'FILE...'"),
        (["--output", "xml", "good.yaml"], "", "'xml' is not one of 'json', 'yaml'"),
    ],
)
def test_file_without_a_destination_and_a_wrong_command_line_exit_2(
    run: Run, tmp_path: Path, arguments: list[str], stdin: str, said: str
) -> None:
    write(tmp_path, "secret.yaml", SECRET)
    write(tmp_path, "good.yaml", GOOD)
    ended = run(*arguments, stdin=stdin)
    assert ended.returncode == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            destination({"apiVersion": "mogulsync.dev/v1beta1"}),
            'apiVersion: "mogulsync.dev/v1beta1" is not mogulsync.dev/v1alpha1',
        ),
        (destination({"kind": "IntercomDestinaton"}), 'kind: "IntercomDestinaton" is not IntercomDestination'),
        (destination({"apiVersion": "v1"}), 'apiVersion: "v1" is not mogulsync.dev/v1alpha1'),
        (destination({"spec.colour": "red"}), "spec.colour: unknown field"),
        (destination({"spec.job": {"hostNetwork": True}}), "spec.job.hostNetwork: unknown field"),
    ],
)
def test_what_is_nearly_a_destination_is_refused(run: Run, document: dict[str, Any], said: str) -> None:
    ended = run("-", stdin=json.dumps(document))
    assert ended.returncode == 1
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"spec: [", "broken.yaml: not valid YAML or JSON at line 1, column 8"),
        (b"\xff\xfe", "broken.yaml: not UTF-8 text"),
    ],
)
def test_file_that_cannot_be_read_is_wrong(run: Run, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "broken.yaml").write_bytes(content)
    for argument in ("broken.yaml", "."):
        ended = run(argument)
        assert ended.returncode == 1
        assert said in ended.stderr


@pytest.mark.parametrize(("output", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_output_for_programs_has_every_destination(
    run: Run, tmp_path: Path, output: str, load: Callable[[str], Any]
) -> None:
    write(tmp_path, "all.yaml", GOOD, BAD)
    ended = run("all.yaml", "-o", output)
    assert (ended.returncode, ended.stderr) == (1, "")
    first, second = load(ended.stdout)
    assert first == {"file": "all.yaml", "name": "production", "problems": []}
    assert (second["name"], len(second["problems"])) == ("staging", 2)


def test_every_example_is_valid(run: Run) -> None:
    ended = run(str(EXAMPLES))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "03-every-field.yaml: every-field: valid" in ended.stdout
