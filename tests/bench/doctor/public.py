"""Good programs in the style of public examples, real MNIST among them: nothing is wrong with any."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.doctor.planted import HERE, ROOT
from bench.doctor.ward import Examined, examine_text


def good_programs() -> Iterator[tuple[str, Examined]]:
    os.environ.setdefault("COOP_TEST_DATA", str(ROOT.parent / "shared" / "data"))
    for file in sorted((HERE / "good").glob("*.py")):
        yield file.stem, examine_text(file.read_text(encoding="utf-8"))
