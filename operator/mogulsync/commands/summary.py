"""A report in lines for a person."""

from mogulsync.resource.report import Report, ReportPart


def summary(report: Report) -> str:
    """Return outcome and message, then the counts that are not zero."""
    outcome = report.outcome + (f" ({report.reason})" if str(report.reason) != str(report.outcome) else "")
    dry = "Dry run, nothing was written. " if report.dry_run else ""
    lines = [f"{dry}{outcome}: {report.message}"]
    if report.workspace is not None:
        shown = [report.workspace.name, report.workspace.id, report.workspace.region]
        lines.append(f"  workspace   {', '.join(word for word in shown if word)}")
    lines += _counts("customers", report.customers)
    lines += _counts("contacts", report.contacts)
    if report.fields:
        lines.append("  values      " + ", ".join(f"{count} {source}" for source, count in report.fields.items()))
    if report.attributes.created:
        lines.append("  created     " + ", ".join(report.attributes.created))
    lines += [f"  refused     {each.attribute}: {each.reason}" for each in report.attributes.refused]
    lines += [
        f"  failed      {each.count} {each.reason}" + (f" ({each.detail})" if each.detail else "")
        for each in report.errors
    ]
    lines += [f"  warning     {each.count} {each.reason}" for each in report.warnings]
    lines += _counts("requests", report.requests)
    return "\n".join(lines)


def _counts(title: str, part: ReportPart) -> list[str]:
    counts = {name: count for name, count in part.model_dump().items() if count}
    return [f"  {title:<11} " + ", ".join(f"{count} {name}" for name, count in counts.items())] if counts else []
