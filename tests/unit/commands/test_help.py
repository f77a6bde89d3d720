"""The help of every command: there, with examples, and at once."""

import json
import subprocess
import sys

import pytest

from mogulsync.commands.root import COMMANDS

SLOW = {
    "aiohttp",
    "cryptography",
    "httpx2",
    "jinja2",
    "kopf",
    "kubernetes",
    "oauthlib",
    "pydantic",
    "rich",
    "starlette",
}
NESTED = [("connect", "intercom"), ("connect", "chartmogul")]
ALL = [*((name,) for name in COMMANDS if name != "connect"), *NESTED]


def asked(code: str, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.fixture(scope="module")
def helps() -> dict[str, str]:
    """The help of each command, all from one process, and under the empty name what that process imported."""
    code = (
        "import json, sys\n"
        "from click.testing import CliRunner\n"
        "from mogulsync.commands.root import group\n"
        "texts = {}\n"
        "for words in json.loads(sys.argv[1]):\n"
        "    texts[' '.join(words)] = CliRunner().invoke(group, [*words, '--help'], prog_name='mogulsync').output\n"
        "texts[''] = ' '.join({name.partition('.')[0] for name in sys.modules})\n"
        "print(json.dumps(texts))\n"
    )
    texts: dict[str, str] = json.loads(asked(code, json.dumps([list(words) for words in ALL])))
    return texts


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help_with_examples(helps: dict[str, str], words: tuple[str, ...]) -> None:
    text = helps[" ".join(words)]
    assert text.startswith(f"Usage: mogulsync {' '.join(words)}")
    assert "Examples:" in text
    assert f"mogulsync {' '.join(words)}" in text.partition("Examples:")[2]


def test_no_help_imports_what_is_slow_to_import(helps: dict[str, str]) -> None:
    assert not SLOW & set(helps[""].split())


def test_the_overview_names_every_command_and_imports_none() -> None:
    code = (
        "import sys\n"
        "from mogulsync.commands.root import group\n"
        "group(['--help'], standalone_mode=False, prog_name='mogulsync')\n"
        "print([name for name in sys.modules if name.startswith('mogulsync.commands.')])\n"
    )
    *lines, imported = asked(code).splitlines()
    shown = [line.split()[0] for line in lines if line.startswith("  ") and line.split()]
    assert set(COMMANDS) <= set(shown)
    assert imported == "['mogulsync.commands.root']"
