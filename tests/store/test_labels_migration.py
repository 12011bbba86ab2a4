"""Labels from before the labelling tool are there when it comes: the newest of each picture holds."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from coop.store import schema
from coop.store.engine import Begin, beginning, open_engine
from coop.store.store import Store

PICTURE = (
    "INSERT INTO pictures (key, kind, path, sha256, bytes, camera, time, width, height) VALUES "
    "('p1', 'crop', 'p1.jpg', 'x', 1, 'run', '2026-05-01 12:00:00.000000', 1, 1)"
)
LABEL = (
    "INSERT INTO labels (picture, task, value, who, at, how) VALUES "
    "('p1', 'kinds', '{}', 'Anna', '2026-05-01 12:00:00.000000', 'picture')"
)


def test_the_newest_label_of_each_picture_is_current_after_the_upgrade(
    empty_url: str, media_dir: Path
) -> None:
    engine = open_engine(empty_url)
    with beginning(engine, Begin.SCHEMA).begin() as connection:
        schema.migrate(connection, "0001")
        connection.execute(text(PICTURE))
        for value in ("cat", "hen"):
            connection.execute(text(LABEL.format(value)))
    engine.dispose()
    with Store.open(empty_url, media_dir) as store:
        assert store.current_labels("kinds") == {"p1": "hen"}
        assert [label.value for label in store.labels()] == ["cat", "hen"]
