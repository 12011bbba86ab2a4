import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coop.classify.card import ModelCard, Preprocessing
from coop.classify.package import Gallery, ModelPackage, write_package
from coop.classify.tflite_writer import GraphWriter
from coop.errors import ModelPackageError

CardWith = Callable[..., ModelCard]


@pytest.fixture
def gallery() -> Gallery:
    embeddings = np.arange(12, dtype=np.float32).reshape(4, 3)
    return Gallery(embeddings=embeddings, labels=("red", "red", "green", "blue"))


@pytest.fixture
def package(tmp_path: Path, colour_card: ModelCard, colour_model: bytes, gallery: Gallery) -> Path:
    write_package(tmp_path / "colours", colour_card, colour_model, gallery)
    return tmp_path / "colours"


def test_what_is_written_is_loaded(package: Path, colour_model: bytes, gallery: Gallery) -> None:
    loaded = ModelPackage.load(package)
    assert loaded.card.classes == ("red", "green", "blue")
    assert loaded.model == colour_model
    assert loaded.gallery is not None
    assert loaded.gallery.labels == gallery.labels
    np.testing.assert_array_equal(loaded.gallery.embeddings, gallery.embeddings)
    assert loaded.folder == package


def test_nothing_else_lies_in_the_folder_or_beside_it(package: Path) -> None:
    assert sorted(p.name for p in package.iterdir()) == ["card.json", "gallery.npz", "model.tflite"]
    assert [p.name for p in package.parent.iterdir()] == ["colours"]
    assert not any(os.access(p, os.X_OK) for p in package.iterdir()) or os.geteuid() == 0
    assert not any(p.stat().st_mode & 0o111 for p in package.iterdir())


def test_a_package_without_gallery(tmp_path: Path, colour_card: ModelCard, colour_model: bytes) -> None:
    assert write_package(tmp_path / "c", colour_card, colour_model).gallery is None


@pytest.mark.parametrize("name", ["card.json", "model.tflite", "gallery.npz"])
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "one bit", "link", "folder"])
def test_damage_is_refused_by_name(package: Path, name: str, damage: str) -> None:
    path = package / name
    data = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "half":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "one bit":
        path.write_bytes(data[:9] + bytes([data[9] ^ 0x80]) + data[10:])
    elif damage == "link":
        (package.parent / "elsewhere").write_bytes(data)
        path.symlink_to(package.parent / "elsewhere")
    elif damage == "folder":
        path.mkdir()
    with pytest.raises(ModelPackageError, match=name) as error:
        ModelPackage.load(package)
    assert str(package) in str(error.value)


@pytest.mark.parametrize("name", ["run.py", "model.pkl", ".hidden", "gallery.npz.bak"])
def test_a_file_that_nobody_named_is_refused(package: Path, name: str) -> None:
    (package / name).write_text("import os")
    with pytest.raises(ModelPackageError, match=f"unexpected files: {name}"):
        ModelPackage.load(package)


def test_a_card_may_not_name_other_files(package: Path) -> None:
    script = b"import os"
    (package / "run.py").write_bytes(script)
    _change_card(package, lambda c: c["files"].update({"run.py": hashlib.sha256(script).hexdigest()}))
    with pytest.raises(ModelPackageError, match=r"lists the files .*run\.py"):
        ModelPackage.load(package)
    _change_card(package, lambda c: c["files"].pop("model.tflite"))
    with pytest.raises(ModelPackageError, match="lists the files"):
        ModelPackage.load(package)


