"""The `coop` command in this process: what it prints, and the status it ends with."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest import mock

from coop.cli.main import main


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run of the command ended."""

    status: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Everything that was printed, in one line."""
        return " ".join((self.out + " " + self.err).split())


def coop(*arguments: object) -> Outcome:
    """Run `coop ARGUMENTS`; an error that is not for the user's eyes comes out as it is."""
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    with (
        mock.patch.object(sys, "argv", ["coop", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            status = end.code
    return Outcome(status=status if isinstance(status, int) else 0, out=out.getvalue(), err=err.getvalue())
