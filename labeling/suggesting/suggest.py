"""Keeps the suggestions and the order of a task up to date. Runs in a process of its own, at low priority."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from coop.classify.package import ModelPackage
from coop.classify.starter import ensure_starter
from coop.domain.survey import Surveyed
from coop.domain.task import SKIP, Task
from coop.store.store import Store
from labeling.suggesting.embeddings import EmbeddingCache, fill
from labeling.suggesting.head import QUICK, Learns, Lesson, chances, lesson
from labeling.suggesting.lots import lots
from labeling.suggesting.model import Eye, answer, best_two, load_speaker, meanings
from labeling.suggesting.order import Shares, scores

Report = Callable[[str, int, int], None]
"""Hears what is being done, how many are done, and of how many."""

_LOT = 256
_LOTS_BETWEEN_RANKING = 20
"""Of a hundred thousand pictures the last is looked at an hour after the first: the order must not wait."""
_GROWN = 1.2
"""A quick head learns anew when there are so many times the labels it learned from."""
_ALSO_LABELLED = (None, SKIP)
"""Only these get new suggestions: the audit needs what the model said of a picture before its label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where things are, and how a quick head learns."""

    models_dir: Path
    cache_dir: Path
    learn: Learns
    active: Path | None
    shares: Shares
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """``model`` speaks for the task (None: nothing does yet).

    ``suggested``: so many suggestions are new. ``moved``: so many visits have another turn.
    """

    model: str | None
    suggested: int
    moved: int
    unreadable: int


def suggest(store: Store, task: Task, parts: Parts, report: Report) -> Done:
    """Make what suggestions are missing or stale, and set whose turn it is. May be broken off anywhere."""
    lines = store.survey(task.name)
    speaker = load_speaker(task, parts.active, parts.models_dir)
    if speaker is not None:
        model: str | None = speaker.card.model
        made, unreadable = _ask(store, task, parts, speaker, _stale(lines, speaker.card.model), report)
    else:
        model, made, unreadable = _ask_head(store, task, parts, lines, report)
    moved = rank(store, task, parts.shares, parts.zone)
    return Done(model=model, suggested=made, moved=moved, unreadable=unreadable)


def rank(store: Store, task: Task, shares: Shares, zone: tzinfo) -> int:
    """Set the turn of each visit; returns how many changed. Written in small lots, which hold up nobody."""
    changed = scores(store.survey(task.name), store.turns(task.name), task, shares, zone)
    for some in lots(list(changed.items()), _LOT):
        store.score_visits(task.name, dict(some))
    return len(changed)


def embeddings(
    eye: Eye, parts: Parts, lines: Sequence[Surveyed], report: Report
) -> tuple[EmbeddingCache, tuple[Surveyed, ...]]:
    """The cache with every readable picture in it, and those pictures."""
    cache = EmbeddingCache(parts.cache_dir, eye.card.model)
    wanted = [(line.picture, line.file) for line in lines]
    lacking = cache.missing(key for key, _ in wanted)
    if lacking:
        missing = set(lacking)
        todo = [entry for entry in wanted if entry[0] in missing]
        for done in fill(cache, todo, eye.embed):
            report("Looking at pictures", done, len(todo))
    gone = set(cache.missing(key for key, _ in wanted))
    return cache, tuple(line for line in lines if line.picture not in gone)


def embedding_model(parts: Parts) -> Eye:
    """Whose embeddings serve a task: the active package where it gives any, else the starter."""
    if parts.active is not None:
        eye = Eye(ModelPackage.load(parts.active))
        if eye.gives_embedding:
            return eye
    return Eye(ModelPackage.load(ensure_starter(parts.models_dir)))


def lower_priority() -> None:
    """Let everything else on the machine go first."""
    os.nice(10)


def _stale(lines: Iterable[Surveyed], model: str) -> list[Surveyed]:
    return [line for line in lines if line.value in _ALSO_LABELLED and line.model != model]


def _ask(
    store: Store, task: Task, parts: Parts, eye: Eye, lines: Sequence[Surveyed], report: Report
) -> tuple[int, int]:
    """Ask a model package; its embeddings are kept on the way, since they come for nothing."""
    meaning = meanings(eye.card, task)
    cache = EmbeddingCache(parts.cache_dir, eye.card.model)
    made = unreadable = 0
    for number, some in enumerate(lots(lines, _LOT)):
        if number and number % _LOTS_BETWEEN_RANKING == 0:
            rank(store, task, parts.shares, parts.zone)
        found, kept = [], {}
        for line in some:
            seen = eye.look(line.file)
            if seen is None:
                unreadable += 1
                continue
            found.append(answer(eye.card, task, meaning, seen[0]).suggestion(line.picture, eye.card.model))
            if seen[1] is not None:
                kept[line.picture] = seen[1]
            made += 1
            report("Asking the model", made, len(lines))
        cache.add({key: kept[key] for key in cache.missing(kept)})
        store.suggest(task.name, found)
    cache.compact()
    return made, unreadable


def _ask_head(
    store: Store, task: Task, parts: Parts, lines: Sequence[Surveyed], report: Report
) -> tuple[str | None, int, int]:
    taught = lesson(lines, task)
    if not taught.is_enough:
        return None, 0, 0
    eye = embedding_model(parts)
    cache, readable = embeddings(eye, parts, lines, report)
    unreadable = len(lines) - len(readable)
    model = _model_name(lines, taught)
    stale = _stale(readable, model)
    if not stale:
        return model, 0, unreadable
    there = {line.picture for line in readable}
    rows = [n for n, picture in enumerate(taught.pictures) if picture in there]
    known = Lesson(*(tuple(c[n] for n in rows) for c in (taught.pictures, taught.values, taught.visits)))
    if not known.is_enough:
        return None, 0, unreadable
    head = parts.learn(cache.get(known.pictures), known.values, known.visits)
    made = 0
    for some in lots(stale, _LOT):
        p = chances(head, cache.get([line.picture for line in some]))
        store.suggest(
            task.name,
            [
                best_two(head.classes, row).suggestion(line.picture, model)
                for line, row in zip(some, p, strict=True)
            ],
        )
        made += len(some)
        report("Suggesting", made, len(stale))
    return model, made, unreadable


def _model_name(lines: Sequence[Surveyed], taught: Lesson) -> str:
    """The quick head's: the one before still counts until there is a fifth more to learn from."""
    before = max((_learned_from(line.model) for line in lines), default=0)
    pictures = len(taught.pictures)
    return f"{QUICK} {before}" if before <= pictures < before * _GROWN else taught.model


def _learned_from(model: str | None) -> int:
    name, _, version = (model or "").rpartition(" ")
    return int(version) if name == QUICK and version.isdigit() else 0
