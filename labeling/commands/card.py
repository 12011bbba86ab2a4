"""`coop label card`: the data card as text, JSON and a figure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from coop.errors import OutputError
from coop.settings import Settings
from coop.store.store import Store
from labeling.card.figure import card_png
from labeling.card.missing import what_is_missing
from labeling.card.numbers import Card, as_json, data_card


def run_card(
    store: Store, name: str, settings: Settings, console: Console, *, png: Path | None, json_wanted: bool
) -> None:
    """Show a task's data card, and write its figure where asked."""
    task = store.task(name)
    card = data_card(task, store.survey(name), settings.zone)
    missing = what_is_missing(card)
    if png is not None:
        try:
            png.write_bytes(card_png(card, missing))
        except OSError as error:
            raise OutputError(
                png, f"it cannot be written ({error.strerror})", "Name a file that can be"
            ) from None
    if json_wanted:
        sys.stdout.write(json.dumps(as_json(card, missing), ensure_ascii=False) + "\n")
        return
    _tell(card, missing, console)
    if png is not None:
        console.print(f"Wrote {png}", markup=False, highlight=False, soft_wrap=True)


def _tell(card: Card, missing: tuple[str, ...], console: Console) -> None:
    head = f"{card.title}: {card.labelled} of {card.pictures} pictures labelled, in {card.visits} visits"
    console.print(head, markup=False, highlight=False, soft_wrap=True)
    table = Table("class", box=None, pad_edge=False)
    for column in ("pictures", "visits", "days", "cameras"):
        table.add_column(column, justify="right")
    for of in card.classes:
        table.add_row(of.name, f"{of.pictures}", f"{of.visits}", f"{of.days}", f"{of.cameras}")
    console.print(table)
    for sentence in missing:
        console.print(f"• {sentence}", markup=False, highlight=False, soft_wrap=True)
