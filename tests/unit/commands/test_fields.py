"""`mogulsync fields`, as a user runs it."""

import json
import subprocess
import sys

import pytest
import yaml

from mogulsync.resource.sources import Source


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "mogulsync", "fields", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours


def test_every_source_has_a_line_with_its_attribute_and_type() -> None:
    title, *lines = run().splitlines()
    assert title.split() == ["SOURCE", "ATTRIBUTE", "TYPE", "DESCRIPTION"]
    assert [line.split()[0] for line in lines] == list(Source)
    assert lines[0].split()[:3] == ["MRR", "chartmogul_mrr", "float"]
    assert lines[-1].split()[:4] == ["CustomAttribute", "-", "as", "type"]


def test_programs_get_the_same() -> None:
    sources = json.loads(run("-o", "json"))
    assert sources == yaml.safe_load(run("-o", "yaml"))
    assert sources[3] == {
        "source": "SubscriberSince",
        "attribute": "chartmogul_subscriber_since",
        "type": "date",
        "description": "ChartMogul: when the customer became an active subscriber",
    }
    assert sources[-1]["attribute"] is None


@pytest.mark.parametrize("command", ["fields", "validate"])
def test_help_has_examples_and_imports_nothing_slow(command: str) -> None:
    program = (
        "import sys\nfrom mogulsync.commands.root import root\n"
        f"sys.argv = ['mogulsync', '{command}', '--help']\n"
        "try:\n    root()\nfinally:\n    print([name for name in ('pydantic', 'yaml') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert f"mogulsync {command}" in ended.stdout.partition("Examples:")[2]
    assert ended.stdout.endswith("[]\n")