def test_no_folder_and_a_file_instead_of_one(tmp_path: Path) -> None:
    with pytest.raises(ModelPackageError, match="no such folder"):
        ModelPackage.load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelPackageError, match="no such folder"):
        ModelPackage.load(tmp_path / "file")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(format=9), "format is 9"),
        (lambda c: c["preprocessing"].update(version=9), "preprocessing version 9"),
        (lambda c: c["preprocessing"].update(size=64), "input size 64, but the model takes 32"),
        (
            lambda c: (c["classes"].append("grey"), c["thresholds"].update(grey=0.5)),
            "names 4 classes, .* has 3",
        ),
        (lambda c: c["thresholds"].update(red=float("nan")), "threshold nan"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    package: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    _change_card(package, change)
    with pytest.raises(ModelPackageError, match=complaint):
        ModelPackage.load(package)


def _float_input() -> bytes:
    graph = GraphWriter("takes float")
    x = graph.picture_input("image", 32)
    floats = graph.cast_to_float(x)
    graph._inputs["image"] = floats  # the graph now begins behind the cast
    graph._operators.clear()
    mean = graph.average_over_picture(floats, "logits")
    return graph.finish({"logits": mean})


def _no_logits() -> bytes:
    graph = GraphWriter("no logits")
    mean = graph.average_over_picture(graph.cast_to_float(graph.picture_input("image", 32)), "scores")
    return graph.finish({"scores": mean})


def _flat_output() -> bytes:
    graph = GraphWriter("a picture for an answer")
    return graph.finish({"logits": graph.cast_to_float(graph.picture_input("image", 32))})


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (b"not a model", "LiteRT cannot open"),
        (_float_input(), "input is float32 instead of uint8"),
        (_no_logits(), r"no output 'logits', only \['scores'\]"),
        (_flat_output(), r"output 'logits' is float32 \[1, 32, 32, 3\]"),
    ],
)
def test_a_model_of_another_form_is_refused_before_anything_is_written(
    tmp_path: Path, colour_card: ModelCard, model: bytes, complaint: str
) -> None:
    with pytest.raises(ModelPackageError, match=complaint):
        write_package(tmp_path / "c", colour_card, model)
    assert not list(tmp_path.iterdir())


def test_a_model_cut_in_half_is_refused_even_if_its_card_agrees(package: Path, colour_model: bytes) -> None:
    half = colour_model[: len(colour_model) // 2]
    (package / "model.tflite").write_bytes(half)
    _change_card(package, lambda c: c["files"].update({"model.tflite": hashlib.sha256(half).hexdigest()}))
    with pytest.raises(ModelPackageError, match="LiteRT cannot open"):
        ModelPackage.load(package)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labels": ("red",)}, "1 labels"),
        ({"labels": ("red", "red", "green", "Berta")}, "Berta"),
        ({"embeddings": np.zeros((4, 5), dtype=np.float32)}, r"\(4, 5\)"),
        ({"embeddings": np.full((4, 3), np.nan, dtype=np.float32)}, "not finite"),
    ],
)
def test_a_gallery_that_does_not_fit_is_refused(
    tmp_path: Path,
    colour_card: ModelCard,
    colour_model: bytes,
    gallery: Gallery,
    change: dict[str, Any],
    complaint: str,
) -> None:
    parts = {"embeddings": gallery.embeddings, "labels": gallery.labels} | change
    with pytest.raises(ModelPackageError, match=complaint):
        write_package(tmp_path / "c", colour_card, colour_model, Gallery(**parts))


def test_a_gallery_with_a_pickle_inside_is_refused(package: Path) -> None:
    path = package / "gallery.npz"
    hostile = np.array([print], dtype=object)
    with path.open("wb") as file:
        np.savez(file, embeddings=hostile, labels=hostile)
    assert pickle.loads(pickle.dumps(hostile)) is not None
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    _change_card(package, lambda c: c["files"].update({"gallery.npz": digest}))
    with pytest.raises(ModelPackageError, match="allow_pickle=False"):
        ModelPackage.load(package)


def test_a_package_is_never_overwritten(package: Path, colour_card: ModelCard, colour_model: bytes) -> None:
    before = (package / "card.json").read_bytes()
    with pytest.raises(ModelPackageError, match="exists already"):
        write_package(package, colour_card, colour_model)
    assert (package / "card.json").read_bytes() == before


def test_a_place_where_nothing_can_be_written(
    tmp_path: Path, colour_card: ModelCard, colour_model: bytes
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelPackageError, match="cannot be written"):
        write_package(tmp_path / "file" / "c", colour_card, colour_model)


def test_another_input_size(tmp_path: Path, make_card_with: CardWith, colour_model: bytes) -> None:
    with pytest.raises(ModelPackageError, match="input size 48, but the model takes 32"):
        write_package(tmp_path / "c", make_card_with(preprocessing=Preprocessing(size=48)), colour_model)


def _change_card(package: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = package / "card.json"
    card = json.loads(path.read_text())
    change(card)
    path.write_text(json.dumps(card))
