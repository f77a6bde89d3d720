"""Every command that people are told to paste is one that bash reads and that also works on macOS."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.support.documents import ROOT, Block, blocks, example_commands, pages

_COMMANDS: Final = [*blocks("sh", "bash"), *example_commands()]
_GNU_ONLY: Final = {
    r"\bdate -I(?!seconds|date)\S*": "date -u +%Y-%m-%dT%H:%M:%SZ",
    r"\bdate (-d|--date|--iso|--rfc)": "date -u +%Y-%m-%dT%H:%M:%SZ",
    r"\bbase64 -w": "base64 | tr -d '\\n'",
    r"\bsed -i(?! '')": "sed to another file",
    r"\bgrep -P": "grep -E",
    r"\breadlink -f": "a path that is not resolved",
    r"\bxargs -r": "a loop",
    r"\bstat -c": "ls -l",
    r"\bsha256sum\b": "shasum -a 256",
    r"(?<!-)\btimeout \d": "the command's own time-out",
    r"\bnproc\b": "a number",
}
"""What macOS's tools lack, and what to write in its place."""


def _id(block: Block) -> str:
    return block.where


def test_commands_were_found() -> None:
    assert len(_COMMANDS) > 25


@pytest.mark.parametrize("block", _COMMANDS, ids=_id)
def test_bash_reads_it(block: Block) -> None:
    result = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)  # noqa: S607
    assert result.stderr == ""
    assert result.returncode == 0


@pytest.mark.parametrize("block", _COMMANDS, ids=_id)
def test_it_needs_no_tool_that_macos_lacks(block: Block) -> None:
    found = {pattern: fix for pattern, fix in _GNU_ONLY.items() if re.search(pattern, block.text)}
    assert found == {}


@pytest.mark.parametrize("block", _COMMANDS, ids=_id)
def test_it_waits_longer_than_half_a_minute(block: Block) -> None:
    """The default of `kubectl wait` is 30 s; an image to pull and a check take longer."""
    waits = [line for line in block.text.replace("\\\n", " ").splitlines() if "kubectl wait" in line]
    assert [line for line in waits if "--timeout=" not in line] == []


@pytest.mark.parametrize("block", _COMMANDS, ids=_id)
def test_no_credential_is_on_a_command_line(block: Block) -> None:
    assert not re.search(r"--from-literal=(api-key|access-token)", block.text)


@pytest.mark.parametrize("block", _COMMANDS, ids=_id)
def test_the_files_that_it_names_are_there(block: Block) -> None:
    named = re.findall(r"(?:\s|=)((?:examples|charts|argocd|kustomize|crds)(?:/[\w.-]+)*)", block.text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_its_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    relative = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in relative if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_headings_that_its_links_name_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = []
    for target, heading in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            other = (page.parent / target) if target else page
            if other.suffix == ".md" and heading not in _anchors(other.read_text(encoding="utf-8")):
                missing.append(f"{target}#{heading}")
    assert missing == []


def test_the_index_names_every_page() -> None:
    folder = ROOT / "docs"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in folder.glob("*.md") if f"({page.name})" not in index and page.name != "README.md"
    ] == []


def _anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
