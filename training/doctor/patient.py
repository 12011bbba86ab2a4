"""Runs a stranger's Keras script as Python would, with every `fit` under the doctor's eyes."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from training.doctor.finding import Finding, in_order, note

if TYPE_CHECKING:
    from training.doctor.examine import Visit

_MOST_VISITS = 20
"""Different models, or models compiled anew, that are examined in one script."""


@dataclass
class Practice:
    """All visits of one script. ``unlike``: why nothing could be watched, if so."""

    visits: dict[tuple[int, int], Visit] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)  # so that no id is used twice
    fits: int = 0
    unlike: str | None = None

    def findings(self) -> list[Finding]:
        found = in_order(finding for visit in self.visits.values() for finding in visit.findings)
        if self.fits or found:
            return found
        return [
            note(
                "never-fit",
                "script",
                self.unlike or "keras.Model.fit was not called: nothing was examined",
                "Train with model.fit; a loop of one's own is not watched.",
            )
        ]


def run_script(script: Path, arguments: Sequence[str], practice: Practice) -> int:
    """The exit status that the script would have had. Its traceback, if any, goes to stderr as usual."""
    before = sys.argv, sys.path[:]
    sys.argv = [str(script), *arguments]
    sys.path[0] = str(script.resolve().parent)
    try:
        with _keras_watched(practice):
            runpy.run_path(str(script), run_name="__main__")
    except SystemExit as leaving:
        return _status(leaving)
    except KeyboardInterrupt:
        traceback.print_exc()
        return 130
    except BaseException as failure:  # noqa: BLE001 - a script may raise anything, and Python then prints it
        _print_as_python_would(failure, script)
        return 1
    finally:
        sys.argv, sys.path[:] = before[0], before[1]
    return 0


def _status(leaving: SystemExit) -> int:
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code
    sys.stderr.write(f"{leaving.code}\n")
    return 1


def _print_as_python_would(failure: BaseException, script: Path) -> None:
    """Without the frames of ours that called the script."""
    frames = failure.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename) != script:
        frames = frames.tb_next
    traceback.print_exception(failure.with_traceback(frames or failure.__traceback__))


@contextmanager
def _keras_watched(practice: Practice) -> Iterator[None]:
    """Patches `fit` as soon as the script has imported Keras: its settings for TensorFlow come first."""
    undo: list[Callable[[], None]] = []

    def loaded(keras: ModuleType) -> None:
        undo.append(watch_fit(keras, practice))

    if "keras" in sys.modules:
        loaded(sys.modules["keras"])
    finder = _WhenLoaded("keras", loaded)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for back in undo:
            back()


class _WhenLoaded(importlib.abc.MetaPathFinder):
    """Calls back when a module has been loaded by whoever wants it first."""

    def __init__(self, name: str, loaded: Callable[[ModuleType], None]) -> None:
        self._name, self._loaded = name, loaded
        self._looking = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name or self._looking:
            return None
        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        loader = None if spec is None else spec.loader
        if spec is None or not isinstance(loader, importlib.abc.Loader):
            return spec
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self._loaded(module)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def watch_fit(keras: ModuleType, practice: Practice) -> Callable[[], None]:
    """Lets the doctor see every call of `keras.Model.fit`; call what it returns to stop that."""
    if keras.backend.backend() != "tensorflow":
        practice.unlike = f"the backend is {keras.backend.backend()}: only TensorFlow's is watched"
        return lambda: None
    original = keras.Model.fit
    signature = inspect.signature(original)
    inside = False

    @functools.wraps(original)
    def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal inside
        practice.fits += not inside
        if inside or not _can_be_watched(signature, model, args, kwargs):
            return original(model, *args, **kwargs)
        inside = True
        try:
            return _watched(original, signature.bind(model, *args, **kwargs), practice)
        finally:
            inside = False

    keras.Model.fit = fit

    def back() -> None:
        keras.Model.fit = original

    return back


def _can_be_watched(signature: inspect.Signature, model: Any, args: Any, kwargs: Any) -> bool:
    """Otherwise Keras may complain as it would."""
    try:
        bound = signature.bind(model, *args, **kwargs)
    except TypeError:
        return False
    callbacks = bound.arguments.get("callbacks")
    listed = callbacks is None or isinstance(callbacks, (list, tuple)) or not hasattr(callbacks, "append")
    return bool(getattr(model, "compiled", False)) and bound.arguments.get("x") is not None and listed


def _watched(original: Callable[..., Any], bound: inspect.BoundArguments, practice: Practice) -> Any:
    from training.doctor.examine import Visit

    model = next(iter(bound.arguments.values()))
    key = (id(model), id(model.optimizer))
    before = practice.visits.get(key)
    if before is None and len(practice.visits) >= _MOST_VISITS:
        return original(*bound.args, **bound.kwargs)
    practice.kept += [model, model.optimizer]
    visit = Visit(model, bound.arguments, before)
    practice.visits[key] = visit
    bound.arguments["x"] = visit.x
    given = bound.arguments.get("callbacks")
    callbacks = list(given) if isinstance(given, (list, tuple)) else [] if given is None else [given]
    bound.arguments["callbacks"] = [*callbacks, visit.callback]
    failure: BaseException | None = None
    try:
        return original(*bound.args, **bound.kwargs)
    except BaseException as raised:
        failure = raised
        raise
    finally:
        visit.finish(failure)
