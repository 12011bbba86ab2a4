"""A model whose answers are known, and pictures of one colour whose truth is known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from coop.classify.card import ModelCard, Preprocessing, TaskMode
from coop.classify.package import ModelPackage, write_package
from coop.classify.tflite_writer import GraphWriter

RED, GREEN, BLUE, DARK, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 0)
SIZE = 32
Colour = tuple[int, int, int]


def colour_package(
    folder: Path, mode: TaskMode, classes: tuple[str, ...], *, embeds: bool = True, bias: float = -4.0
) -> ModelPackage:
    """A model that answers by the mean of red, green and blue: class k is there where colour k is strong.

    ``bias``: of the first class; 20 calls everything by its name. ``embeds``: whether it gives the mean, too.
    """
    graph = GraphWriter("mean colour")
    x = graph.scale(graph.cast_to_float(graph.picture_input("image", SIZE)), 1 / 255)
    mean = graph.average_over_picture(x, "embedding")
    offsets = np.array([bias, -4, -4], dtype=np.float32)
    logits = graph.dense(mean, np.eye(3, dtype=np.float32) * 8, offsets, "logits")
    card = ModelCard(
        name=folder.name,
        version="1",
        task="colour",
        mode=mode,
        classes=classes,
        preprocessing=Preprocessing(size=SIZE),
        thresholds=dict.fromkeys(classes, 0.9),
        trained_on={"groups": ["a", "b"]},
        not_good_for=("<b>other</b> light",),
    )
    outputs = {"logits": logits, "embedding": mean} if embeds else {"logits": logits}
    return write_package(folder, card, graph.finish(outputs))


def labelled_colours(folder: Path, *rows: tuple[Colour, str, str]) -> Path:
    """A CSV of pictures: colour, label and group of each."""
    lines = ["path,label,group"]
    for number, (colour, label, group) in enumerate(rows):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((40, 40, 3), colour[::-1], dtype=np.uint8))
        lines.append(f"{number}.png,{label},{group}")
    file = folder / "labels.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
