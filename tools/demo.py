"""`make demo`: shows mogulsync at work, on a control plane of its own, and ends by itself.

Starts etcd, kube-apiserver and kube-controller-manager, the sandbox and the operator as processes on loopback,
applies examples/sandbox/destination.yaml, requests a run and shows what a person wants to see. Removes everything it
made, also after Ctrl-C, and ends with 1 when anything failed.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from localkube import AssetsError, ControlPlane, ControlPlaneError, KubectlError
from localkube.podrunner import PodRunner
from localkube.process import tethered
from mogulsync.intercom.client import IntercomClient
from mogulsync.intercom.models import Contact
from mogulsync.resource.manifest import destination_from
from mogulsync.resource.names import ANNOTATION_SYNC_REQUESTED_AT, LABEL_DESTINATION
from mogulsync.resource.syncspec import SyncSpec
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, SandboxAccount, serve_in_thread
from mogulsync.transport.stats import RequestStats

ROOT: Final = Path(__file__).parents[1]
NAMESPACE: Final = "demo"
IMAGE: Final = "mogulsync:demo"
CUSTOMERS: Final = 500
CONTACTS: Final = 600
SHOWN_CONTACTS: Final = 6
SHOWN_ATTRIBUTES: Final = 3
READY_SECONDS: Final = 60
RUN_SECONDS: Final = 120

console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())


class DemoError(RuntimeError):
    """Something did not go as it should; the message says what."""


def main() -> int:
    """Run the demo and return its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = datetime.now(UTC)
    try:
        with ControlPlane() as plane:
            asyncio.run(show(plane))
    except KeyboardInterrupt:
        console.print("\nStopped; everything it made is removed.", style="yellow")
        return 130
    except (AssetsError, ControlPlaneError, KubectlError, DemoError) as error:
        console.print(f"\nThe demo failed: {error}", style="bold red", markup=False)
        return 1
    seconds = (datetime.now(UTC) - began).total_seconds()
    console.print(f"\nDone in {seconds:.0f} s; everything it made is removed.", style="green")
    return 0


async def show(plane: ControlPlane) -> None:
    """Walk through one destination's life on a running control plane."""
    part("A Kubernetes control plane on loopback, with the IntercomDestination resource")
    plane.apply_crds(ROOT / "crds")
    plane.kubectl("create", "namespace", NAMESPACE)
    console.print(plane.kubectl("api-resources", "--categories=mogulsync").rstrip())

    sandbox = Sandbox(SandboxAccount(seed=1, customers=CUSTOMERS, contacts=CONTACTS))
    with serve_in_thread(sandbox) as urls:
        part("A ChartMogul and an Intercom of their own: the sandbox")
        console.print(f"{CUSTOMERS} customers at {urls.chartmogul}\n{CONTACTS} contacts at {urls.intercom}")
        async with PodRunner(plane.kubeconfig, namespace=NAMESPACE) as pods:
            with operator(plane):
                await walk(plane, pods, sandbox_manifest(urls.chartmogul, urls.intercom))


async def walk(plane: ControlPlane, pods: PodRunner, manifest: dict[str, Any]) -> None:
    """Apply the destination, sync twice and show what changed."""
    destination = destination_from(manifest)
    name = destination.name

    part("kubectl apply -f examples/sandbox/destination.yaml")
    console.print(yaml.safe_dump({"spec": manifest["spec"]}, sort_keys=False).rstrip(), style="dim")
    apply(plane, secret(destination.spec.chartmogul.api_key_secret_ref.name, "api-key", API_KEY))
    apply(plane, secret(destination.spec.intercom.oauth_secret_ref.name, "access-token", ACCESS_TOKEN))
    apply(plane, manifest)
    await until(lambda: is_true(status(plane, name), "Ready"), READY_SECONDS, "the destination is ready", plane, name)
    resource_table(plane, name)
    cronjob = json.loads(plane.kubectl("-n", NAMESPACE, "get", "cronjob", name, "-o", "json"))
    console.print(f'CronJob "{name}": schedule "{cronjob["spec"]["schedule"]}", timeZone {cronjob["spec"]["timeZone"]}')

    before = await contacts(destination.spec)
    for round_ in ("first", "second"):
        part(f"Run now: kubectl annotate icd {name} {ANNOTATION_SYNC_REQUESTED_AT}={round_}")
        await run_now(plane, pods, name, request=round_)
        report(status(plane, name)["lastSync"])
    part("Contacts before and after")
    contact_table(before, await contacts(destination.spec), destination.spec)
    part("The resource now")
    resource_table(plane, name)
    next_run(status(plane, name), destination.spec)

    part(f"kubectl delete icd {name}")
    plane.kubectl("-n", NAMESPACE, "delete", "icd", name)
    await until(lambda: not leftovers(plane, name), READY_SECONDS, "CronJob and Jobs are gone", plane, name)
    console.print("Its CronJob, Jobs and Pods went with it.")


