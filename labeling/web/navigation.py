"""The pages that every page leads to. A part that adds a page of its own adds a line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """``path`` is followed by the task; ``about`` is what its link says when pointed at."""

    path: str
    name: str
    about: str


NAVIGATION: tuple[Place, ...] = (
    Place("/visits", "Visits", "Label visit by visit"),
    Place("/grid", "Grid", "Find pictures, and label many at once"),
    Place("/picture", "One by one", "Single pictures, for careful work"),
    Place("/clusters", "Clusters", "Similar pictures, named together"),
    Place("/quality", "Quality", "How good labels, people and model are"),
    Place("/card", "Data card", "What there is, and what is missing"),
    Place("/tasks", "Classes", "Tasks and their classes"),
)
