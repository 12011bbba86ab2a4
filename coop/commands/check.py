"""`coop check` on the real things: database, models, cameras, token."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from coop.assembly import camera_source, first_frame, utc_now
from coop.check import Check, run_checks, settings_failed
from coop.errors import SettingsError
from coop.models import Models, active_package
from coop.places import open_store
from coop.settings import Settings, load_settings
from coop.tuning import LEAST_MEMORY_GIB, TRAIN_EXTRA, has_train_extra, memory_gib

SYSTEMD = Path("/run/systemd/system")
UNIT = Path("/etc/systemd/system/coop.service")


def check_everything(path: Path | None) -> list[Check]:
    """Try everything that the settings at ``path`` name."""
    try:
        settings = load_settings(path)
    except SettingsError as error:
        return settings_failed(error)
    checks = run_checks(
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
    if any(check.name == "database" and check.ok for check in checks):
        checks.append(nightly_check(settings))
    return checks


def timer_state() -> str | None:
    """What systemd says of the timer; None where the watch is no service of this machine."""
    if not (SYSTEMD.is_dir() and UNIT.exists()):
        return None
    command = ["systemctl", "is-enabled", "coop-nightly.timer"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "not installed"


def nightly_check(
    settings: Settings,
    *,
    able: Callable[[], bool] = has_train_extra,
    memory: Callable[[], float] = memory_gib,
    timer: Callable[[], str | None] = timer_state,
) -> Check:
    """Whether the nightly training can run, who starts it, and what there is to learn."""
    name, tasks = "nightly training", settings.training.tasks
    if not tasks:
        return Check(name=name, ok=True, found="switched off: training.tasks is empty")
    state = timer()
    if state not in (None, "enabled"):
        remedy = "sudo systemctl enable --now coop-nightly.timer"
        return Check(name=name, ok=False, found=f"coop-nightly.timer is {state}", remedy=remedy)
    with open_store(settings) as store:
        known = {task.name for task in store.tasks()}
        due = [f"{task} {store.new_labels(task)}" for task in tasks if task in known]
    when = f"{settings.schedule.training:%H:%M} by `coop run`" if state is None else "by coop-nightly.timer"
    labels = (
        f"new labels: {', '.join(due)}, of {settings.training.new_labels} worth a training" if due else ""
    )
    found = f"{when}; {labels or 'nothing is labelled yet'}"
    remedy = ""
    if not able():
        remedy = f"Only the head of the network is learned. To tune all of it: {TRAIN_EXTRA}"
    elif memory() < LEAST_MEMORY_GIB:
        remedy = (
            f"Only the head of the network is learned: tuning wants {LEAST_MEMORY_GIB:g} GiB of memory, this "
            f"box has {memory():.1f}. `coop train` on a larger one, then `coop model install`"
        )
    return Check(name=name, ok=True, found=found, remedy=remedy)


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
