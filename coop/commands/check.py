"""`coop check` on the real things: database, models, cameras, token."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from coop.assembly import camera_source, first_frame, utc_now
from coop.check import Check, run_checks, settings_failed
from coop.errors import SettingsError
from coop.models import Models, active_package
from coop.places import open_store
from coop.settings import Settings, load_settings


def check_everything(path: Path | None) -> list[Check]:
    """Try everything that the settings at ``path`` name."""
    try:
        settings = load_settings(path)
    except SettingsError as error:
        return settings_failed(error)
    return run_checks(
        settings,
        open_store=lambda: _open_store(settings),
        grab_frame=lambda name, camera: first_frame(
            camera_source(name, camera, settings, fps=camera.fps), name
        ),
        get_me=lambda: _bot_name(settings),
        load_models=lambda: _load_models(settings),
        now=utc_now(),
        free_bytes=lambda folder: shutil.disk_usage(folder).free,
    )


def _open_store(settings: Settings) -> str:
    with open_store(settings) as store:
        store.check()
        return store.where


def _bot_name(settings: Settings) -> str:
    from coop.notify.telegram.messenger import bot_username

    token = settings.telegram.token
    if token is None:
        return "no token"
    return "@" + asyncio.run(bot_username(token.get_secret_value(), settings.telegram.base_url))


def _load_models(settings: Settings) -> str:
    with open_store(settings) as store:
        models = Models(settings, active_package(store, settings))
        models.refresh()
    if models.problems:
        raise models.problems[0]
    return models.names or "none: movement only"
