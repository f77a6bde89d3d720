"""A report as a status holds it, in lines for a person."""

from datetime import datetime
from typing import Any, Final

from mogulsync.cluster.overview import ago
from mogulsync.resource.fixes import fix_for

_WIDTH: Final = 12
INDENT: Final = _WIDTH + 2
"""Where the text of a titled line begins."""


_ORDER: Final = (
    *("total", "matched", "ambiguous", "unmatched", "unmatchable", "conflicts"),
    *("updated", "unchanged", "failed", "vanished", "cleared"),
    *("chartmogul", "intercom", "throttled", "retried"),
)
"""Counts as the report has them; the API server sorts keys by name."""


def _place(counted: tuple[str, Any]) -> int:
    return _ORDER.index(counted[0]) if counted[0] in _ORDER else len(_ORDER)


def titled(title: str, text: str) -> str:
    """Return an indented line with its title."""
    return f"  {title:<{_WIDTH}}{text}".rstrip()


def report_lines(report: Any, name: str, now: datetime) -> list[str]:
    """Return a report's lines; a count that is 0 is left out."""
    if not report:
        return []
    reason = f" ({report['reason']})" if report.get("reason") not in {None, report.get("outcome")} else ""
    lines = [titled("outcome", f"{report.get('outcome')}{reason} {ago(report.get('completionTime'), now)}".rstrip())]
    if report.get("message"):
        lines.append(titled("", report["message"]))
    trigger = f" ({report['trigger']})" if report.get("trigger") else ""
    if report.get("job"):
        lines.append(titled("job", f"{report['job']}{trigger}"))
    for part in ("customers", "contacts", "requests", "fields"):
        counts = {name: count for name, count in sorted((report.get(part) or {}).items(), key=_place) if count}
        if counts:
            lines.append(titled(part, ", ".join(f"{count} {name}" for name, count in counts.items())))
    attributes = report.get("attributes") or {}
    if attributes.get("created"):
        lines.append(titled("created", ", ".join(_more(each) or str(each) for each in attributes["created"])))
    for refused in attributes.get("refused") or ():
        reason = refused.get("reason")
        lines.append(titled("refused", _more(refused) or f"{refused.get('attribute')}: {reason}{_fix(reason, name)}"))
    for title, counted in (("failed", report.get("errors")), ("warning", report.get("warnings"))):
        for each in counted or ():
            reason = each.get("reason")
            detail = f" ({each['detail']})" if each.get("detail") else ""
            lines.append(titled(title, _more(each) or f"{each.get('count')} {reason}{detail}{_fix(reason, name)}"))
    return lines


def _more(entry: Any) -> str:
    """Return the words for the end of a list that was cut; empty for any other entry."""
    return f"and {entry['more']} more" if isinstance(entry, dict) and "more" in entry else ""


def _fix(reason: Any, name: str) -> str:
    fix = fix_for(str(reason), name=name)
    return f": {fix}" if fix else ""
