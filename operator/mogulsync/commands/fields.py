"""`mogulsync fields`: the sources that a destination can send."""

from typing import Any, Final

import click

from mogulsync.commands.clusterarguments import OutputFormat, output_option
from mogulsync.commands.output import columns, print_document

_TITLES: Final = ("SOURCE", "ATTRIBUTE", "TYPE", "DESCRIPTION")


@click.command(
    "fields",
    epilog="""\b
Examples:
  mogulsync fields
  mogulsync fields -o json | jq -r '.[].source'""",
)
@output_option
def command(*, output: OutputFormat | None) -> None:
    """List the sources: what spec.fields can send, the Intercom attribute that it goes to by default, and its type.

    CustomAttribute has no attribute of its own: it needs key (its name in ChartMogul) and attribute, and has the type
    that the field gives: string (the default), integer, float, boolean or date.
    """
    sources = _sources()
    if output is not None:
        print_document(sources, output)
        return
    rows = [[entry["source"], entry["attribute"] or "-", entry["type"], entry["description"]] for entry in sources]
    click.echo(columns(_TITLES, rows))


def _sources() -> list[dict[str, Any]]:
    """Return what there is to say of each source, in the order of the documentation."""
    from mogulsync.resource.sources import CUSTOM_ATTRIBUTE, SOURCES, Source  # noqa: PLC0415 - not for --help

    listed: list[dict[str, Any]] = [
        {"source": source.value, "attribute": info.attribute, "type": info.data_type, "description": info.description}
        for source, info in SOURCES.items()
    ]
    custom = {
        "source": Source.CUSTOM_ATTRIBUTE.value,
        "attribute": None,
        "type": "as type",
        "description": CUSTOM_ATTRIBUTE,
    }
    return [*listed, custom]
