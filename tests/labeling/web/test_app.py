"""The application before anybody asks it."""

from __future__ import annotations

from pathlib import Path

from fakes.page import Clock, browser, page_app

from coop.store.store import Store
from labeling.web.app import TEMPLATES, warm_up


def test_every_template_is_compiled_before_the_first_visitor(store: Store, tmp_path: Path) -> None:
    app = page_app(store, tmp_path / "cache", Clock())
    environment = app.state.site.templates.env
    assert not environment.cache
    warm_up(app)
    compiled = {name for _, name in environment.cache}
    assert compiled == {path.name for folder in TEMPLATES for path in folder.glob("*.html")}
    assert browser(app).get("/static/style.css").status_code == 200
