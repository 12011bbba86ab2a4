"""What networks say of pictures whose group they never saw: for figures, and for the review of labels."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.answers import Answers, Doubles, sureness
from training.labelled import Example
from training.metrics import balanced_accuracy, bootstrap_interval, expected_calibration_error

COLUMNS = ("picture", "class", "probability")


@dataclass(frozen=True, eq=False, kw_only=True)
class OutOfFold:
    """Calibrated logits (n, classes) of pictures held out, and what they show."""

    examples: tuple[Example, ...]
    answers: Answers
    logits: Doubles

    def figures(self) -> dict[str, Any]:
        """Accuracy and calibration error with 95% intervals, balanced accuracy and log loss."""
        said = self.answers.said(self.logits)
        right = (said == self.answers.truth).all(axis=1)
        sure, decides, _ = sureness(self.answers, self.logits)
        sure = np.where(decides, sure, 1.0).min(axis=1)
        groups = [e.group for e in self.examples]
        return {
            "n": len(right),
            "accuracy": float(right.mean()),
            "accuracy_interval": bootstrap_interval(lambda k: float(right[k].mean()), groups),
            "ece": expected_calibration_error(sure, right),
            "ece_interval": bootstrap_interval(
                lambda k: expected_calibration_error(sure[k], right[k]), groups
            ),
            "balanced_accuracy": balanced_accuracy(
                [e.label for e in self.examples], [self._label(row) for row in said]
            ),
            "log_loss": self.answers.loss(self.logits),
        }

    def probabilities(self) -> Mapping[str, Doubles]:
        """By answer that occurs, as a CSV has it, the probability that each picture has exactly it."""
        there, absent = self.answers.log_probabilities(self.logits)
        found = {}
        for label in sorted({e.label for e in self.examples}):
            answer = next(e.answer for e in self.examples if e.label == label)
            holds = np.array([name in answer for name in self.answers.classes])
            others = absent if not self.answers.blocks else np.zeros_like(there)
            found[label] = np.exp(np.where(holds, there, others).sum(axis=1))
        return found

    def write(self, file: Path) -> None:
        """A CSV that `coop label quality TASK --predictions` reads; pictures of no record have their path."""
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        with part.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines)
            writer.writerow(COLUMNS)
            for label, sure in self.probabilities().items():
                for example, p in zip(self.examples, sure, strict=True):
                    writer.writerow([example.picture or str(example.path), label, f"{min(p, 1.0):.5f}"])
        part.replace(file)

    def _label(self, said: np.ndarray) -> str:
        names = [name for name, there in zip(self.answers.classes, said, strict=True) if there]
        return "|".join(sorted(names)) or "none"
