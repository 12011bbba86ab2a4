"""What the doctor says: one finding for each thing that is wrong, with its evidence and its remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    ERROR = "error"
    """The training cannot succeed, or its figures are untrue."""
    WARNING = "warning"
    """It may succeed, and will be worse than it need be."""
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``kind`` from the table in README.md; ``where`` is a layer or an argument; ``evidence`` has numbers."""

    kind: str
    where: str
    evidence: str
    remedy: str
    severity: Severity


def error(kind: str, where: str, evidence: str, remedy: str) -> Finding:
    return Finding(kind=kind, where=where, evidence=evidence, remedy=remedy, severity=Severity.ERROR)


def warning(kind: str, where: str, evidence: str, remedy: str) -> Finding:
    return Finding(kind=kind, where=where, evidence=evidence, remedy=remedy, severity=Severity.WARNING)


def note(kind: str, where: str, evidence: str, remedy: str) -> Finding:
    return Finding(kind=kind, where=where, evidence=evidence, remedy=remedy, severity=Severity.NOTE)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, otherwise as they were found; the same thing in the same place is said once."""
    first: dict[tuple[str, str], Finding] = {}
    rank = list(Severity)
    for finding in findings:
        kept = first.setdefault((finding.kind, finding.where), finding)
        if rank.index(finding.severity) < rank.index(kept.severity):
            first[finding.kind, finding.where] = finding
    return sorted(first.values(), key=lambda finding: rank.index(finding.severity))


def write_json(findings: Iterable[Finding], file: Path) -> None:
    text = json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")
