"""What `status` prints."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from mogulsync.cluster.access import DESTINATIONS, Access, open_access
from mogulsync.cluster.choosing import listed, where
from mogulsync.cluster.overview import Overview, ago, document, in_zone, ordered, overview, took, until
from mogulsync.cluster.reach import Reach, Selection
from mogulsync.commands.clusterarguments import OutputFormat
from mogulsync.commands.output import columns, console, narrowed, on_terminal, print_document, table, wrapped
from mogulsync.commands.reporttext import INDENT, report_lines, titled
from mogulsync.commands.running import run
from mogulsync.resource.fixes import fix_for

if TYPE_CHECKING:
    from rich.console import RenderableType

NEEDS_ATTENTION: Final = 3
"""Exit code of --exit-code."""
_WATCH_SECONDS: Final = 2.0
_NONE: Final = "-"
_DROPPED: Final = ("UPDATED", "MATCHED", "LOCAL TIME", "LAST RUN", "SYNCED", "NEXT RUN")
"""Columns that a narrow terminal does without, in this order."""
_HISTORY: Final = ("ENDED", "OUTCOME", "TRIGGER", "TOOK", "MATCHED", "UPDATED", "FAILED", "JOB")
_HISTORY_DROPPED: Final = ("TRIGGER", "MATCHED", "TOOK", "UPDATED", "FAILED", "ENDED")
_HISTORY_INDENT: Final = 2


async def once(reach: Reach, selection: Selection, output: OutputFormat | None) -> int:
    """Show the destinations as they are now; return 3 when any needs attention, else 0."""
    async with open_access(reach) as access:
        found = await _found(access, selection)
        if output is not None:
            shown = [document(each, None) for each in found]
            print_document(shown[0] if selection.names else {"items": shown}, output)
        elif selection.names:
            _print_one(found[0])
        elif not found:
            click.echo(f"No IntercomDestination {where(access, selection)}.", err=True)
        elif on_terminal():
            console().print(_many(found, selection))
        else:
            click.echo(columns(_titles(selection), _rows(found, selection)))
    return _code(found)


def watched(reach: Reach, selection: Selection) -> int:
    """Go on showing the destinations until Ctrl-C; return 3 when any needed attention then, else 0."""
    watch = _Watch(reach, selection)
    try:
        run(watch.show(), interrupted="")
    except click.exceptions.Exit:
        return _code(watch.found)
    return _code(watch.found)


class _Watch:
    """Destinations, looked at again and again."""

    def __init__(self, reach: Reach, selection: Selection) -> None:
        self.found: list[Overview] = []
        self._reach = reach
        self._selection = selection

    async def show(self) -> None:
        async with open_access(self._reach) as access:
            if on_terminal():
                await self._redraw(access)
            else:
                await self._print_changes(access)

    async def _redraw(self, access: Access) -> None:
        from rich.live import Live  # noqa: PLC0415 - never where output is piped

        with Live(console=console(), auto_refresh=False) as live:
            while True:
                self.found = await _found(access, self._selection)
                live.update(self._picture(), refresh=True)
                await asyncio.sleep(_WATCH_SECONDS)

    def _picture(self) -> "RenderableType":
        if self._selection.names:
            return _one(self.found[0])
        return _many(self.found, self._selection)

    async def _print_changes(self, access: Access) -> None:
        """Print all, then only those in which something changed."""
        seen: dict[tuple[str, str], Any] = {}
        while True:
            self.found = await _found(access, self._selection)
            news = [each for each in self.found if seen.get((each.namespace, each.name)) != _gist(each)]
            if self._selection.names and news:
                _print_one(news[0])
            elif news:
                text = columns(_titles(self._selection), _rows(news, self._selection))
                click.echo(text if not seen else text.partition("\n")[2])
            seen = {(each.namespace, each.name): _gist(each) for each in self.found}
            await asyncio.sleep(_WATCH_SECONDS)


async def _found(access: Access, selection: Selection) -> list[Overview]:
    if selection.names:
        return [overview(await access.read(DESTINATIONS, access.namespace, selection.names[0]))]
    return ordered(await listed(access, selection))


def _gist(seen: Overview) -> Any:
    return seen.status, seen.suspended, seen.schedule, seen.time_zone


def _code(found: Sequence[Overview]) -> int:
    return NEEDS_ATTENTION if any(each.needs for each in found) else 0


# --- many ---


def _titles(selection: Selection) -> list[str]:
    titles = ["NAME", "READY", "SYNCED", "LAST RUN", "MATCHED", "UPDATED", "NEXT RUN", "LOCAL TIME", "ATTENTION"]
    return ["NAMESPACE", *titles] if selection.all_namespaces else titles


def _rows(found: Sequence[Overview], selection: Selection) -> list[list[str]]:
    now = datetime.now(UTC)
    return [_row(each, selection, now) for each in found]


def _row(seen: Overview, selection: Selection, now: datetime) -> list[str]:
    last = seen.last
    theirs, local = in_zone(seen.next_run, seen.time_zone, None) if seen.next_run else (_NONE, _NONE)
    cells = [
        seen.name,
        str(seen.condition("Ready").get("status", "Unknown")),
        str(seen.condition("Synced").get("status", "Unknown")),
        f"{last['outcome']} {ago(last.get('completionTime'), now)}".rstrip() if last.get("outcome") else _NONE,
        str((last.get("customers") or {}).get("matched", _NONE)),
        str((last.get("contacts") or {}).get("updated", _NONE)),
        "suspended" if seen.suspended else theirs,
        _NONE if seen.suspended else local,
        _attention(seen) or _NONE,
    ]
    return [seen.namespace, *cells] if selection.all_namespaces else cells


def _attention(seen: Overview) -> str:
    """Return the reasons that need attention, each with the conditions that give it."""
    conditions: dict[str, list[str]] = {}
    for each in seen.needs:
        conditions.setdefault(each.reason, []).append(each.condition)
    return ", ".join(f"{reason} ({', '.join(kinds)})" for reason, kinds in conditions.items())


def _many(found: Sequence[Overview], selection: Selection) -> "RenderableType":
    styles = ["red" if each.needs else "dim" if each.suspended else "" for each in found]
    width = console().width
    titles, rows = narrowed(_titles(selection), _rows(found, selection), width=width, drop=_DROPPED)
    return table(titles, rows, width=width, styles=styles)


# --- one ---


def _print_one(seen: Overview) -> None:
    if on_terminal():
        console().print(_one(seen))
        return
    now = datetime.now(UTC)
    lines = [_headline(seen), *_lines(seen, now)]
    if history := seen.status.get("history"):
        lines += ["", "History", *(f"  {line}" for line in columns(_HISTORY, _history(history, now)).splitlines())]
    click.echo("\n".join(lines))


def _one(seen: Overview) -> "RenderableType":
    from rich.console import Group  # noqa: PLC0415 - never where output is piped
    from rich.padding import Padding  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    now, width = datetime.now(UTC), console().width
    text = Text("\n".join(wrapped(_lines(seen, now), width=width, indent=INDENT)))
    text.highlight_regex(r"(?m)^(Conditions|Last run|Last preview)$", "bold")
    text.highlight_words(["What to do:"], "yellow")
    parts: list[RenderableType] = [Text(_headline(seen), style="bold red" if seen.needs else "bold"), text]
    if history := seen.status.get("history"):
        room = width - _HISTORY_INDENT
        titles, rows = narrowed(_HISTORY, _history(history, now), width=room, drop=_HISTORY_DROPPED)
        shown = Padding(table(titles, rows, width=room), (0, 0, 0, _HISTORY_INDENT))
        parts += [Text("\nHistory", style="bold"), shown]
    return Group(*parts)


def _headline(seen: Overview) -> str:
    if seen.needs:
        standing = "needs attention"
    elif seen.condition("Ready").get("status", "Unknown") == "Unknown":
        standing = "not known to be ready yet"
    else:
        standing = "suspended" if seen.suspended else "nothing needs attention"
    return f"{seen.name} in namespace {seen.namespace}: {standing}"


def _lines(seen: Overview, now: datetime) -> list[str]:
    """Return everything about one destination but its headline and its history, a line each."""
    lines = []
    workspace = seen.status.get("workspace") or {}
    if workspace:
        named = [workspace.get("name"), workspace.get("id"), workspace.get("region")]
        lines.append(titled("workspace", ", ".join(str(word) for word in named if word)))
    lines.append(titled("schedule", f"{seen.schedule} ({seen.time_zone})" + (", suspended" if seen.suspended else "")))
    if seen.next_run and not seen.suspended:
        theirs, local = in_zone(seen.next_run, seen.time_zone, None)
        lines.append(titled("next run", f"{theirs}, {until(seen.next_run, now)}"))
        lines.append(titled("", f"{local} local time"))
    lines += ["", "Conditions", *_conditions(seen)]
    lines += ["", "Last run", *(report_lines(seen.last, seen.reference, now) or ["  none has ended yet"])]
    if preview := seen.status.get("lastPreview"):
        lines += ["", "Last preview", *report_lines(preview, seen.reference, now)]
    return lines


def _conditions(seen: Overview) -> list[str]:
    """Return the conditions with their messages, and once for each reason that is not a good one what to do."""
    good = {"Ready": "True", "Synced": "True", "Overdue": "False"}
    lines = []
    seen_before: set[str] = set()
    for each in seen.status.get("conditions") or ():
        reason, message = str(each.get("reason", "")), str(each.get("message", ""))
        lines.append(titled(each["type"], f"{each['status']:<9}{reason}"))
        if message and message not in seen_before:
            lines.append(titled("", message))
        if (
            good.get(each["type"]) != each["status"]
            and reason not in seen_before
            and (fix := fix_for(reason, name=seen.reference))
        ):
            lines.append(titled("", f"What to do: {fix}"))
        seen_before |= {message, reason}
    return lines or ["  none: the operator has not seen it yet (see mogulsync doctor)"]


def _history(history: Sequence[Any], now: datetime) -> list[list[str]]:
    return [
        [
            ago(entry.get("completionTime"), now) or _NONE,
            str(entry.get("outcome") or _NONE),
            str(entry.get("trigger") or _NONE),
            took(entry) or _NONE,
            *(str(entry.get(key, _NONE)) for key in ("matched", "updated", "failed")),
            str(entry.get("job") or _NONE),
        ]
        for entry in history
    ]
