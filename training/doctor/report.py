"""Findings for a person to read."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from training.doctor.finding import Finding, Severity

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}


def show(findings: Sequence[Finding], console: Console) -> None:
    """Worst first; what, where, why, and what to do."""
    if not findings:
        console.print(Text("The doctor found nothing wrong.", style="bold green"))
        return
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    console.print(Text(f"The doctor found {len(findings)}, of which {errors} are errors:", style="bold"))
    for finding in findings:
        head = Text(f"{finding.severity}: {finding.kind}", style=_COLOURS[finding.severity])
        console.print(head.append(f" at {finding.where}", style="not bold default"))
        console.print(Text(f"    {finding.evidence}"))
        console.print(Text(f"    → {finding.remedy}", style="italic"))
