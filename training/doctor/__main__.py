"""`python -m training.doctor [--json FILE] SCRIPT.py [ARGUMENTS...]`: what ails a Keras script."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from training.doctor.finding import write_json
from training.doctor.patient import Practice, run_script
from training.doctor.report import show


def main(arguments: list[str] | None = None) -> int:
    """The script's own exit status; what the doctor says goes to stderr, after all that the script says."""
    parser = argparse.ArgumentParser(
        prog="python -m training.doctor",
        description="Runs a Keras script as python would, watches fit, and says what is wrong with it.",
        epilog="The script's output and exit status are its own; the findings are written to stderr.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings to this file too")
    parser.add_argument("script", type=Path, metavar="SCRIPT.py", help="the script to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script is called with")
    given = parser.parse_args(arguments)
    if not given.script.is_file():
        parser.error(f"there is no script {given.script}")
    to, rest = _json_after_script(given.json, given.arguments)
    json_file = None if to is None else to.absolute()  # the script may change the folder
    practice = Practice()
    status = run_script(given.script, rest, practice)
    sys.stdout.flush()
    findings = practice.findings()
    if json_file is not None:
        write_json(findings, json_file)
    show(findings, Console(stderr=True, highlight=False))
    return status


def _json_after_script(given: Path | None, rest: list[str]) -> tuple[Path | None, list[str]]:
    """`SCRIPT.py --json FILE` is ours too, where it comes last and was not given before."""
    if given is None and len(rest) >= 2 and rest[-2] == "--json":
        return Path(rest[-1]), rest[:-2]
    return given, rest


if __name__ == "__main__":
    sys.exit(main())
