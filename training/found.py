"""What a search found for a task: kept in the data folder, used by the next training, and easy to drop."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from coop.errors import CoopError

LIMITS: dict[str, tuple[float, float]] = {
    "rate": (1e-5, 1e-2),
    "head_rate": (1e-4, 1e-1),
    "decay": (0.0, 0.5),
    "smoothing": (0.0, 0.5),
    "dropout": (0.0, 0.8),
    "strength": (0.0, 4.0),
    "frozen": (0, 16),
}
"""The settings that a search may change, and what they may be at all."""

Settings = TypeVar("Settings")


class FoundSettingsError(CoopError, ValueError):
    """A file of found settings that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """``settings`` by name; ``about``: how they were found, for people and programs."""

    settings: dict[str, float]
    about: dict[str, object] = field(default_factory=dict)

    def applied(self, plan: Settings) -> Settings:
        """The plan with what was found in it."""
        return replace(plan, **self.settings)  # type: ignore[type-var]

    @property
    def sentence(self) -> str:
        return ", ".join(f"{name} {value:.3g}" for name, value in sorted(self.settings.items()))


def folder_of(models: Path) -> Path:
    """Where searches keep what they tried and found, beside the model packages."""
    return models.parent / "searches"


def file_of(models: Path, task: str) -> Path:
    return folder_of(models) / f"{task}.json"


def journal_of(models: Path, task: str) -> Path:
    """Every trial of a task's searches, so that a search that was stopped goes on."""
    return folder_of(models) / f"{task}.journal"


def read_found(file: Path) -> Found | None:
    """What was found; None where nothing was. Raises FoundSettingsError for a file that is damaged."""
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        settings = {str(name): read["settings"][name] for name in read["settings"]}
        about = dict(read["about"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, f"it cannot be read ({error})") from None
    for name, value in settings.items():
        low, high = LIMITS.get(name, (1, 0))
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            allowed = f"from {low} to {high}" if name in LIMITS else f"of {', '.join(LIMITS)}"
            raise _damaged(file, f"{name} = {value!r} is none {allowed}")
    return Found(settings=settings, about=about)


def write_found(file: Path, found: Found) -> None:
    """Whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    part.replace(file)


def drop_found(models: Path, task: str) -> bool:
    """Forget what was found, and every trial. False where there was nothing."""
    files = [file_of(models, task), journal_of(models, task)]
    there = [file for file in files if file.exists()]
    for file in there:
        file.unlink()
    return bool(there)


def _damaged(file: Path, problem: str) -> FoundSettingsError:
    return FoundSettingsError(f"{file}: {problem}. Search again, or forget it: coop train TASK --drop-search")
