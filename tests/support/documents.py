"""The commands and manifests that people are told to paste: of README, docs, the chart, SECURITY and examples."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
_FENCE: Final = re.compile(r"^( *)```([a-z]+)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of a page, or the commands in an example's opening comment."""

    where: str
    language: str
    text: str


def pages() -> list[Path]:
    """Return every page that is for users."""
    named = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "charts/mogulsync/README.md", "examples/install/README.md")
    return [ROOT / name for name in named] + sorted((ROOT / "docs").rglob("*.md"))


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of these languages, in the pages' order."""
    return [block for page in pages() for block in _fenced(page) if block.language in languages]


def example_commands() -> list[Block]:
    """Return the commands in the comments at the head of examples: lines indented by three."""
    found = []
    for path in sorted((ROOT / "examples").rglob("*.yaml")):
        head = path.read_text(encoding="utf-8").partition("\napiVersion")[0]
        commands = [line[4:] for line in head.splitlines() if re.match(r"#   \S", line)]
        if commands:
            found.append(Block(str(path.relative_to(ROOT)), "sh", "\n".join(commands) + "\n"))
    return found


def _fenced(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for number, found in enumerate(_FENCE.finditer(text), start=1):
        indent, language, content = found.groups()
        yield Block(f"{page.relative_to(ROOT)}#{number}", language, content.replace(f"\n{indent}", "\n"))
