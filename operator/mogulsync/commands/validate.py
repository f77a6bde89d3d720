"""`mogulsync validate`: check manifests of destinations without a cluster."""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from mogulsync.commands.clusterarguments import OutputFormat, output_option
from mogulsync.commands.output import print_document

_STANDARD_INPUT: Final = "-"
_ENDINGS: Final = (".yaml", ".yml", ".json")
_INVALID: Final = 1


class Verdict(NamedTuple):
    """What is wrong with one document, or with a file that cannot be read; nothing when it is right."""

    file: str
    name: str
    problems: tuple[str, ...]


@click.command(
    "validate",
    epilog="""\b
Examples:
  mogulsync validate production.yaml
  mogulsync validate examples/ more/staging.json
  kubectl get icd -A -o yaml | mogulsync validate -
  mogulsync validate -o json deploy/ | jq '.[] | select(.problems != [])'""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@output_option
def command(*, files: tuple[str, ...], output: OutputFormat | None) -> None:
    """Check manifests of IntercomDestinations as the API server would, without a cluster.

    FILE is YAML or JSON, a folder (its .yaml, .yml and .json files, and those of the folders in it), or - for standard
    input. Documents of other kinds are passed over.

    Exit codes: 0 when all are right, 1 when one is wrong, 2 when a FILE is not there or holds no destination.
    """
    verdicts: list[Verdict] = []
    for file in files:
        found = list(_verdicts(file))
        if not found and not Path(file).is_dir():
            raise click.UsageError(f"{_shown(file)} holds no IntercomDestination; give a FILE that does, or a folder")
        verdicts += found
    if output is None:
        _print(verdicts)
    else:
        print_document([dict(zip(Verdict._fields, verdict, strict=True)) for verdict in verdicts], output)
    sys.exit(_INVALID if any(verdict.problems for verdict in verdicts) else 0)


def _verdicts(file: str) -> Iterator[Verdict]:
    """Yield a verdict for each destination in a file, a folder or standard input.

    Raises:
        click.UsageError: The file does not exist or cannot be read.
    """
    if file == _STANDARD_INPUT:
        yield from _of_text(_shown(file), sys.stdin.buffer.read())
        return
    path = Path(file)
    try:
        if path.is_dir():
            for inner in _manifests_below(path):
                yield from _of_text(str(inner), inner.read_bytes())
        else:
            yield from _of_text(file, path.read_bytes())
    except OSError as error:
        raise click.UsageError(f"cannot read {error.filename or file}: {error.strerror}") from None


def _manifests_below(folder: Path) -> list[Path]:
    """Return the manifests in a folder and those below it, without hidden files and folders."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _ENDINGS
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _of_text(file: str, content: bytes) -> Iterator[Verdict]:
    from mogulsync.resource.manifest import (  # noqa: PLC0415 - slow to import, and not for --help
        InvalidDestinationError,
        destination_from,
        is_meant_as_destination,
        items_of,
        parse_documents,
    )

    try:
        documents = parse_documents(content.decode())
    except UnicodeDecodeError:
        yield Verdict(file, "", ("not UTF-8 text",))
        return
    except InvalidDestinationError as error:
        yield Verdict(file, "", error.problems)
        return
    for document in filter(is_meant_as_destination, chain.from_iterable(map(items_of, documents))):
        try:
            destination_from(document)
        except InvalidDestinationError as error:
            yield Verdict(file, _name(document), error.problems)
        else:
            yield Verdict(file, _name(document), ())


def _name(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    return str(metadata.get("name") or "") if isinstance(metadata, dict) else ""


def _shown(file: str) -> str:
    return "standard input" if file == _STANDARD_INPUT else file


def _print(verdicts: list[Verdict]) -> None:
    for verdict in verdicts:
        where = f"{verdict.file}: {verdict.name}" if verdict.name else verdict.file
        if not verdict.problems:
            click.echo(f"{where}: valid")
        for problem in verdict.problems:
            click.echo(f"{where}: {problem}", err=True)
