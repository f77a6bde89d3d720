"""`preview FILE` against the sandbox."""

import csv
import json
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Delay, Sandbox, SandboxAccount, SandboxOptions, serve_in_thread
from tests.support.command_line import Ended, call, finish, start
from tests.support.worker_process import Worker

CREDENTIALS = {"CHARTMOGUL_API_KEY": API_KEY, "INTERCOM_ACCESS_TOKEN": ACCESS_TOKEN}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    account = SandboxAccount(customers=60, contacts=80)
    sandbox = Sandbox(account, SandboxOptions(intercom_limit=None, chartmogul_limit=None))
    with serve_in_thread(sandbox) as urls:
        yield Worker(tmp_path, urls, sandbox)


def preview(worker: Worker, *arguments: str, **changes: Any) -> Ended:
    return call("preview", worker.file(**changes), *arguments, env=CREDENTIALS)


def test_it_shows_the_shares_the_fields_and_samples_and_writes_nothing(worker: Worker) -> None:
    ended = preview(worker, "--sample", "1")
    assert ended.code == 0, ended.err
    assert "nothing was written" in ended.out
    assert "chartmogul_mrr (MRR):" in ended.out
    assert ended.out.count(" -> ") == 2
    assert {each.method for each in worker.sandbox.requests} <= {"GET", "POST"}


def test_json_is_the_dry_runs_report(worker: Worker) -> None:
    ended = preview(worker, "-o", "json")
    report = json.loads(ended.out)
    dry = worker.run("sync", "--dry-run", "--destination", worker.file()).report
    assert dry is not None
    assert report["dryRun"] is True
    assert {key: report[key] for key in ("customers", "contacts", "fields")} == {
        key: dry[key] for key in ("customers", "contacts", "fields")
    }


def test_the_csv_has_every_pair_every_other_customer_and_every_contact_to_clear(worker: Worker, tmp_path: Path) -> None:
    worker.run("sync", "--destination", worker.file())
    account = worker.sandbox.account
    stray = account.add_contact(email="nobody@example.com", custom_attributes={"chartmogul_mrr": 5.0})
    path = tmp_path / "list.csv"
    ended = preview(worker, "--csv", str(path), "-o", "json", unmatchedContacts="Clear")
    assert ended.code == 0, ended.err
    report = json.loads(ended.out)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "personal data" in ended.err
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes = [row["outcome"] for row in rows]
    assert outcomes.count("matched") == report["contacts"]["matched"]
    for outcome in ("ambiguous", "unmatched", "unmatchable", "conflicts"):
        assert outcomes.count(outcome) == report["customers"][outcome]
    assert len({row["uuid"] for row in rows if row["outcome"] == "matched"}) == report["customers"]["matched"]
    (cleared,) = [row for row in rows if row["outcome"] == "cleared"]
    assert (cleared["uuid"], cleared["contact_id"]) == ("", stray.id)
    assert (cleared["chartmogul_mrr now"], cleared["chartmogul_mrr then"]) == ("5", "")


def test_files_are_never_overwritten_without_force(worker: Worker, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    ended = preview(worker, "--html", str(page))
    assert ended.code == 2
    assert "--force" in ended.err
    assert page.read_text() == "mine"
    assert worker.sandbox.requests.count() == 0
    assert preview(worker, "--html", str(page), "--force").code == 0
    assert page.read_text().startswith("<!doctype html>")


def test_the_guard_exits_4_and_the_files_are_written_all_the_same(worker: Worker, tmp_path: Path) -> None:
    ended = preview(worker, "--csv", str(tmp_path / "list.csv"), maxChangedPercent=1)
    assert ended.code == 4
    assert "GuardTripped" in ended.out
    assert (tmp_path / "list.csv").exists()


def test_refused_credentials_exit_4_and_no_file_is_written(worker: Worker, tmp_path: Path) -> None:
    worker.sandbox.account.revoke_token()
    ended = preview(worker, "--csv", str(tmp_path / "list.csv"))
    assert ended.code == 4
    assert "CredentialsRejected" in ended.out
    assert not (tmp_path / "list.csv").exists()


def test_ctrl_c_stops_with_a_report_and_no_file(worker: Worker, tmp_path: Path) -> None:
    worker.sandbox.faults.inject(Delay(1.0), api="intercom")
    process = start("preview", worker.file(), "--csv", str(tmp_path / "list.csv"), env=CREDENTIALS)
    while worker.sandbox.requests.count(api="intercom") < 1:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    ended = finish(process)
    assert ended.code == 5
    assert "Interrupted" in ended.out
    assert "Traceback" not in ended.err
    assert not (tmp_path / "list.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (["GOOD"], {"CHARTMOGUL_API_KEY": None}, "CHARTMOGUL_API_KEY"),
        (["./nowhere.yaml"], {}, "nowhere.yaml"),
        (["-"], {}, "document"),
        (["GOOD", "--local"], {}, "--local"),
        (["production", "--csv", "x.csv"], {}, "--local"),
        (["production", "--html", "x.html"], {}, "--local"),
        (["production", "--sample", "1"], {}, "--local"),
        (["GOOD", "--sample", "-1"], {}, "--sample"),
        (["GOOD", "--csv", "/nowhere/at/all.csv"], {}, "/nowhere/at"),
        (["GOOD", "--csv", "same", "--html", "same"], {}, "same"),
        (["GOOD", "--csv", ""], {}, "need the name of a file"),
    ],
)
def test_bad_input_exits_2(worker: Worker, arguments: list[str], env: dict[str, Any], words: str) -> None:
    file = worker.file()
    ended = call("preview", *(file if each == "GOOD" else each for each in arguments), env={**CREDENTIALS, **env})
    assert ended.code == 2
    assert words in ended.err


def test_nothing_but_the_samples_and_the_files_holds_personal_data(worker: Worker) -> None:
    ended = preview(worker, "--sample", "0", fields=[{"source": "Email"}, {"source": "MRR"}])
    assert ended.code == 0
    for secret in (API_KEY, ACCESS_TOKEN, "@", "example."):
        assert secret not in ended.out + ended.err
