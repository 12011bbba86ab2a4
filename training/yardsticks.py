"""What a model is measured beside on the same pictures: other models, no look at all, a person."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from coop.classify.card import TaskMode
from coop.classify.decide import probabilities
from coop.classify.efficientnet_lite import LITES, load_lite_weights
from coop.classify.package import ModelPackage, report_beside, report_folder
from training.backbones import Eye
from training.evaluate import LEAST_LIKELY, Floats, Progress, Scores
from training.head import Head
from training.labelled import read_picture
from training.metrics import Bools, bootstrap_interval

HEAD_FILE = "frozen-head.npz"
"""The head on frozen features that a training began with, kept beside its report."""
MOST_ANSWERS = 60
"""So many different answers, the most frequent ones, are counted in a card."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Human:
    """How often one person's blind answer is the settled one, of ``n`` things that two judged."""

    accuracy: float
    interval: tuple[float, float]
    n: int


class Looks(Protocol):
    """What makes features of pictures: the frozen network."""

    def embed(self, images: Sequence[Any]) -> Floats: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class FrozenHead:
    """A linear head on the features of a network as it was published."""

    head: Head
    backbone: str

    def scores(self, scores: Scores, *, progress: Progress | None = None) -> Scores:
        """Its own answers for the pictures of ``scores``."""
        head = self.head
        card = replace(
            scores.card, name="frozen-head", version="1", classes=head.classes, temperature=head.temperature,
            thresholds=dict.fromkeys(head.classes, 0.5), mode=head.mode,
        )  # fmt: skip
        rows = head.logits(self._features(scores, progress))
        answers = np.stack([probabilities(card, row) for row in rows])
        return Scores(card=card, examples=scores.examples, probabilities=answers)

    def _features(self, scores: Scores, progress: Progress | None) -> Floats:
        """Those of the package, where it looks with the same network; else the pictures are looked at."""
        weights = load_lite_weights(LITES[self.backbone])
        own = scores.card.trained_on.get("backbone") == f"{self.backbone}, frozen"
        if own and scores.embeddings is not None and scores.card.preprocessing.size == weights.plan.size:
            return scores.embeddings
        eye, rows = Eye(weights), []
        for number, example in enumerate(scores.examples, start=1):
            rows.append(eye.embed([read_picture(example.path)])[0])
            if progress is not None:
                progress(number, len(scores.examples))
        return np.stack(rows)


def keep_head(folder: Path, frozen: FrozenHead) -> None:
    """Keep a head in the folder of a report. Raises OSError."""
    head = frozen.head
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{HEAD_FILE}.part"
    with part.open("wb") as file:
        np.savez(
            file, weights=head.weights, bias=head.bias, temperature=np.float64(head.temperature),
            classes=np.array(head.classes, np.str_), mode=np.str_(head.mode),
            backbone=np.str_(frozen.backbone),
        )  # fmt: skip
    part.replace(folder / HEAD_FILE)


def kept_head(package: ModelPackage) -> FrozenHead | None:
    """The head that was kept when a package was trained; None where there is none of its mode, or none that
    can be read: it is only measured beside the package."""
    for folder in (report_beside(package.folder), report_folder(package.folder)):
        if (folder / HEAD_FILE).is_file():
            frozen = _read(folder / HEAD_FILE)
            if frozen is None:
                continue
            if frozen.head.mode is package.card.mode and frozen.backbone in LITES:
                return frozen
    return None


