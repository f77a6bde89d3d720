"""The worker's command line: what it reads, what it prints, and how it exits."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Respond
from tests.support.worker_process import Worker


def test_a_sync_reports_sums_up_and_exits_0(worker: Worker) -> None:
    ended = worker.run("sync", "--destination", worker.file())
    assert ended.code == 0
    assert ended.report is not None
    assert ended.report["outcome"] == "Succeeded"
    assert ended.report["contacts"]["updated"] > 30
    assert ended.out.startswith(f"Succeeded: {ended.report['message']}\n")
    assert ended.log[-1]["message"] == "run ended"
    assert all(set(line) >= {"time", "level", "logger", "message"} for line in ended.log)


def test_nothing_that_leaves_the_worker_holds_a_credential_or_an_address(worker: Worker) -> None:
    worker.sandbox.faults.inject(Respond(400), method="PUT", times=3)
    ended = worker.run("sync", "--destination", worker.file(fields=[{"source": "Email"}]), "--progress", "json")
    told = ended.out + ended.err + json.dumps(ended.report)
    for secret in (API_KEY, ACCESS_TOKEN, "@", "example.com"):
        assert secret not in told


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_the_manifest_may_come_from_standard_input_or_the_environment(worker: Worker, dry_run: list[str]) -> None:
    manifest = json.dumps(worker.manifest())
    piped = worker.run("sync", "--destination", "-", *dry_run, stdin=manifest)
    assert piped.code == 0
    inline = worker.run("sync", *dry_run, env={"MOGULSYNC_DESTINATION": manifest})
    assert inline.code == 0
    assert piped.report is not None
    assert inline.report is not None
    assert piped.report["dryRun"] is inline.report["dryRun"] is bool(dry_run)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"futureThing": 1}, "spec.futureThing"),
        ({"fields": [{"source": "FutureSource"}]}, "spec.fields[0].source"),
        ({"matching": {"chartmogulField": "FutureField"}}, "spec.matching.chartmogulField"),
    ],
)
def test_an_older_worker_names_what_it_does_not_know_and_that_its_image_is_old(
    worker: Worker, changes: dict[str, Any], named: str
) -> None:
    manifest = json.dumps(worker.manifest(**changes))
    by_operator = worker.run("sync", env={"MOGULSYNC_DESTINATION": manifest})
    assert by_operator.code == 2
    assert by_operator.report is not None
    assert by_operator.report["reason"] == "InvalidDestination"
    assert f"does not know {named}: the worker's image is older than the operator's" in by_operator.report["message"]
    by_a_person = worker.run("sync", "--destination", "-", stdin=manifest)
    assert by_a_person.report is not None
    assert "older" not in by_a_person.report["message"]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_standard_stream_that_is_closed_is_an_empty_one(worker: Worker, closed: str) -> None:
    command = f'"$@" check --destination - --report "{worker.report}" {closed}'
    process = subprocess.run(  # noqa: S603 - the program under test
        ["sh", "-c", command, "sh", sys.executable, "-m", "mogulsync"],  # noqa: S607 - any sh
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 2
    assert json.loads(worker.report.read_text())["reason"] == "InvalidDestination"


@pytest.mark.parametrize(
    ("args", "env", "reason", "named"),
    [
        pytest.param([], {}, "InvalidDestination", "MOGULSYNC_DESTINATION", id="no destination"),
        pytest.param(["--destination", "/nowhere.yaml"], {}, "InvalidDestination", "/nowhere.yaml", id="no file"),
        pytest.param(["--destination", "-"], {}, "InvalidDestination", "document", id="empty"),
        pytest.param(["--bogus"], {}, "InvalidDestination", "--bogus", id="unknown option"),
        pytest.param(["--dry-run", "--bogus"], {}, "InvalidDestination", "--bogus", id="unknown option of a dry run"),
        pytest.param(["--partial-exit-code", "x"], {}, "InvalidDestination", "--partial-exit-code", id="no number"),
        pytest.param(["GOOD"], {"CHARTMOGUL_API_KEY": None}, "MissingCredentials", "CHARTMOGUL_API_KEY", id="no key"),
        pytest.param(
            ["GOOD"], {"INTERCOM_ACCESS_TOKEN": " \n"}, "MissingCredentials", "INTERCOM_ACCESS_TOKEN", id="blank token"
        ),
        pytest.param(["BAD"], {}, "InvalidDestination", "spec.fields[0].source", id="wrong field"),
    ],
)
def test_a_wrong_command_line_manifest_or_environment_exits_2_and_reports(
    worker: Worker, args: list[str], env: dict[str, Any], reason: str, named: str
) -> None:
    if args == ["GOOD"]:
        args = ["--destination", worker.file()]
    elif args == ["BAD"]:
        args = ["--destination", worker.file(fields=[{"source": "Mood"}])]
    ended = worker.run("sync", *args, env=env)
    assert ended.code == 2
    assert ended.report is not None
    assert (ended.report["outcome"], ended.report["reason"]) == ("Failed", reason)
    assert ended.report["dryRun"] is ("--dry-run" in args)
    assert named in ended.report["message"]
    assert named in ended.err
    assert worker.sandbox.requests.count() == 0


def test_a_report_that_cannot_be_written_is_told_before_anything_happens(worker: Worker) -> None:
    ended = worker.finish(worker.start("sync", "--destination", worker.file(), "--report", "/nowhere/report.json"))
    assert ended.code == 2
    assert "--report" in ended.err
    assert worker.sandbox.requests.count() == 0


def test_an_old_report_is_gone_once_a_run_has_begun(worker: Worker) -> None:
    worker.report.write_text('{"version": 1, "outcome": "Succeeded"}')
    inode = worker.report.stat().st_ino
    ended = worker.run("sync", "--destination", "/nowhere.yaml")
    assert ended.report is not None
    assert ended.report["outcome"] == "Failed"
    assert worker.report.stat().st_ino == inode


@pytest.mark.parametrize(("args", "code"), [([], 3), (["--partial-exit-code", "0"], 0)])
def test_a_partial_success_exits_with_the_code_that_was_asked_for(worker: Worker, args: list[str], code: int) -> None:
    assert worker.run("sync", "--destination", worker.file()).code == 0
    changed = [customer["uuid"] for _, customer in worker.sandbox.account.customers()]
    for uuid in changed:
        worker.sandbox.account.change_customer(uuid, {"mrr": 7})
    worker.sandbox.faults.inject(Respond(400), method="PUT", times=1)
    ended = worker.run("sync", "--destination", worker.file(), *args)
    assert ended.code == code
    assert ended.report is not None
    assert ended.report["reason"] == "PartiallySucceeded"
    warnings = [line for line in ended.log if line["level"] == "warning"]
    assert [line["contact"] for line in warnings] == [ended.report["errors"][0]["example"]["contact"]]


@pytest.mark.parametrize("command", ["sync", "check"])
def test_refused_credentials_exit_4(worker: Worker, command: str) -> None:
    worker.sandbox.account.revoke_token()
    ended = worker.run(command, "--destination", worker.file())
    assert ended.code == 4
    assert ended.report is not None
    assert ended.report["reason"] == "CredentialsRejected"


def test_a_check_says_once_of_each_api_that_it_refused_the_credentials(worker: Worker) -> None:
    worker.sandbox.account.revoke_token()
    worker.sandbox.account.revoke_api_key()
    ended = worker.run("check", "--destination", worker.file())
    assert ended.report is not None
    message = ended.report["message"]
    assert (message.count("Intercom: "), message.count("ChartMogul: ")) == (1, 1), message
    assert message.endswith("the API key in its Secret is valid and has the permissions it needs"), "nothing is cut off"


@pytest.mark.parametrize("command", ["sync", "check"])
@pytest.mark.parametrize("content", ["placeholder", None], ids=["no certificate", "no file"])
def test_authorities_that_cannot_be_read_are_named(
    worker: Worker, tmp_path: Path, command: str, content: str | None
) -> None:
    file = tmp_path / "ca.crt"
    if content is not None:
        file.write_text(content)
    ended = worker.run(command, "--destination", worker.file(), env={"SSL_CERT_FILE": str(file), "SSL_CERT_DIR": None})
    assert ended.code == 5
    assert ended.report is not None
    assert f"SSL_CERT_FILE ({file}) holds no certificate that can be read" in ended.report["message"]


def test_a_check_exits_0_and_writes_nothing(worker: Worker) -> None:
    ended = worker.run("check", "--destination", worker.file())
    assert ended.code == 0
    assert ended.report is not None
    assert ended.report["workspace"]["name"] == "Sandbox"
    assert {exchange.method for exchange in worker.sandbox.requests} == {"GET"}


@pytest.mark.parametrize("style", ["plain", "json"])
def test_progress_goes_to_standard_error(worker: Worker, style: str) -> None:
    ended = worker.run("sync", "--destination", worker.file(), "--progress", style)
    lines = [line for line in ended.err.splitlines() if '"time"' not in line]
    if style == "plain":
        assert any(line.startswith("customers: 40 of 40") for line in lines)
    else:
        phases = json.loads(lines[-1])["progress"]
        assert {"phase": "customers", "done": 40, "total": 40}.items() <= phases[0].items()


def test_the_worker_imports_nothing_of_the_operators_world_and_no_display() -> None:
    code = (
        "import sys\n"
        "from mogulsync.commands.sync import command\n"
        "try:\n"
        "    command(['--destination', '/nowhere.yaml'], standalone_mode=False)\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    imported = set(json.loads(done.stdout.splitlines()[-1].replace("'", '"')))
    assert "httpx2" in imported
    assert not imported & {
        "kopf",
        "kubernetes",
        "rich",
        "starlette",
        "uvicorn",
        "aiohttp",
        "prometheus_client",
    }