# --- the parts -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def operator(plane: ControlPlane) -> Iterator[None]:
    """Run the operator as a process while the block lasts; its log is shown when something fails."""
    log = plane.folder / "operator.log"
    command = [sys.executable, "-m", "mogulsync", "operator", "--namespace", NAMESPACE, "--image", IMAGE]
    command += ["--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0", "--no-leader-elect"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            tethered(command), env=plane.environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        yield
    except BaseException:
        if process.poll() is not None:
            console.print(log.read_text(errors="replace")[-4000:], style="dim", markup=False)
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def sandbox_manifest(chartmogul: str, intercom: str) -> dict[str, Any]:
    """Return examples/sandbox/destination.yaml with the addresses of this machine's sandbox."""
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "examples/sandbox/destination.yaml").read_text())
    manifest["metadata"]["namespace"] = NAMESPACE
    manifest["spec"]["chartmogul"]["url"] = chartmogul
    manifest["spec"]["intercom"]["url"] = intercom
    return manifest


def secret(name: str, key: str, value: str) -> dict[str, Any]:
    """Return the manifest of a Secret with one key."""
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {key: value}}


def apply(plane: ControlPlane, manifest: dict[str, Any]) -> None:
    """Apply a manifest as a person would."""
    console.print(plane.kubectl("apply", "-f", "-", stdin=json.dumps(manifest)).rstrip())


async def run_now(plane: ControlPlane, pods: PodRunner, name: str, *, request: str) -> None:
    """Request a run and follow it to its end, its log lines as they come."""
    known = (status(plane, name).get("lastSync") or {}).get("job")
    follower = asyncio.create_task(follow(plane, pods, name, old=frozenset(pod_names(plane, name))))
    plane.kubectl("-n", NAMESPACE, "annotate", "icd", name, f"{ANNOTATION_SYNC_REQUESTED_AT}={request}", "--overwrite")
    try:
        await until(
            lambda: (status(plane, name).get("lastSync") or {}).get("job") not in {None, known},
            RUN_SECONDS,
            "the run has ended and is reported",
            plane,
            name,
        )
        await asyncio.sleep(0.5)
    finally:
        follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await follower


async def follow(plane: ControlPlane, pods: PodRunner, name: str, *, old: frozenset[str]) -> None:
    """Print the log lines of the destination's new Pods as they come."""
    printed: dict[str, int] = {}
    while True:
        for pod in await asyncio.to_thread(pod_names, plane, name):
            if pod in old:
                continue
            lines = pods.log(NAMESPACE, pod).splitlines()
            for line in lines[printed.get(pod, 0) :]:
                log_line(line)
            printed[pod] = len(lines)
        await asyncio.sleep(0.3)


async def contacts(spec: SyncSpec) -> dict[str, Contact]:
    """Return the sandbox's contacts by id, with the destination's attributes."""
    wanted = frozenset(field.attribute_name for field in spec.fields)
    found: dict[str, Contact] = {}
    async with IntercomClient(
        url=spec.intercom.base_url, token=ACCESS_TOKEN, rate_limit_percent=100, stats=RequestStats()
    ) as intercom:
        async for page in intercom.scan(keep=wanted):
            found.update({contact.id: contact for contact in page.contacts})
    return found


# --- looking ---------------------------------------------------------------------------------------------------------


def status(plane: ControlPlane, name: str) -> dict[str, Any]:
    """Return the destination's status."""
    resource = json.loads(plane.kubectl("-n", NAMESPACE, "get", "icd", name, "-o", "json"))
    return dict(resource.get("status") or {})


def is_true(current: dict[str, Any], condition: str) -> bool:
    """Return whether a condition is True."""
    return any(c["type"] == condition and c["status"] == "True" for c in current.get("conditions") or [])


def pod_names(plane: ControlPlane, name: str) -> list[str]:
    """Return the names of the destination's Pods, oldest first."""
    label = f"{LABEL_DESTINATION}={name}"
    sort = "--sort-by=.metadata.creationTimestamp"
    return plane.kubectl("-n", NAMESPACE, "get", "pods", "-l", label, sort, "-o", "name").replace("pod/", "").split()


def leftovers(plane: ControlPlane, name: str) -> str:
    """Return what still exists of the destination, empty when nothing does."""
    label = f"{LABEL_DESTINATION}={name}"
    return plane.kubectl("-n", NAMESPACE, "get", "cronjobs,jobs,pods", "-l", label, "-o", "name").strip()