def _read(file: Path) -> FrozenHead | None:
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            head = Head(
                mode=TaskMode(str(kept["mode"])),
                classes=tuple(str(name) for name in kept["classes"]),
                weights=kept["weights"],
                bias=kept["bias"],
                temperature=float(kept["temperature"]),
                thresholds={},
                measured={},
            )
            return FrozenHead(head=head, backbone=str(kept["backbone"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def counted(labels: Sequence[str]) -> dict[str, int]:
    """How often each answer came, the most frequent first: what a card keeps of the pictures learned from."""
    return dict(Counter(labels).most_common(MOST_ANSWERS))


def beside(
    scores: Scores,
    *,
    other: Scores | None = None,
    frozen: Scores | None = None,
    human: Human | None = None,
) -> list[dict[str, Any]]:
    """A row for the model and for each thing it is measured beside, with the difference (the model is better
    where it is positive) and its interval. Plain values, for `coop evaluate --json` and for the page.
    """
    rows = [_row(scores, "model", scores.card.model, "this model", scores.right, scores.log_loss)]
    if other is not None:
        about = "another model, on the same pictures"
        rows.append(_row(scores, "other", other.card.model, about, other.right, other.log_loss))
    if frozen is not None:
        about = "a linear head on the network as it was published, learned from the same pictures as they are"
        rows.append(
            _row(scores, "frozen-head", "head on a frozen network", about, frozen.right, frozen.log_loss)
        )
    rows += _blind(scores)
    rows += _human(scores, human)
    return rows


def _blind(scores: Scores) -> Iterator[dict[str, Any]]:
    """A network that gets no picture, as far as the card tells what it would have learned; a constant answer.

    Whatever its layers, all that a network without inputs can learn is how often each answer comes.
    """
    labels = [example.label for example in scores.examples]
    learned = _frequencies(scores.card.trained_on.get("answers"))
    if learned:
        usual = max(learned, key=lambda name: learned[name])
        total = sum(learned.values())
        likely = np.array([max(learned.get(label, 0) / total, LEAST_LIKELY) for label in labels])
        right = np.array([label == usual for label in labels])
        yield _row(
            scores, "no-input", "network without a picture",
            f"it knows only how often each answer came in training, so it always says {usual}",
            right, float(-np.log(likely).mean()),
        )  # fmt: skip
    common = max(Counter(labels).items(), key=lambda pair: pair[1])[0]
    right = np.array([label == common for label in labels])
    yield _row(
        scores, "constant", "always the same answer", f"{common}, the most frequent one of these pictures",
        right, None,
    )  # fmt: skip


def _human(scores: Scores, human: Human | None) -> Iterator[dict[str, Any]]:
    """A person, by second judgements of these very pictures, or of the task's other ones."""
    twice = np.array(
        [number for number, e in enumerate(scores.examples) if e.second is not None], dtype=np.intp
    )
    if twice.size:
        right = np.array([scores.examples[k].second == scores.examples[k].answer for k in twice])
        yield _row(
            scores,
            "human",
            "a person",
            "another person's blind answer to the same pictures",
            right,
            None,
            twice,
        )
    elif human is not None and human.n:
        yield {
            "kind": "human", "name": "a person",
            "about": f"one person's blind answer, of {human.n} things of this task that two people judged",
            "n": human.n, "accuracy": human.accuracy, "interval": list(human.interval),
            "log_loss": None, "difference": None, "difference_interval": None,
        }  # fmt: skip


def _row(
    scores: Scores, kind: str, name: str, about: str, right: Bools, log_loss: float | None,
    numbers: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """``numbers``: of the pictures that ``right`` (n,) is about; all of them where None."""
    chosen = np.arange(len(scores.examples)) if numbers is None else numbers
    days = [scores.examples[k].group for k in chosen]
    ours = scores.right[chosen].astype(float)
    gain = ours - right
    row: dict[str, Any] = {
        "kind": kind, "name": name, "about": about, "n": len(chosen),
        "accuracy": float(right.mean()),
        "interval": list(bootstrap_interval(lambda drawn: float(right[drawn].mean()), days)),
        "log_loss": None if log_loss is None or math.isinf(log_loss) else log_loss,
        "difference": None, "difference_interval": None,
    }  # fmt: skip
    if kind != "model":
        row["difference"] = float(gain.mean())
        row["difference_interval"] = list(bootstrap_interval(lambda drawn: float(gain[drawn].mean()), days))
    return row


def _frequencies(kept: object) -> dict[str, int]:
    if not isinstance(kept, Mapping):
        return {}
    return {str(name): n for name, n in kept.items() if isinstance(n, int) and n > 0}
