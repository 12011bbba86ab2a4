"""A head for 2,000 new crops, trained and packaged by `coop train`, beside a plain Keras loop.

    PYTHONPATH=tests python -m bench.learning.head [--only coop|keras]

The crops are cut from 500 pictures of cats and dogs, four of each; every fifth picture is held out, with its
crops, and scored by both. The plain loop is what a tutorial has: the same frozen network with a dense layer
behind it, Adam, mirrored pictures, until it has as many of the crops held out right as the head has, at most
ten epochs. Wall time is that of the whole command, from its start to the written package.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

DATA = Path(os.environ.get("COOP_TEST_DATA") or Path(__file__).parents[4] / "shared" / "data") / "catdog"
CROPS, PICTURES, EPOCHS, BATCH = 5, 500, 10, 32
"""Of five crops of each picture four fifths of the pictures make 2,000 to learn from, 500 to be scored by."""


def cut(folder: Path) -> tuple[Path, Path]:
    """The crops, as a CSV to learn from and one to be scored by."""
    files = sorted(p for p in DATA.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))[:PICTURES]
    random, rows = np.random.default_rng(0), []
    for number, file in enumerate(files):
        picture = np.asarray(cv2.imread(str(file)), np.uint8)
        height, width = picture.shape[:2]
        for k in range(CROPS):
            side = random.uniform(0.6, 0.95, 2)
            h, w = int(side[0] * height), int(side[1] * width)
            y, x = int(random.integers(height - h + 1)), int(random.integers(width - w + 1))
            crop = folder / f"{number}-{k}.jpg"
            cv2.imwrite(str(crop), picture[y : y + h, x : x + w])
            rows.append((number % 5 == 0, [crop.name, file.parent.name, f"picture {number}"]))
    tables = []
    for held, name in ((False, "learned.csv"), (True, "scored.csv")):
        tables.append(folder / name)
        with tables[-1].open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(["path", "label", "group"])
            writer.writerows(row for where, row in rows if where is held)
    return tables[0], tables[1]


def by_coop(folder: Path, learned: Path, scored: Path) -> float:
    """The share of the crops held out that the package has right."""
    program = [sys.executable, "-c", "from coop.cli.main import main; main()"]
    environment = {**os.environ, "COOP_DATA_DIR": str(folder / "data")}
    began = time.perf_counter()
    subprocess.run(
        [*program, "train", "--data", str(learned), "--out", str(folder / "package")],
        check=True, env=environment, cwd=folder,
    )  # fmt: skip
    wall = time.perf_counter() - began
    subprocess.run(
        [*program, "evaluate", str(folder / "package"), "--data", str(scored), "--json", "figures.json"],
        check=True, env=environment, cwd=folder, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    right = float(json.loads((folder / "figures.json").read_text())["accuracy"])
    print(f"coop train: {wall:.0f} s of wall time from start to package, {right:.1%} of 500 held out right")
    return right


def by_keras(learned: Path, scored: Path, wanted: float) -> None:
    began = time.perf_counter()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras  # type: ignore[import-untyped,import-not-found,unused-ignore]

    from coop.classify.efficientnet_lite import load_lite_weights
    from coop.classify.preprocess import prepare
    from training.network import backbone

    def read(table: Path) -> tuple[np.ndarray, np.ndarray]:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = sorted({row["label"] for row in rows})
        pictures = [prepare(np.asarray(cv2.imread(str(table.parent / r["path"]))), 224) for r in rows]
        return np.stack(pictures), np.array([names.index(row["label"]) for row in rows])

    (x, y), (seen, truth) = read(learned), read(scored)
    keras.utils.set_random_seed(0)
    picture = keras.Input((224, 224, 3))
    frozen = keras.Model(picture, backbone(picture, load_lite_weights()))
    frozen.trainable = False
    mirrored = keras.layers.RandomFlip("horizontal")(picture)
    model = keras.Model(picture, keras.layers.Dense(2)(frozen(mirrored, training=False)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    for epoch in range(1, EPOCHS + 1):
        model.fit(x.astype(np.float32), y, batch_size=BATCH, verbose=0)
        right = float((model.predict(seen.astype(np.float32), verbose=0).argmax(axis=1) == truth).mean())
        wall = time.perf_counter() - began
        print(f"plain Keras, epoch {epoch}: {wall:.0f} s of wall time, {right:.1%} right", flush=True)
        if right >= wanted:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("coop", "keras"))
    parser.add_argument("--wanted", type=float, default=1.0, help="with --only keras: until so much is right")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        learned, scored = cut(Path(name))
        right = given.wanted if given.only == "keras" else by_coop(Path(name), learned, scored)
        if given.only != "coop":
            by_keras(learned, scored, right)


if __name__ == "__main__":
    main()