async def until(holds: Callable[[], bool], seconds: float, what: str, plane: ControlPlane, name: str) -> None:
    """Wait until it holds.

    Raises:
        DemoError: It does not within so many seconds; the message has the destination's conditions.
    """
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(waiting(what))
        deadline = asyncio.get_running_loop().time() + seconds
        while not await asyncio.to_thread(holds):
            if asyncio.get_running_loop().time() > deadline:
                described = plane.kubectl("-n", NAMESPACE, "get", "icd,jobs,pods", "-o", "wide", "--ignore-not-found")
                raise DemoError(f"waited {seconds:.0f} s until {what} ({name}):\n{described}")
            await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def waiting(what: str) -> AsyncIterator[None]:
    """Show on a terminal what is being waited for."""
    if not console.is_terminal:
        yield
        return
    with console.status(f"until {what}"):
        yield


# --- printing --------------------------------------------------------------------------------------------------------


def part(title: str) -> None:
    """Begin a part of the show."""
    console.print()
    console.print(Rule(f"[bold]{title}", align="left", style="cyan"))


def resource_table(plane: ControlPlane, name: str) -> None:
    """Print the resource as kubectl does."""
    console.print("$ kubectl get icd", style="dim")
    console.print(plane.kubectl("-n", NAMESPACE, "get", "icd", name).rstrip(), style="bold")


def log_line(line: str) -> None:
    """Print one line of the worker's log: time, message and its fields. Its summary is left to the report."""
    try:
        entry = json.loads(line)
    except ValueError:
        return
    known = {"time", "level", "logger", "message"}
    details = "  ".join(f"{key}={value}" for key, value in entry.items() if key not in known)
    clock = str(entry.get("time", ""))[11:19]
    style = "yellow" if str(entry.get("level", "")).upper() in {"WARNING", "ERROR"} else "dim"
    console.print(f"  {clock}  {entry.get('message', '')}  {details}", style=style, markup=False)


def report(last: dict[str, Any]) -> None:
    """Print a run's report."""
    colour = {"Succeeded": "green", "PartiallySucceeded": "yellow"}.get(last["outcome"], "red")
    console.print(f"{last['outcome']}: {last['message']}", style=f"bold {colour}", markup=False)
    for group in ("customers", "contacts", "requests", "fields"):
        counts = "  ".join(f"{key} {value}" for key, value in last[group].items())
        console.print(f"  {group:<10} {counts}")
    created = [name for name in last["attributes"]["created"] if isinstance(name, str)]
    if created:
        console.print(f"  made in Intercom: {', '.join(created)}")
    for warning in last.get("warnings", []):
        console.print(f"  warning: {warning['reason']} ({warning['count']})", style="yellow")
    if last["outcome"] == "Failed":
        raise DemoError(f"the run failed: {last['message']}")


def contact_table(before: dict[str, Contact], after: dict[str, Contact], spec: SyncSpec) -> None:
    """Print some of the contacts that changed.

    Raises:
        DemoError: None did.
    """
    changed = [id_ for id_ in after if after[id_].attributes != before[id_].attributes]
    if not changed:
        raise DemoError("no contact changed")
    console.print(f"{len(changed)} of {len(after)} contacts changed; some of them:")
    table = Table(box=None, header_style="bold")
    table.add_column("contact (made up)", no_wrap=True, max_width=26)
    names = [field.attribute_name for field in spec.fields][:SHOWN_ATTRIBUTES]
    for name in names:
        table.add_column(name.removeprefix("chartmogul_"), no_wrap=True)
    for id_ in changed[:SHOWN_CONTACTS]:
        table.add_row(after[id_].email or id_, *(change(before[id_], after[id_], name) for name in names))
    console.print(table)


def change(before: Contact, after: Contact, name: str) -> str:
    """Word what became of one attribute."""
    old, new = before.attributes.get(name), after.attributes.get(name)
    return f"[dim]{'-' if old is None else old} →[/dim] [green]{'-' if new is None else new}[/green]"


def next_run(current: dict[str, Any], spec: SyncSpec) -> None:
    """Print when the next run is due, in the schedule's zone and in local time.

    Raises:
        DemoError: The status does not say.
    """
    if "nextSyncTime" not in current:
        raise DemoError("the status has no nextSyncTime")
    moment = datetime.fromisoformat(current["nextSyncTime"])
    zoned = moment.astimezone(ZoneInfo(spec.time_zone))
    local = moment.astimezone()
    console.print(
        f"Next run: {zoned:%a %d %b %Y %H:%M} {spec.time_zone}, {local:%a %d %b %Y %H:%M} {local.tzname()} local time"
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
