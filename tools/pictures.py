"""`make pictures`: the pictures of the README, from real runs against the sandbox and a control plane of its own.

Runs each command on a terminal of its own, takes what it printed, colours included, and draws it by rich.
"""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from localkube import ControlPlane
from localkube.podrunner import PodRunner
from localkube.process import tethered
from mogulsync.sandbox import ACCESS_TOKEN, API_KEY, Sandbox, SandboxAccount, Urls, serve_in_thread
from tests.support.command_line import call_on_terminal

ROOT: Final = Path(__file__).parents[1]
PICTURES: Final = ROOT / "docs" / "pictures"
NAMESPACE: Final = "sales"
WIDTH: Final = 118
_FONT: Final = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
"""Where rich's format names a host: a picture asks for nothing."""
_UNFINISHED: Final = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[A-GJK]")


def main() -> None:
    """Draw all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with ControlPlane() as plane:
        asyncio.run(_draw_all(plane))


async def _draw_all(plane: ControlPlane) -> None:
    plane.apply_crds(ROOT / "crds")
    plane.kubectl("create", "namespace", NAMESPACE)
    with serve_in_thread(Sandbox(SandboxAccount(seed=1, customers=500, contacts=600))) as urls:
        async with PodRunner(plane.kubeconfig, namespace=NAMESPACE):
            with _operator(plane):
                await asyncio.to_thread(_draw_some, plane, urls)


def _draw_some(plane: ControlPlane, urls: Urls) -> None:
    for name, key, value in (("chartmogul", "api-key", API_KEY), ("intercom", "access-token", ACCESS_TOKEN)):
        secret = {"metadata": {"name": name}, "stringData": {key: value}, "apiVersion": "v1", "kind": "Secret"}
        plane.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=json.dumps(secret))
    for name, missing in (("production", False), ("trial-accounts", True)):
        manifest = _destination(name, urls, intercom_ref="missing" if missing else "intercom")
        plane.kubectl("-n", NAMESPACE, "apply", "-f", "-", stdin=json.dumps(manifest))
    plane.kubectl("-n", NAMESPACE, "wait", "icd/production", "--for=condition=Ready", "--timeout=60s")
    waiting = '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=SecretNotFound'
    plane.kubectl("-n", NAMESPACE, "wait", "icd/trial-accounts", waiting, "--timeout=60s")
    file = plane.folder / "destination.yaml"
    file.write_text(yaml.safe_dump(_destination("production", urls, intercom_ref="intercom")))
    own = {
        **plane.environment(),
        "CHARTMOGUL_API_KEY": API_KEY,
        "INTERCOM_ACCESS_TOKEN": ACCESS_TOKEN,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{plane.environment()['PATH']}",
        "TZ": "America/New_York",
    }
    draw("preview", ["mogulsync", "preview", "destination.yaml", "--sample", "2"], own, cwd=plane.folder)
    draw("sync-now", ["kubectl", "mogulsync", "sync-now", "production", "-n", NAMESPACE, "--wait"], own)
    draw("status", ["kubectl", "mogulsync", "status", "-n", NAMESPACE], own)
    draw("status-one", ["kubectl", "mogulsync", "status", "trial-accounts", "-n", NAMESPACE], own)


def _destination(name: str, urls: Urls, *, intercom_ref: str) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "examples/sandbox/destination.yaml").read_text())
    manifest["metadata"] = {"name": name}
    manifest["spec"]["chartmogul"] = {"apiKeySecretRef": {"name": "chartmogul"}, "url": urls.chartmogul}
    manifest["spec"]["intercom"] = {"oauthSecretRef": {"name": intercom_ref}, "url": urls.intercom}
    return manifest


@contextlib.contextmanager
def _operator(plane: ControlPlane) -> Iterator[None]:
    command = [sys.executable, "-m", "mogulsync", "operator", "--namespace", NAMESPACE, "--image", "mogulsync"]
    command += ["--metrics-address", "127.0.0.1:0", "--health-address", "127.0.0.1:0", "--no-leader-elect"]
    with (plane.folder / "operator.log").open("wb") as log:
        process = subprocess.Popen(tethered(command), env=plane.environment(), stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def draw(name: str, command: list[str], environment: dict[str, str], *, cwd: Path | None = None) -> None:
    """Run a command on a terminal, and write docs/pictures/NAME.svg of what it printed."""
    ended = call_on_terminal(command, columns=WIDTH, env=environment, cwd=cwd)
    if ended.code:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.code}: {ended.err}")
    console = Console(record=True, width=WIDTH, file=Path(os.devnull).open("w"), force_terminal=True)  # noqa: SIM115 - as long as the program
    shown = " ".join(command)
    console.print(Text.assemble(("$ ", "bold green"), shown))
    console.print(Text.from_ansi(_UNFINISHED.sub("", ended.out).rstrip()))
    svg = console.export_svg(title=shown, code_format=_FONT.sub("", CONSOLE_SVG_FORMAT), unique_id=name)
    (PICTURES / f"{name}.svg").write_text(svg)
    print(f"docs/pictures/{name}.svg")


if __name__ == "__main__":
    main()
