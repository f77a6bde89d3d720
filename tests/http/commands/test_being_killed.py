"""A run may be stopped, killed and overlapped at any moment."""

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from mogulsync.sandbox import Delay, Sandbox, SandboxAccount, SandboxOptions, serve_in_thread
from tests.support.worker_process import Worker

FIELDS = [{"source": "MRR"}, {"source": "CustomerStatus"}, {"source": "Plan"}]
DEADLINE = 120.0


def wait_for(worker: Worker, *, method: str, count: int) -> None:
    """Wait until so many requests of this method were answered."""
    end = time.monotonic() + DEADLINE
    while worker.sandbox.requests.count(api="intercom", method=method) < count:
        assert time.monotonic() < end, "the worker does not get there"
        time.sleep(0.005)


def wait_for_report_file(worker: Worker) -> None:
    """Wait until the worker has made the report's file, which it does before it reads the manifest."""
    end = time.monotonic() + DEADLINE
    while not worker.report.exists():
        assert time.monotonic() < end, "the worker does not get there"
        time.sleep(0.005)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("method", "count"), [("GET", 1), ("GET", 3), ("PUT", 5)])
def test_a_signal_ends_the_run_within_5_seconds_with_a_report(
    worker: Worker, signal_number: signal.Signals, method: str, count: int
) -> None:
    worker.sandbox.faults.inject(Delay(1), api="intercom", method="PUT")  # so that writes are still under way
    worker.sandbox.faults.inject(Delay(0.3), api="intercom", method="GET")
    process = worker.start("sync", "--destination", worker.file(), "--report", str(worker.report))
    wait_for(worker, method=method, count=count)
    told = time.monotonic()
    process.send_signal(signal_number)
    ended = worker.finish(process)
    assert time.monotonic() - told < 5
    assert ended.code == 5
    assert ended.report is not None
    assert ended.report["reason"] == "Interrupted"
    contacts = ended.report["contacts"]
    assert contacts["matched"] == sum(contacts[part] for part in ("updated", "unchanged", "failed", "vanished"))


def test_a_signal_before_the_run_listens_is_not_lost(worker: Worker) -> None:
    process = worker.start("sync", "--destination", "-", "--report", str(worker.report))
    wait_for_report_file(worker)
    process.send_signal(signal.SIGTERM)
    ended = worker.finish(process, json.dumps(worker.manifest()))
    assert ended.code == 5
    assert ended.report is not None
    assert ended.report["reason"] == "Interrupted"


def test_a_signal_ends_the_wait_for_a_manifest_that_does_not_come(worker: Worker) -> None:
    process = worker.start("sync", "--dry-run", "--destination", "-", "--report", str(worker.report))
    wait_for_report_file(worker)
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=DEADLINE) == 5  # standard input is still open
    assert time.monotonic() - told < 5
    ended = worker.finish(process)
    assert ended.report is not None
    assert (ended.report["reason"], ended.report["dryRun"]) == ("Interrupted", True)


def test_a_signal_ends_the_wait_of_a_preview_for_its_manifest(worker: Worker) -> None:
    pipe = worker.folder / "destination.yaml"
    os.mkfifo(pipe)
    process = worker.start("preview", str(pipe))
    with pipe.open("w"):  # once the preview has opened it for reading
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=DEADLINE) == 5
    assert "stopped" in worker.finish(process).err


def states(sandbox: Sandbox) -> dict[str, Any]:
    """Return every contact's custom attributes."""
    return {contact.id: dict(contact.custom_attributes) for _, contact in sandbox.account.contacts()}


def test_a_run_killed_at_any_point_and_repeated_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    moments = random.Random(4)  # noqa: S311 - any moments will do
    unlimited = SandboxOptions(intercom_limit=None, chartmogul_limit=None, latency=0.005)
    with serve_in_thread(undisturbed := Sandbox(SandboxAccount(customers=40, contacts=60), unlimited)) as urls:
        worker = Worker(tmp_path, urls, undisturbed)
        assert worker.run("sync", "--destination", worker.file(fields=FIELDS)).code == 0
        requests = undisturbed.requests.count()
    with serve_in_thread(disturbed := Sandbox(SandboxAccount(customers=40, contacts=60), unlimited)) as urls:
        worker = Worker(tmp_path, urls, disturbed)
        for _ in range(4):
            disturbed.requests.clear()
            process = worker.start("sync", "--destination", worker.file(fields=FIELDS))
            point = moments.randrange(1, requests)
            while process.poll() is None and disturbed.requests.count() < point:
                time.sleep(0.002)
            process.kill()
            worker.finish(process)
        overlapping = [worker.start("sync", "--destination", worker.file(fields=FIELDS)) for _ in range(2)]
        assert [worker.finish(process).code for process in overlapping] == [0, 0]
        assert states(disturbed) == states(undisturbed)
        disturbed.requests.clear()
        assert worker.run("sync", "--destination", worker.file(fields=FIELDS)).code == 0
        assert disturbed.requests.count(method="PUT") == 0
